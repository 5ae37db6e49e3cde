"""Values as a JSON Schema's types ask for them: numbers, dates, truths, lists, objects."""

import re
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal

from price_parser import Price
from pydantic import JsonValue

from inference.decisions import FieldValue
from inference.extract.dates import parse_date
from inference.extract.kinds import PRICE
from inference.extract.words import plain
from plans.record_schema import Schema, resolved, rule_types

_FIGURE = re.compile(
    r"(?<![\w.,])([-−+]?)\s?(?:[^\w\s.,+−-]\s?)?(\d[\d.,'’\s]*)(\s?(?:[kKmM]|bn)\b)?"
)
_OUT_OF = re.compile(r"\s*(?:/|out of|of|von|sur|de|su)\s*\d+(?:\s?\w+)?\s*$", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)")
_MULTIPLES = {"k": 1_000, "m": 1_000_000, "bn": 1_000_000_000}
_TRUE = frozenset({"yes", "true", "ja", "oui", "si", "sim", "on", "included", "available", "y"})
_FALSE = frozenset({"no", "false", "nein", "non", "nao", "off", "not included", "n", "none", "nee"})
SYMBOLS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "Fr.": "CHF"}
PARTS = re.compile(r"\s*(?:[;\n•·|]|,(?=\s))\s*")
_TWO_WAYS = re.compile(r"^[1-9]\d{0,2}[.,]\d{3}$")
_POINT = frozenset({"en", "ja", "zh", "ko", "he", "th", "hi"})
_COMMA = frozenset(
    {"de", "fr", "es", "it", "nl", "pt", "pl", "cs", "sk", "sl", "hr", "da", "sv", "nb", "nn"}
    | {"no", "fi", "ru", "uk", "tr", "el", "ro", "hu", "bg", "sr", "id"}
)
"""Languages that write fractions with a point, and with a comma."""
_AMOUNTS = frozenset({"amount", "value", "price"})


class Unreadable(ValueError):
    """A text does not hold a value of the type that is asked for; says why."""


def typed(schema: Schema, rule: Schema, text: str, lang: str = "") -> JsonValue:
    """A field's text as the JSON value that its rule asks for.

    Args:
        schema: the whole schema, for references.
        rule: the field's rule.
        text: the value as the page shows it.
        lang: the page's language, for dates in figures.

    Raises:
        Unreadable: there is no such value in the text.
    """
    if (member := _member(rule, text)) is not None:
        return member
    kinds = sorted(rule_types(rule) or ("string",), key=lambda kind: kind == "string")
    for kind in kinds[:-1]:
        with suppress(Unreadable):
            return _as(kind, schema, rule, text, lang)
    return _as(kinds[-1], schema, rule, text, lang)


def _as(kind: str, schema: Schema, rule: Schema, text: str, lang: str) -> JsonValue:
    match kind:
        case "integer":
            return _integer(text, lang)
        case "number":
            return _number(text, lang)
        case "boolean":
            return _truth(text)
        case "array":
            items = resolved(schema, rule.get("items", {}))
            return [typed(schema, items, part, lang) for part in PARTS.split(text) if part.strip()]
        case "object":
            return _object(schema, rule, text, lang)
        case _:
            return _string(rule, text, lang)


def number_in(text: str, lang: str = "") -> Decimal:
    """The one number of a text: "12.500 €", "1,284", "12.4K followers", "4.4 out of 5".

    A small "m" is a million beside a currency ("$1.2m"), else metres.

    `lang`, the page's language, tells what "1.234" is: a thousand in German, a fraction in
    English; without one, or with a currency beside it, it is read as a thousand.

    Raises:
        Unreadable: it has none or several.
    """
    bare = _ASIDE.sub(" ", text) if re.search(r"\d", _ASIDE.sub(" ", text)) else text
    bare = _OUT_OF.sub("", bare)
    found = list(_FIGURE.finditer(bare))
    if len(found) != 1:
        raise Unreadable("holds no number" if not found else "holds more than one number")
    sign, digits, multiple = found[0][1], found[0][2].strip(), (found[0][3] or "").strip()
    point = None if Price.fromstring(bare).currency else _point(digits, lang)
    amount = Price.fromstring(re.sub(r"['’\s]", "", digits), decimal_separator=point).amount
    if amount is None:
        raise Unreadable("holds no number")
    if multiple != "m" or PRICE.search(bare):
        amount *= _MULTIPLES.get(multiple.casefold(), 1)
    return -amount if sign in ("-", "−") else amount


def _point(digits: str, lang: str) -> str | None:
    """The decimal sign of a figure that could be read in two ways; None for any other."""
    match = _TWO_WAYS.match(digits)
    known = lang.casefold().split("-")[0]
    if match is None or not known:
        return None
    if known in _POINT:
        return "."
    return "," if known in _COMMA else None


def unreadable(found: FieldValue, reason: str) -> FieldValue:
    """The field without a value, and why in its evidence; what was read stays in `raw`."""
    raw = found.raw or found.value or ""
    return found.model_copy(update={"value": None, "raw": raw, "note": reason})


def _integer(text: str, lang: str) -> int:
    amount = number_in(text, lang)
    if amount != amount.to_integral_value():
        raise Unreadable(f"{amount} is no whole number")
    return int(amount)


def _number(text: str, lang: str) -> int | float:
    amount = number_in(text, lang)
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _truth(text: str) -> bool:
    words = plain(text)
    if words in _TRUE or text.strip() in ("✓", "✔", "☑"):
        return True
    if words in _FALSE or text.strip() in ("✗", "✘", "☐", "×"):
        return False
    raise Unreadable("says neither yes nor no")


def _string(rule: Schema, text: str, lang: str) -> str:
    if rule.get("format") == "date" and (day := parse_date(text, lang)) is not None:
        return day.isoformat()
    return text


def _object(schema: Schema, rule: Schema, text: str, lang: str) -> dict[str, JsonValue]:
    """An amount with its currency: the one object that a single text can be read as."""
    properties = rule.get("properties")
    rules = properties if isinstance(properties, Mapping) else {}
    amount = next((name for name in rules if plain(name) in _AMOUNTS), None)
    if amount is None:
        raise Unreadable("is one text, not an object")
    value: dict[str, JsonValue] = {
        amount: typed(schema, resolved(schema, rules[amount]), text, lang)
    }
    if "currency" in rules:
        shown = Price.fromstring(text).currency
        value["currency"] = SYMBOLS.get(shown or "", shown)
    return {name: part for name, part in value.items() if part is not None}


def _member(rule: Schema, text: str) -> JsonValue:
    """The member of an enumeration that a text is, whatever its case and spaces."""
    members = rule.get("enum")
    members = members if isinstance(members, list) else [rule["const"]] if "const" in rule else []
    wanted = plain(text)
    return next((m for m in members if isinstance(m, str) and plain(m) == wanted), None)
