"""Addresses that a page leads to or shows, and whether a value is one of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from inference.claude.contacts import number_key
from inference.claude.sheet import Sheet
from inference.content import Flag
from inference.extract.kinds import EMAIL
from inference.extract.links import clean_url
from inference.extract.scanners import region_of
from inference.extract.words import FieldKind

_SHOWN = re.compile(r"(?:https?://|www\.)[^\s<>\"'“”]+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)]}"


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the page: where it leads, the text it was found in, its element."""

    value: str
    raw: str
    node: int
    is_link: bool = True


def looks_like_address(text: str) -> bool:
    """Whether a whole text is a web address."""
    return _ADDRESS.fullmatch(text.strip()) is not None


class Addresses:
    """Web addresses, mailboxes and phone numbers that a page's links lead to."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._base = sheet.content.url

    def find(self, said: str, kind: FieldKind) -> Address | None:
        """The address that a value is, None where the page has no such one."""
        if kind == "phone":
            region = region_of(self._sheet.tree)
            wanted = number_key(said, region)
            called = (a for a in self._of("tel:") if number_key(a.value, region) == wanted)
            return next(called, None) if wanted else None
        if kind == "email":
            wanted = said.casefold()
            return next((a for a in self._of("mailto:") if a.value.casefold() == wanted), None)
        return self._known.get(self._key(said))

    @cached_property
    def _known(self) -> dict[str, Address]:
        known: dict[str, Address] = {}
        for address in self._all():
            known.setdefault(self._key(address.value), address)
        return known

    def _all(self) -> Iterator[Address]:
        content, tree = self._sheet.content, self._sheet.tree
        for url in (content.canonical, content.url):
            if _is_web(url):
                yield Address(url, url, -1)
        for index, node in enumerate(tree.nodes):
            href = node.attrs.get("href", "")
            if _is_web(href) and not node.flags & Flag.SR:
                yield Address(href, tree.text(tree.scope(index)) or node.text, index)
        for match in _SHOWN.finditer(self._sheet.text):
            shown = match[0].rstrip(_TRAILING)
            place = self._sheet.place(match.start(), match.start() + len(shown))
            yield Address(shown, shown, place.node, is_link=False)

    def _of(self, scheme: str) -> Iterator[Address]:
        """What links of a scheme lead to, without it."""
        tree = self._sheet.tree
        for index, node in enumerate(tree.nodes):
            href = node.attrs.get("href", "")
            if not href.startswith(scheme) or node.flags & Flag.SR:
                continue
            value = unquote(href.removeprefix(scheme).split("?")[0]).strip()
            found = EMAIL.search(value) if scheme == "mailto:" else None
            value = found[0] if found else value
            yield Address(value, tree.text(tree.scope(index)) or value, index, is_link=False)

    def _key(self, url: str) -> str:
        """An address as it is compared: absolute, its host in small letters."""
        url = url.strip()
        if url.casefold().startswith("www."):
            url = f"https://{url}"
        try:
            parts = urlsplit(clean_url(urljoin(self._base, url)))
        except ValueError:
            return url
        host = parts.netloc.casefold().removeprefix("www.")
        scheme = "https" if parts.scheme == "http" else parts.scheme
        return unquote(
            urlunsplit((scheme, host, parts.path.rstrip("/"), parts.query, parts.fragment))
        )


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))
