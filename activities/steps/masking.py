"""Takes a run's secrets out of all that a step writes: events, records, outcomes."""

from collections.abc import Mapping

from pydantic import JsonValue

from inference.words import with_words
from plans.occurrences import MASK, Occurrences
from plans.placeholders import (
    KEPT_WHOLE,
    SECRET,
    as_text,
    names_secret,
    reference,
    texts_in,
    without_references,
)
from plans.secret_names import is_secret_name
from plans.well_formed import well_formed

_LEAST_DIGITS = 4
"""A number with fewer is no secret where it stands in what a page says."""


class Mask:
    """Replaces every occurrence of a run's secrets, however they are spelled."""

    def __init__(self, values: Mapping[str, JsonValue]) -> None:
        """Take the secrets of a run out of its values.

        They are those named `secret.…`, and those whose names sound like one.
        """
        self._texts = {
            text
            for name, value in values.items()
            if _is_secret(name)
            for text in (texts_in(value) if isinstance(value, dict | list) else (as_text(value),))
            if not isinstance(value, bool) and value is not None
        }
        self._occurrences = Occurrences(self._texts)
        self._names = {
            as_text(value): name
            for name, value in values.items()
            if name.startswith(SECRET) and _is_secret(name) and not isinstance(value, bool | None)
        }

    @property
    def texts(self) -> frozenset[str]:
        """The secrets themselves."""
        return frozenset(self._texts)

    def add(self, text: str) -> None:
        """Mask a value from now on, too."""
        self._texts.add(text)
        self._occurrences = Occurrences(self._texts)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand in a text."""
        return self._occurrences.spans(text)

    def knows(self, text: str) -> bool:
        """Whether a text is one of the secrets."""
        return text in self._texts

    def parts(self, text: str) -> tuple[tuple[str, str], ...] | None:
        """A text in pieces, each a text of its own or the name of a secret of the ledger.

        None where a secret in it is spelled otherwise, or is none of the ledger's.
        """
        found: list[tuple[str, str]] = []
        at = 0
        for start, end in self._occurrences.spans(text):
            name = self._names.get(text[start:end])
            if name is None:
                return None
            found += [(text[at:start], ""), ("", name)]
            at = end
        return tuple(piece for piece in (*found, (text[at:], "")) if any(piece))

    def holds(self, value: JsonValue) -> bool:
        """Whether a secret, or what could be taken for a reference to one, is in a value."""
        return any(self._occurrences.holds(text) or names_secret(text) for text in texts_in(value))

    def worded(self, text: str) -> str:
        """The text of a page as a model may read it: each secret as the reference to it.

        `***` stands for one that is spelled otherwise or has no reference, and for what the
        page has written to look like a reference.
        """
        text = without_references(well_formed(text), MASK)
        return self._occurrences.replaced(text, self._reference)

    def worded_value(self, value: JsonValue) -> JsonValue:
        """A value of the run's own with each secret in its texts as its reference."""
        match value:
            case str():
                return self.words(value)
            case list():
                return [self.worded_value(item) for item in value]
            case dict():
                return {name: self.worded_value(item) for name, item in value.items()}
            case _:
                return value

    def worded_block(self, block: JsonValue) -> JsonValue:
        """A content block with each secret in its words as its reference."""
        return with_words(block, self.words)

    def words(self, text: str) -> str:
        """A text of the run's own with each secret in it as its reference."""
        return self._occurrences.replaced(well_formed(text), self._reference)

    def _reference(self, text: str) -> str:
        name = self._names.get(text)
        return MASK if name is None else reference(name)

    def text(self, text: str) -> str:
        """The text with each secret, and each reference to one, as `***`; it can be encoded."""
        return without_references(self._occurrences.masked(well_formed(text)), MASK)

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value with each secret in it as `***`."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {self.text(name): self.value(item) for name, item in value.items()}
            case bool() | None:
                return value
            case _:
                text = as_text(value)
                return MASK if len(text) >= _LEAST_DIGITS and text in self._texts else value


def _is_secret(name: str) -> bool:
    if name.startswith(SECRET):
        return not name.startswith(KEPT_WHOLE)
    return is_secret_name(name)


NOTHING = Mask({})
"""Masks references alone: for what a step writes that failed before its values were read."""
