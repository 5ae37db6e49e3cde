"""Text on a terminal: what pages and services say can't command it."""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from typing import Any, TextIO

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_NARROWEST = 6


def clean(value: object) -> str:
    """One line without control characters and marks that turn the writing direction."""
    return _UNSAFE.sub(" ", str(value))


class Terminal:
    """Where the command writes: results on `out`, what only a person wants to see on `err`."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr

    @property
    def width(self) -> int:
        """Columns of text."""
        return max(40, get_terminal_size((100, 24)).columns)

    @property
    def asks(self) -> bool:
        """Whether a person can be asked."""
        return sys.stdin is not None and sys.stdin.isatty() and self.err.isatty()

    def line(self, text: str = "") -> None:
        """A line of the result."""
        self._write(self.out, text)

    def note(self, text: str) -> None:
        """A line for the person."""
        self._write(self.err, text)

    def document(self, document: object) -> None:
        """A document as JSON."""
        self.line(json.dumps(document, indent=2, ensure_ascii=False))

    def mark(self, success: bool | None) -> str:
        """How a step went, in a sign."""
        plain = not _can_write(self.out, "✓✗·")
        sign = {True: "ok" if plain else "✓", False: "FAIL" if plain else "✗", None: "-"}[success]
        return self.coloured(sign, {True: 32, False: 31, None: 0}[success])

    def coloured(self, text: str, colour: int) -> str:
        """The text in a colour, where one can be seen."""
        if not colour or not self.out.isatty() or os.environ.get("NO_COLOR"):
            return text
        return f"\x1b[{colour}m{text}\x1b[0m"

    def table(self, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
        """Rows in columns as wide as their values, cut to the terminal."""
        cells = [[_cell(row.get(name)) for name in names] for row in rows]
        widths = _fitted(
            [
                max([_columns(name), *(_columns(row[place]) for row in cells)])
                for place, name in enumerate(names)
            ],
            self.width - 2 * (len(names) - 1),
        )
        heads = [clean(name) for name in names]
        for row in (heads, ["-" * width for width in widths], *cells):
            shown = (_padded(cell, width) for cell, width in zip(row, widths, strict=True))
            self.line("  ".join(shown).rstrip())

    def _write(self, stream: TextIO, text: str) -> None:
        if not _can_write(stream, text):
            encoding = stream.encoding or "ascii"
            text = text.encode(encoding, "replace").decode(encoding)
        stream.write(text + "\n")
        stream.flush()


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The fields of records, in the order they come up; those of the service's own left out."""
    names = dict.fromkeys(name for row in rows for name in row if not name.startswith("_"))
    return list(names)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clean(text).strip()


def _fitted(widths: list[int], room: int) -> list[int]:
    """Widths that fit: the widest give way first."""
    widths = [min(width, max(room, _NARROWEST)) for width in widths]
    while sum(widths) > room and max(widths, default=0) > _NARROWEST:
        widest = widths.index(max(widths))
        widths[widest] -= 1
    return widths


def _columns(text: str) -> int:
    return sum(_columns_of(letter) for letter in text)


def _columns_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _padded(text: str, width: int) -> str:
    if _columns(text) <= width:
        return text + " " * (width - _columns(text))
    kept, room = "", width - 1
    for letter in text:
        room -= _columns_of(letter)
        if room < 0:
            break
        kept += letter
    return kept + "…" + " " * max(0, width - 1 - _columns(kept))


def shortened(text: str, most: int) -> str:
    """A cleaned text cut to so many columns."""
    line = clean(text)
    return line if _columns(line) <= most else _padded(line, most).rstrip()
