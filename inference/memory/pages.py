"""Which pages are of one kind: the same site and address but for ids, slugs and numbers."""

import re
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from inference.memory.naming import Naming
from inference.observation import Observation

VARYING: Final = "{id}"
"""In the place of an id, a number or a slug of an address."""
_SLUG_WORDS: Final = 3
_LONGEST: Final = 28
_DEEPEST: Final = 12


class PageKind(NamedTuple):
    """A site (host and port, without "www.") and a kind of page on it."""

    site: str
    template: str


def page_kind(url: str, naming: Naming) -> PageKind | None:
    """The kind of page at an address, None for what is no page of a site.

    The query is left out of account: what it chooses shows in what the page looks like. Ids,
    numbers and slugs of the path are abstracted, and so are the run's values.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "file"):
        return None
    site = parts.netloc.rpartition("@")[2].casefold().removeprefix("www.") or f"{parts.scheme}:"
    path = _template(parts.path, naming)
    route = parts.fragment.lstrip("!")
    if route.startswith("/"):
        path += "#" + _template(route.partition("?")[0], naming)
    return PageKind(site, path)


def link_kind(url: str, naming: Naming) -> str:
    """Where a link leads, abstracted in the same way; "" for scripts and places in the page."""
    kind = page_kind(url, naming)
    if kind is not None:
        return "".join(kind) if not url.endswith("#") else ""
    scheme = url.partition(":")[0].casefold()
    return f"{scheme}:" if scheme in ("tel", "mailto") else ""


def skeleton(observation: Observation) -> str:
    """A short hash of how a page is laid out, whatever it lists or says."""
    parts = {
        f"{one.region}/{one.role}/{one.type if one.tag == 'input' else ''}"
        for one in observation.elements
        if one.interactive and not one.records and not one.layer
    }
    return sha256("\n".join(sorted(parts)).encode()).hexdigest()[:12]


def _template(path: str, naming: Naming) -> str:
    segments = [one for one in path.split("/") if one]
    found = [_segment(unquote(one), naming) for one in segments[:_DEEPEST]]
    return "/" + "/".join(found)


def _segment(text: str, naming: Naming) -> str:
    stem, dot, ending = text.rpartition(".")
    if dot and stem and re.fullmatch(r"[a-z]{2,5}", ending, re.IGNORECASE):
        return f"{_abstract(stem, naming)}.{ending.casefold()}"
    return _abstract(text, naming)


def _abstract(text: str, naming: Naming) -> str:
    named = naming.named(text)
    if named != text:
        return named
    words = [word for word in re.split(r"[-_+~,;= ]", text) if word]
    varies = len(words) > _SLUG_WORDS or len(text) > _LONGEST
    if varies or any(character.isdigit() for character in text):
        return VARYING
    return text.casefold()
