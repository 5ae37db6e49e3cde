"""Takes one value, which turned out to be a secret, out of a document that was checked before."""

from pydantic import JsonValue

from plans.occurrences import Occurrences
from plans.placeholders import PLACEHOLDER, reference
from plans.places import PLAN_WORDS


def conceal(document: JsonValue, text: str, name: str) -> JsonValue:
    """The document with a reference in the place of each occurrence of a text.

    Left as they are: the names in placeholders, keys of objects, and the members that hold
    words of the contract or names of variables.
    """
    return _concealed(document, Occurrences([text]), reference(name))


def _concealed(value: JsonValue, secret: Occurrences, instead: str) -> JsonValue:
    match value:
        case str():
            parts = PLACEHOLDER.split(value)
            names = [match[0] for match in PLACEHOLDER.finditer(value)]
            literals = [secret.replaced(part, lambda _: instead) for part in parts[::2]]
            return "".join(
                literal + kept for literal, kept in zip(literals, [*names, ""], strict=True)
            )
        case list():
            return [_concealed(item, secret, instead) for item in value]
        case dict():
            return {
                key: item if key in PLAN_WORDS else _concealed(item, secret, instead)
                for key, item in value.items()
            }
        case _:
            return value
