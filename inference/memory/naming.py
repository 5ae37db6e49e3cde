"""Texts with the names of a run's values in their place, so that nothing kept holds a value."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from inference.decisions import Question
from inference.dom.intent import read
from plans.placeholders import PLACEHOLDER, names_in, reference
from plans.step import Step, StepType

VALUE: Final = "value"
"""The name of what a step types or chooses where its plan writes it out."""

_TYPED: Final = frozenset({StepType.FILL_FIELD, StepType.TYPE_TEXT, StepType.SELECT_OPTION})
_SPACE: Final = re.compile(r"\s+")
_DIGITS: Final = re.compile(r"\d[\d.,:/\u2009\u00a0-]*\d|\d")


@dataclass(frozen=True)
class Naming:
    """What the placeholders of a step stand for; the earlier name wins where two are alike."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])

    def named(self, text: str) -> str:
        """The text with `{{name}}` in the place of each value, as whole words in any case."""
        if not text or not self._names:
            return text
        return self._pattern.sub(lambda match: reference(self._names[fold(match[0])]), text)

    def filled(self, text: str) -> str:
        """The text with the values in the place of their names; unknown ones stay."""
        if "{{" not in text:
            return text
        return PLACEHOLDER.sub(lambda match: self.values.get(match[1], match[0]), text)

    @property
    def _names(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.values.items():
            if value.strip():
                found.setdefault(fold(value), name)
        return found

    @property
    def _pattern(self) -> re.Pattern[str]:
        longest = sorted({value.strip() for value in self.values.values()}, key=len, reverse=True)
        return _pattern(tuple(value for value in longest if value))


@lru_cache(maxsize=256)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    parts = [r"\s+".join(re.escape(word) for word in value.split()) for value in values]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def fold(text: str) -> str:
    """The text for comparing: one space between words, no case, no marks at its ends."""
    plain = unicodedata.normalize("NFKC", text)
    return _SPACE.sub(" ", plain).strip(" *:.…").casefold()


def shape(text: str) -> str:
    """`fold` with numbers left out of account: "Results (128)" is like "Results (3)"."""
    return _DIGITS.sub("#", fold(text))


def naming_of(question: Question, values: Mapping[str, str]) -> Naming:
    """The naming of a question: the values of its placeholders, and what it types or chooses."""
    value = question.value or read(question).value
    own = {VALUE: value} if value and question.step.type in (*_TYPED, StepType.FILTER) else {}
    return Naming({**values, **own})


def intent_key(step: Step, naming: Naming) -> str:
    """What a step asks for, in words that don't change with its values.

    Args:
        step: as its plan writes it, placeholders unfilled.
        naming: that of the same step filled in.
    """
    label = step.params.label or step.params.dropdown_label
    words = fold(_without_value(step.intent, naming))
    return f"{words} [{fold(naming.named(label))}]" if label else words


def _without_value(text: str, naming: Naming) -> str:
    """The text without the value that it writes out itself; its placeholders stay."""
    parts = PLACEHOLDER.split(text)
    return "".join(
        reference(part) if at % 2 else naming.named(part) for at, part in enumerate(parts)
    )


def names_asked(step: Step, naming: Naming) -> frozenset[str]:
    """The names that the words of a step use, `value` among them where they write it out."""
    texts = (step.intent, step.params.label or "", step.params.dropdown_label or "")
    names = {name for text in texts for name in names_in(_without_value(text, naming))}
    return frozenset(names)
