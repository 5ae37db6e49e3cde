"""Which texts of a JSON document are words: those of people, of pages, of models.

The others say what a thing is, which one is meant, or what was chosen of a list. A secret may
happen to read like one of them; it stands there all the same, and the document must stay whole.
"""

from collections.abc import Callable
from typing import Final

from pydantic import JsonValue

_CHOSEN: Final = frozenset(
    {"type", "kind", "state", "filter", "tool_name", "act", "target", "certainty"}
    | {"direction", "scroll_direction", "media_type", "stop_reason"}
)
_NAMING: Final = frozenset(
    {"id", "tool_use_id", "name", "toolset_name", "tab_id", "ref", "key", "signature", "data"}
)
"""In content blocks and tool calls of the Messages API, and in answers of Holo3."""


def with_words(value: JsonValue, said: Callable[[str], str]) -> JsonValue:
    """A document with `said` of each of its words in their place; numbers stay."""
    match value:
        case str():
            return said(value)
        case list():
            return [with_words(item, said) for item in value]
        case dict():
            return {name: _of_field(name, item, said) for name, item in value.items()}
        case _:
            return value


def _of_field(name: str, item: JsonValue, said: Callable[[str], str]) -> JsonValue:
    if isinstance(item, str) and (name in _CHOSEN or name in _NAMING):
        return item
    return with_words(item, said)
