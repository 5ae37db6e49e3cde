"""Addresses in a record: links that a field asks for, e-mail addresses, tracking left out."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from inference.extract.candidates import Area, Candidate, Wanted
from inference.extract.kinds import EMAIL
from inference.extract.words import LEXICON, label_score, name_words, own_concept, stem

_TRACKING = re.compile(
    r"^(?:utm_\w+|gclid|fbclid|msclkid|dclid|yclid|mc_[ce]id|igshid|_ga|_gl)$", re.IGNORECASE
)
_ADDRESS_WORDS = frozenset({"url", "link", "href", "uri", "address", "page"})
_HOME = re.compile(r"\b(?:web ?site|home ?page|webseite|site web|site internet|sitio web)\b", re.I)
_WEB = ("http://", "https://", "file:")


def clean_url(url: str) -> str:
    """A URL without the parameters that only count visits (utm_…, gclid and the like)."""
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    if not any(_TRACKING.match(name) for name, _ in given):
        return url
    kept = [(name, value) for name, value in given if not _TRACKING.match(name)]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def own_url(wanted: Wanted) -> bool:
    """Whether a field asks for the address of the record itself."""
    meant = [w for w in name_words(wanted.name) if w not in _ADDRESS_WORDS]
    return not meant or all(word in LEXICON.generic for word in meant)


def linked(area: Area, wanted: Wanted) -> Iterator[Candidate]:
    """Links whose text, label or name is what the field is called."""
    name = " ".join(w for w in name_words(wanted.name) if w not in _ADDRESS_WORDS)
    tree = area.tree
    for pair in area.pairs:
        if label_score(name, pair.label) >= 0.84 and (url := _link_in(area, pair.node)):
            yield Candidate(url, pair.value, "label", pair.node, 0.92)
    home = own_concept(name) == "website"
    for index in range(area.scope.start, area.scope.end):
        url = tree.nodes[index].attrs.get("href", "")
        if not url.startswith(_WEB) or not area.counts(index) or tree.is_chrome(index):
            continue
        said = tree.text(tree.scope(index)) or tree.nodes[index].text
        if (home and _HOME.search(said)) or _says(name, said):
            yield Candidate(clean_url(url), said, "dom", index, 0.78)


def _says(name: str, said: str) -> bool:
    """Whether a link's text holds all words of the name and not many others."""
    wanted = {stem(word) for word in name.split()}
    words = {stem(word) for word in name_words(said)}
    return bool(wanted) and wanted <= words and len(words) <= len(wanted) + 3


def _link_in(area: Area, node: int) -> str:
    nodes = area.tree.nodes
    for index in range(node, area.tree.end[node]):
        if nodes[index].attrs.get("href", "").startswith(_WEB):
            return clean_url(nodes[index].attrs["href"])
    at = nodes[node].parent
    if nodes[node].tag == "#text" and at >= 0:
        return clean_url(nodes[at].attrs.get("href", ""))
    return ""


def emails(area: Area) -> Iterator[Candidate]:
    """E-mail addresses: those that links lead to, those in the text."""
    tree = area.tree
    for index in range(area.scope.start, area.scope.end):
        href = tree.nodes[index].attrs.get("href", "")
        apart = tree.is_chrome(index) and not area.anchored
        if href.startswith("mailto:") and area.counts(index) and not apart:
            found = EMAIL.search(unquote(href.removeprefix("mailto:").split("?")[0]))
            if found:
                yield Candidate(found[0], tree.text(tree.scope(index)), "dom", index, 0.86)
    for text, node in area.segments:
        found = EMAIL.search(text)
        if found and (area.anchored or not tree.is_chrome(node)):
            yield Candidate(found[0], text, "scanner", node, 0.75)
