"""Takes a run's secrets out of all that a step writes: events, records, outcomes."""

from collections.abc import Mapping
from urllib.parse import quote, quote_plus

from pydantic import JsonValue

from ledger.wire import MASK, is_secret_name
from plans.placeholders import as_text

_LEAST = 3
"""Shorter values would mask half of every text."""


class Mask:
    """Replaces every occurrence of some values, as they are and as they stand in URLs."""

    def __init__(self, values: Mapping[str, JsonValue]) -> None:
        """Take the values of secret-sounding names out of `values`."""
        plain = {
            as_text(value)
            for name, value in values.items()
            if is_secret_name(name) and value is not None
        }
        forms = {
            form
            for text in plain
            if len(text) >= _LEAST
            for form in (text, quote(text), quote(text, safe=""), quote_plus(text))
        }
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text with each secret as `***`."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value with each secret in its texts as `***`."""
        if not self._forms:
            return value
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {name: self.value(item) for name, item in value.items()}
            case _:
                return value


NOTHING = Mask({})
"""Masks nothing: what a step writes that failed before its run's inputs were read."""
