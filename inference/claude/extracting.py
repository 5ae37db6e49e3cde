"""What the fields of a page's record, or of each record of its list, hold."""

from typing import Final

from pydantic import JsonValue

from inference.asking import ExtractAsk, Extracted
from inference.claude.page import MOST_ELEMENTS, escaped, line, page_block
from inference.claude.prompt import Block, Prompt, picture_block, picture_tokens, text_block, user
from inference.claude.reading import read
from inference.claude.sending import Sent
from inference.claude.wording import question, system
from inference.settings import ModelSettings
from plans.json_text import canonical_json
from plans.record_schema import property_rules
from plans.step import ExtractField, Frozen

_MOST_TEXT: Final = 60_000
_LITTLE_TEXT: Final = 200
"""Characters. A page of less shows what it shows in pictures."""
_TOKENS_A_VALUE: Final = 60
_FEWEST_TOKENS: Final = 2048
_MOST_TOKENS: Final = 16_000
_MOST_FREE_FIELDS: Final = 60
_MOST_RECORDS: Final = 200
_RULES: Final = ("description", "enum", "format", "type", "items")
_LONGEST_RULE: Final = 300


class _Value(Frozen):
    field: str
    value: str


class _Record(Frozen):
    values: tuple[_Value, ...]


class _Answer(Frozen):
    records: tuple[_Record, ...]


def wanted(ask: ExtractAsk) -> tuple[ExtractField, ...]:
    """The fields that Claude is asked for: those that are not known already."""
    return tuple(field for field in ask.fields if field.name not in ask.known)


def extract_schema(ask: ExtractAsk) -> Block:
    """The form of the answer: values by field, and fields that the page does not say left out.

    Pairs instead of an object with a property a field: the API takes few optional properties.
    """
    names: list[JsonValue] = [field.name for field in wanted(ask)]
    name: Block = {"type": "string", "enum": names} if names else {"type": "string"}
    value = _object({"field": name, "value": {"type": "string"}})
    record = _object({"values": {"type": "array", "items": value}})
    return _object({"records": {"type": "array", "items": record}})


def extract_prompt(ask: ExtractAsk, settings: ModelSettings) -> Prompt:
    """The question as it is sent; with the picture only where the page has next to no text."""
    look = ask.look
    fields = wanted(ask)
    linked = any(
        field.type == "url" or "url" in field.name or "link" in field.name for field in fields
    )
    links = [one for one in look.elements if one.href][:MOST_ELEMENTS] if linked else []
    drawn = look.picture if len(look.text.strip()) < _LITTLE_TEXT else None
    text = question(
        "extract_question",
        page=page_block(look, links=links, most_text=_MOST_TEXT),
        intent=escaped(ask.intent),
        records=_which(ask),
        fields="\n".join(_field_line(ask, field) for field in fields)
        or f"- whatever the page says of it under a label, {_MOST_FREE_FIELDS} at most; `field` is"
        " the label in snake case",
        known=_known(ask),
    )
    values = max(1, len(fields) or _MOST_FREE_FIELDS) * (_records(ask))
    return Prompt(
        model=settings.claude_model,
        system=system("extract"),
        messages=(user(*([picture_block(drawn)] if drawn else []), text_block(text)),),
        max_tokens=min(_MOST_TOKENS, max(_FEWEST_TOKENS, 512 + values * _TOKENS_A_VALUE)),
        schema=extract_schema(ask),
        sizes={drawn.key: picture_tokens(drawn)} if drawn else {},
    )


def extracted(ask: ExtractAsk, sent: Sent) -> Extracted:
    """The values by field, in the order asked for; None where the answer has none.

    Raises:
        Malformed: the answer is of another form.
    """
    answer = read(_Answer, sent)
    names = [field.name for field in wanted(ask)]
    lists = {field.name for field in wanted(ask) if field.type == "list"}
    records = (_by_field(record, names, lists) for record in answer.records[: _records(ask)])
    return Extracted(records=tuple(one for one in records if any(one.values())))


def _by_field(record: _Record, names: list[str], lists: set[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(names)
    for pair in record.values:
        value = pair.value.replace("&lt;", "<").strip()
        if not value or (names and pair.field not in found) or len(found) > _MOST_FREE_FIELDS:
            continue
        before = found.get(pair.field)
        if before is None:
            found[pair.field] = value
        elif pair.field in lists:
            found[pair.field] = f"{before}; {value}"
    return found


def _records(ask: ExtractAsk) -> int:
    return min(_MOST_RECORDS, max(1, ask.most)) if ask.many else 1


def _which(ask: ExtractAsk) -> str:
    entity = line(ask.entity) or "record"
    if ask.many:
        return (
            f"Read each {entity} of the page's main list, in its order, {_records(ask)} at most:"
            " one entry of `records` for each. No entry where the list is empty."
        )
    return (
        f"Read the one {entity} that the page, or the part of it that is named above, is about:"
        " one entry of `records`. No entry where the page is about nothing of the kind."
    )


def _field_line(ask: ExtractAsk, field: ExtractField) -> str:
    kind = line(field.type, 40) + (", required" if field.required else "")
    said = f"- {line(field.name)} ({kind})"
    rule = property_rules(ask.record_schema).get(field.name, {}) if ask.record_schema else {}
    told = {name: rule[name] for name in _RULES if name in rule}
    if not told:
        return said
    rules = {name: value for name, value in told.items() if name != "description"}
    description = told.get("description")
    words = line(description, _LONGEST_RULE) if isinstance(description, str) else ""
    form = line(canonical_json(rules), _LONGEST_RULE) if set(rules) - {"type"} else ""
    return ": ".join(part for part in (said, " ".join(p for p in (words, form) if p)) if part)


def _known(ask: ExtractAsk) -> str:
    if not ask.known:
        return ""
    known = "; ".join(f"{line(name)} = {line(value)}" for name, value in ask.known.items())
    return f"Known already, to tell the record by: {known}."


def _object(properties: Block) -> Block:
    names: list[JsonValue] = list(properties)
    return {
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": False,
    }
