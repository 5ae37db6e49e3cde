"""Where given values stand in a text, however they are spelled there.

Looked at are the text itself and what it says once its percent signs, HTML entities or
backslashes are decoded, and the base64 of a value.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import unquote

MASK = "***"
"""What stands for a secret in all that leaves the service."""

SHORTEST = 3
"""Characters. Shorter values count only where they are the whole text."""

_LONG = 6
"""Characters. Shorter values count only where no letter or digit adjoins."""

_FEW = 20
_OVERLAPPING = 1000
_MANY = 10_000
_COVERED = re.compile(rb"x+")
_BASE64_FROM = 6
_BASE64_CORE = 8
_ORDINARY = frozenset(
    {"true", "false", "null", "none", "yes", "http", "https", "www", "com", "the", "and", "***"}
)
"""Values that count only where they are the whole text: they are in every other text."""

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BACKSLASH = re.compile(
    r"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\.", re.DOTALL
)

_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

Span = tuple[int, int]
_Pieces = Iterable[tuple[str, int]]
"""A token decoded: each character, and how many characters of the token it took."""


class Occurrences:
    """Finds some values in texts."""

    def __init__(self, values: Iterable[str]) -> None:
        """Take the values; percent-encoded ones are looked for decoded, too."""
        given = [value for value in values if value]
        known = dict.fromkeys(given)
        known.update(dict.fromkeys(value.strip() for value in given))
        known.update(dict.fromkeys(unquote(value) for value in given if "%" in value))
        known.pop("", None)
        self._whole = frozenset(known)
        loose = [v for v in known if len(v) >= SHORTEST and v.casefold() not in _ORDINARY]
        forms = [*loose, *(core for value in loose for core in _base64_cores(value))]
        self._forms = tuple(dict.fromkeys(forms))
        self._by_start: dict[str, list[str]] = {}
        for form in self._forms:
            self._by_start.setdefault(form[:SHORTEST], []).append(form)

    def __bool__(self) -> bool:
        """Whether there is anything to find."""
        return bool(self._whole)

    def holds(self, text: str) -> bool:
        """Whether a text has any of the values in it."""
        return bool(self.spans(text))

    def spans(self, text: str) -> list[Span]:
        """Where the values stand, in order; spans that overlap are one."""
        if text in self._whole:
            return [(0, len(text))]
        if not self._forms:
            return []
        found: list[Span] = []
        for span in self._everywhere(text):
            found.append(span)
            if len(found) > _MANY:
                return self._covered(text)
        return join_spans(found)

    def replaced(self, text: str, name: Callable[[str], str]) -> str:
        """The text with `name` of each occurrence in its place."""
        return replace_spans(text, self.spans(text), name)

    def masked(self, text: str) -> str:
        """The text with each occurrence as `***`."""
        return self.replaced(text, lambda _: MASK)

    def _everywhere(self, text: str) -> Iterator[Span]:
        for view in _views(text):
            for form in self._likely(view.text):
                for start, end in _all(form, view.text):
                    yield view.origin(start), view.origin(end)

    def _covered(self, text: str) -> list[Span]:
        """The same as `spans`, adjoining ones as one, in a time that grows with the text."""
        covered = bytearray(len(text))
        for start, end in self._everywhere(text):
            covered[start:end] = b"x" * (end - start)
        return [match.span() for match in _COVERED.finditer(covered)]

    def _likely(self, text: str) -> Iterable[str]:
        """The values whose beginning is in a text: of many values few, in one pass."""
        if len(self._forms) <= _FEW:
            return self._forms
        starts = {text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)}
        return [form for start in self._by_start.keys() & starts for form in self._by_start[start]]


def _all(form: str, text: str) -> Iterable[Span]:
    """Where a value stands in a text; of very many times not those that overlap another."""
    at, count = text.find(form), 0
    while at >= 0:
        end = at + len(form)
        if len(form) >= _LONG or _alone(text, at, end):
            yield at, end
        count += 1
        at = text.find(form, at + 1 if count < _OVERLAPPING else end)


def _alone(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def join_spans(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap as one."""
    joined: list[Span] = []
    for start, end in sorted(set(spans)):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def replace_spans(text: str, spans: Iterable[Span], name: Callable[[str], str]) -> str:
    """The text with `name` of what stands there in the place of each span, given in order."""
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        pieces += [text[at:start], name(text[start:end])]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


class _View:
    """A text as one way of decoding reads it, and where each of its characters came from."""

    def __init__(self, text: str, starts: Sequence[int] | None = None) -> None:
        self.text = text
        self._starts = starts

    def origin(self, index: int) -> int:
        return index if self._starts is None else self._starts[index]

    def decoded(self, token: re.Pattern[str], decode: Callable[[str], _Pieces]) -> "_View":
        """What the view says once its tokens are decoded; itself where there are none."""
        texts: list[str] = []
        starts: list[int] = []
        at = 0
        for match in token.finditer(self.text):
            texts.append(self.text[at : match.start()])
            starts.extend(map(self.origin, range(at, match.start())))
            at = match.start()
            for character, width in decode(match[0]):
                texts.append(character)
                starts.extend([self.origin(at)] * len(character))
                at += width
            at = match.end()
        if not texts:
            return self
        texts.append(self.text[at:])
        starts.extend(map(self.origin, range(at, len(self.text) + 1)))
        return _View("".join(texts), starts)


def _views(text: str) -> Iterable[_View]:
    raw = _View(text)
    yield raw
    if "%" in text or "+" in text:
        once = raw.decoded(_PERCENT, _percent)
        yield once
        if "%25" in text:
            yield once.decoded(_PERCENT, _percent)
        if "+" in text:
            yield _View(text.replace("+", " ")).decoded(_PERCENT, _percent)
    if "&" in text:
        yield raw.decoded(_ENTITY, _entity)
    if "\\" in text:
        once = raw.decoded(_BACKSLASH, _backslash)
        yield once
        if "\\\\" in text:
            yield once.decoded(_BACKSLASH, _backslash)


def _percent(token: str) -> _Pieces:
    for character in bytes.fromhex(token.replace("%", "")).decode("utf-8", "surrogateescape"):
        width = 1 if "\udc80" <= character <= "\udcff" else len(character.encode())
        yield character, 3 * width


def _entity(token: str) -> _Pieces:
    yield html.unescape(token), len(token)


def _backslash(token: str) -> _Pieces:
    if token[1] != "u":
        yield _ESCAPED.get(token[1], token[1]), len(token)
        return
    try:
        yield json.loads(f'"{token}"'), len(token)
    except ValueError:
        yield token[1:], len(token)


def _base64_cores(value: str) -> Iterable[str]:
    """What base64 of a text with the value in it must hold, at each of its three places."""
    raw = value.encode("utf-8", "replace")
    if len(raw) < _BASE64_FROM:
        return
    for shift, skipped in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(shift) + raw).decode()
        core = encoded[skipped : (shift + len(raw)) * 8 // 6]
        if len(core) >= _BASE64_CORE:
            yield core
            yield core.translate(str.maketrans("+/", "-_"))
