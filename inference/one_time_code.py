"""Recognises the field that a one-time code goes into, and what the page says of the code.

Codes that stay the same, such as those of post offices, coupons and countries, are no such.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from plans.step import Frozen


class _Words(Frozen):
    """Patterns of one kind; those of languages that part words by spaces are whole `words`."""

    words: tuple[str, ...]
    anywhere: tuple[str, ...]

    def pattern(self) -> re.Pattern[str]:
        words = rf"\b(?:{'|'.join(self.words)})\b"
        return re.compile("|".join((words, *self.anywhere)), re.IGNORECASE)


class _Lexicon(Frozen):
    """Names of one-time codes, words that may be such names, other codes, and "was sent"."""

    sure: _Words
    maybe: _Words
    other: _Words
    sent: _Words


_LEXICON = _Lexicon.model_validate_json(
    Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
)
_SURE = _LEXICON.sure.pattern()
_MAYBE = _LEXICON.maybe.pattern()
_OTHER = _LEXICON.other.pattern()
_SENT = _LEXICON.sent.pattern()
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_COMPLETION = "one-time-code"
_TYPES = frozenset({"", "text", "tel", "number", "password"})
_PASSWORDS = frozenset({"current-password", "new-password"})

_SHORTEST, _LONGEST = 4, 10
_BOXES = range(4, 11)
_SECRET_RUN = re.compile(r"(?<![\d*•.+-])\d{5,8}(?![\d*•-])")
_ADDRESS = re.compile(r"@|[•*]{2}|\+\d")
_LONGEST_LINE = 200


class TypedField(Frozen):
    """A visible field for a short text, and what is said of it and around it.

    `limit` is the most characters it takes, 0 where it does not say; `group` tells the
    containers apart whose text is `nearby`, line by line.
    """

    type: str = "text"
    completion: str = ""
    mode: str = ""
    pattern: str = ""
    limit: int = 0
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    group: int = 0
    nearby: tuple[str, ...] = ()


class CodeAsked(Frozen):
    """A field for a one-time code: its label, and the line that says where the code is."""

    label: str
    said: str = ""


def code_asked(fields: Sequence[TypedField]) -> CodeAsked | None:
    """What a page asks for, where one of its fields takes a one-time code.

    Args:
        fields: those of one document, in page order.
    """
    for field in fields:
        if takes_code(field):
            return _asked(field)
    for boxes in _rows_of_boxes(fields):
        if _boxes_take_code(boxes):
            return _asked(boxes[0], split=True)
    return None


def takes_code(field: TypedField) -> bool:
    """Whether a field takes a whole one-time code."""
    if _COMPLETION in field.completion.casefold().split():
        return True
    if field.type not in _TYPES or 0 < field.limit < _SHORTEST or _is_kept(field):
        return False
    own = _words(*field.labels, *field.names)
    if _SURE.search(own):
        return field.limit == 0 or field.limit <= 64
    if _OTHER.search(own) or not _MAYBE.search(own):
        return False
    return _short(field) and _SENT.search(_nearby(field)) is not None


def _is_kept(field: TypedField) -> bool:
    """Whether a field says that it takes something else, such as a password or a card's code."""
    completion = field.completion.casefold()
    return bool(_PASSWORDS & set(completion.split())) or completion.startswith(("cc-", "postal"))


def _short(field: TypedField) -> bool:
    """Whether nothing speaks against a short code."""
    return field.limit == 0 or _SHORTEST <= field.limit <= _LONGEST


def _words(*texts: str) -> str:
    return _CAMEL.sub(" ", " ".join(texts)).replace("_", " ")


def _nearby(field: TypedField) -> str:
    return " ".join(field.nearby)


def _rows_of_boxes(fields: Sequence[TypedField]) -> Iterator[list[TypedField]]:
    """Runs of fields for one character each, in one container."""
    row: list[TypedField] = []
    for field in fields:
        single = field.limit == 1 and field.type in _TYPES
        if row and not (single and field.group == row[0].group):
            yield row
            row = []
        if single:
            row.append(field)
    if row:
        yield row


def _boxes_take_code(boxes: Sequence[TypedField]) -> bool:
    if len(boxes) not in _BOXES:
        return False
    around = _words(*boxes[0].nearby, *boxes[0].labels, *boxes[0].names)
    if _SURE.search(around):
        return True
    return _MAYBE.search(around) is not None and _SENT.search(around) is not None


def _asked(field: TypedField, *, split: bool = False) -> CodeAsked:
    labels = [label for label in field.labels if not split] or _headline(field)
    label = labels[0] if labels else "one-time code"
    lines = [line for line in field.nearby if line != label and _SENT.search(line)]
    said = max(lines, key=_tells_where, default="")
    return CodeAsked(label=_told(label), said=_told(said))


def _tells_where(line: str) -> tuple[bool, int]:
    """How much a line says of where the code is: an address or a number, else more words."""
    return _ADDRESS.search(line) is not None, min(len(line), _LONGEST_LINE)


def _headline(field: TypedField) -> list[str]:
    return [line for line in field.nearby if _SURE.search(line) or _MAYBE.search(line)][:1]


def _told(text: str) -> str:
    """A line fit for a prompt: short, and without what could be the code itself."""
    return _SECRET_RUN.sub("***", text)[:_LONGEST_LINE]
