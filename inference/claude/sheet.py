"""What people can read on a page, as one text that values are looked for in.

The text is compared in a plain form: compatibility forms of characters, no case, one kind of
quotes, dashes and spaces. What is found is given in the page's own letters.
"""

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from inference.content import Content, Flag
from inference.extract.nodes import squash
from inference.extract.tree import Tree

_QUOTES: Final = "'\"`´‘’‚‛“”„‟‹›«»′″"
_DASHES: Final = "-‐‑‒–—―−"
_APOSTROPHES: Final = "'’"
_THREE_FIRST = re.compile(r"\d{3}(?!\d)")
_FEW_LAST = re.compile(r"(?<!\d)\d{1,3}$")
_MOST_PLACES: Final = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: a part of `Sheet.text`, in the element `node` (-1: the title)."""

    start: int
    end: int
    node: int
    passage: int


@lru_cache(maxsize=4096)
def _plain_letter(letter: str) -> str:
    if letter in _QUOTES:
        return "'"
    if letter in _DASHES:
        return "-"
    if letter.isspace():
        return " "
    if unicodedata.category(letter) == "Cf":
        return ""
    plain = unicodedata.normalize("NFKC", letter).casefold()
    return " " if plain.isspace() else plain


def plain_form(text: str) -> str:
    """A text as it is compared, spaces squashed."""
    return squash("".join(map(_plain_letter, unicodedata.normalize("NFC", text))))


class Sheet:
    """The visible passages of a page: lines, the title, names and values of its elements."""

    def __init__(self, content: Content) -> None:
        self.tree = Tree(content)
        self.content = content
        passages = [(node, text) for node, text in self._passages() if text]
        self.nodes = [node for node, _ in passages]
        self.starts: list[int] = []
        at = 0
        for _, text in passages:
            self.starts.append(at)
            at += len(text) + 1
        self.text = "\n".join(text for _, text in passages)

    def _passages(self) -> Iterator[tuple[int, str]]:
        for node, text in self.tree.lines:
            yield node, _composed(text)
        yield -1, _composed(self.content.title)
        for index, node in enumerate(self.tree.nodes):
            if node.tag == "#text" or node.flags & Flag.SR:
                continue
            said = (node.text, node.attrs.get("value", ""), node.attrs.get("label", ""))
            for text in dict.fromkeys(said):
                yield index, _composed(text)

    def places(self, value: str) -> list[Place]:
        """Where a text stands within one passage, as words and figures of its own.

        Spaces inside count only where nothing is found otherwise ("5km" for "5 km").
        """
        wanted = plain_form(value)
        if not wanted:
            return []
        found = self._find(wanted, *self._lined)
        return found or self._find(wanted.replace(" ", ""), *self._tight)

    def across(self, value: str) -> list[Place]:
        """Where a text of several lines stands, one passage after the other."""
        return self._find(plain_form(value), *self._flowing)

    def passage(self, place: Place) -> str:
        """The whole passage around a place."""
        return self.line(place.passage)

    def line(self, passage: int) -> str:
        """A passage by its number."""
        start = self.starts[passage]
        end = self.text.find("\n", start)
        return self.text[start:] if end < 0 else self.text[start:end]

    def before(self, place: Place) -> str:
        """What stands before it: in its passage, else the passage before."""
        start = self.starts[place.passage]
        inside = self.text[start : place.start].strip()
        if inside or place.passage == 0:
            return inside
        return self.text[self.starts[place.passage - 1] : start].strip()

    def quoted(self, place: Place) -> str:
        """The page's own words at a place, on one line."""
        return squash(self.text[place.start : place.end])

    def place(self, start: int, end: int) -> Place:
        """A part of the text as a place."""
        passage = bisect_right(self.starts, start) - 1
        return Place(start, end, self.nodes[passage], passage)

    @cached_property
    def _lined(self) -> "tuple[str, array[int]]":
        return _compared(self.text, "\n")

    @cached_property
    def _flowing(self) -> "tuple[str, array[int]]":
        text, origins = self._lined
        return text.replace("\n", " "), origins

    @cached_property
    def _tight(self) -> "tuple[str, array[int]]":
        text, origins = self._lined
        kept = [index for index, letter in enumerate(text) if letter != " "]
        return text.replace(" ", ""), array("L", [origins[index] for index in kept])

    def _find(self, wanted: str, text: str, origins: "array[int]") -> list[Place]:
        found: list[Place] = []
        at = text.find(wanted) if wanted else -1
        while at >= 0 and len(found) < _MOST_PLACES:
            last = at + len(wanted) - 1
            start, end = origins[at], origins[last] + 1
            whole = (at == 0 or origins[at - 1] != start) and (
                last + 1 == len(text) or origins[last + 1] != end - 1
            )
            if whole and self._stands_alone(start, end):
                found.append(self.place(start, end))
            at = text.find(wanted, at + 1)
        return found

    def _stands_alone(self, start: int, end: int) -> bool:
        """Whether the part is no part of a longer word or figure."""
        text = self.text
        before, after = text[max(0, start - 2) : start], text[end : end + 5]
        first, last = text[start], text[end - 1]
        if before and before[-1].isalnum() and first.isalnum():
            return False
        if after and after[0].isalnum() and last.isalnum():
            return False
        return not (
            (first.isdigit() and _goes_before(before, text[start:end]))
            or (last.isdigit() and _goes_after(after, text[start:end]))
        )


def _goes_before(before: str, part: str) -> bool:
    """Whether what stands before a figure belongs to it: "1." of 1.5, the sign of -5."""
    if not before:
        return False
    mark, further = before[-1], before[-2:-1]
    if mark in ".,/:" or mark in _APOSTROPHES:
        return further.isdigit()
    if mark == " ":
        return further.isdigit() and _THREE_FIRST.match(part) is not None
    if mark in _DASHES:
        return not further.isalnum() or (further.isdigit() and not _is_year(part))
    return False


def _goes_after(after: str, part: str) -> bool:
    """Whether what stands after a figure belongs to it."""
    mark, further = after[:1], after[1:2]
    if not mark or not further.isdigit():
        return False
    if mark in ".,/:" or mark in _APOSTROPHES:
        return True
    if mark == " ":
        thousands = _THREE_FIRST.match(after[1:]) is not None
        return thousands and _FEW_LAST.search(part) is not None
    return mark in _DASHES and not _is_year(part)


def _is_year(part: str) -> bool:
    return len(part) == 4 and part[:2] in ("19", "20") and part.isdigit()


def _composed(text: str) -> str:
    return squash(unicodedata.normalize("NFC", text))


def _compared(text: str, kept: str) -> "tuple[str, array[int]]":
    """The text in its plain form, and for each letter of it where it comes from."""
    letters: list[str] = []
    origins: array[int] = array("L")
    for index, letter in enumerate(text):
        plain = letter if letter == kept else _plain_letter(letter)
        if plain == " " and letters and letters[-1] == " ":
            continue
        for one in plain:
            letters.append(one)
            origins.append(index)
    return "".join(letters), origins
