"""The main list of a page, its items, and whether a step takes the next of them."""

import hashlib
import math
import re
from statistics import fmean
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from inference.decisions import ItemList, ListItem
from inference.dom.scene import Scene
from inference.extract.totals import says_empty, says_filled
from inference.observation import Element, Membership, Observation, RecordGroup
from plans.step import Step, StepType

_TRACKING: Final = re.compile(
    r"^(?:utm_\w+|gclid|fbclid|msclkid|dclid|yclid|mc_[ce]id|igshid|_ga|_gl|ref|ref_|src|source"
    r"|campaign|position|pos|rank|from|trk|tracking\w*|session\w*|sid|click_?id)$",
    re.IGNORECASE,
)
_BESIDE: Final = re.compile(r"\b(?:cart|basket|bag|trolley|wish ?list|warenkorb)\b", re.IGNORECASE)
"""Words around a count that is not the list's."""
_REGION: Final = {"nav": 0.1, "header": 0.15, "footer": 0.1, "aside": 0.35, "search": 0.4}
_LONGEST: Final = 830
"""Records whose text is longer than this are parts of a layout, not items."""
_NOUN: Final = (
    r"(?:listings?|results?|items?|ads?|adverts?|offers?|products?|cards?|entry|entries|records?"
    r"|propert(?:y|ies)|jobs?|vehicles?|treffer|anzeigen?|angebote?s?|inserate?s?)"
)
_NEXT_ITEM: Final = re.compile(
    rf"\b(?:(?:next|each|every|another|following|unvisited|nächste[nrs]?"
    rf"|jede[nrs]?)\s+(?:\w+[\s-]+){{0,4}}?{_NOUN}"
    rf"|(?:the|a|an)\s+(?:\w+[\s-]+){{0,2}}?{_NOUN}(?:'s)?\s+(?:title|link|name|heading)"
    rf"|(?:title|headline|link|name|titel)\s+(?:of|for|des|der)\s+(?:the|a|an|each"
    rf"|every)?\s*(?:\w+[\s-]+){{0,2}}?{_NOUN})\b",
    re.IGNORECASE,
)
_NOT_ITEM: Final = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|\d+(?:st|nd"
    r"|rd|th)"
    r"|page|button|photo|picture|image|tab|filter|seite)\b|[\"“”„«]|(?<!\w)['‘]|#\d",
    re.IGNORECASE,
)


def takes_next_item(step: Step) -> bool:
    """Whether the click means "whichever item of the list comes next", not a certain one."""
    if step.type is not StepType.CLICK or _NOT_ITEM.search(step.intent):
        return False
    return bool(_NEXT_ITEM.search(step.intent))


def main_group(observation: Observation) -> int | None:
    """Index of the group that is the page's main list, None when it has none."""
    scene = Scene(observation)
    scored = [
        (_list_score(scene, index, group), index) for index, group in enumerate(observation.groups)
    ]
    best = max(scored, default=(0.0, -1))
    return best[1] if best[0] > 0 else None


def item_list(observation: Observation) -> ItemList:
    """The items of the page's main list in page order; sponsored ones are marked.

    Without a repeated list, linked headings of the main part stand in (a single result).
    """
    scene = Scene(observation)
    index = main_group(observation)
    if _proven_empty(observation, index):
        return ItemList(items=(), empty_proven=True)
    if index is None:
        return ItemList(items=_from_headings(observation), empty_proven=False)
    return _items_of(scene, index)


def items_of(observation: Observation, index: int) -> ItemList:
    """The items of the group at `index`, known to be the page's main list."""
    if _proven_empty(observation, index):
        return ItemList(items=(), empty_proven=True)
    return _items_of(Scene(observation), index)


def _items_of(scene: Scene, index: int) -> ItemList:
    observation = scene.observation
    items: list[ListItem] = []
    seen: set[str] = set()
    lost = False
    for ordinal, record in enumerate(observation.groups[index].records):
        ref = scene.title(Membership(index, ordinal))
        if ref is None:
            lost = lost or observation.truncated
            continue
        item = _item(observation.element(ref), record.text, record.sponsored)
        if item.key not in seen:
            seen.add(item.key)
            items.append(item)
    whole = observation.groups[index].whole and not lost
    return ItemList(items=tuple(items), empty_proven=False, whole=whole)


def canonical_url(url: str) -> str:
    """The URL without fragment and tracking parameters, its query sorted."""
    parts = urlsplit(url)
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.match(name)
    )
    host = parts.netloc.casefold()
    return urlunsplit((parts.scheme, host, parts.path or "/", urlencode(kept), ""))


def _item(element: Element, text: str, sponsored: bool) -> ListItem:
    url = element.href if element.href.startswith(("http:", "https:", "file:")) else ""
    key = canonical_url(url) if url and not _same_page(url) else ""
    if not key:
        key = "text:" + hashlib.sha256(text.encode()).hexdigest()[:24]
    title = element.name or element.text
    return ListItem(key=key, title=title, url=url, ref=element.ref, sponsored=sponsored)


def _same_page(url: str) -> bool:
    """Whether the link only names a place in a page, so that it tells no items apart."""
    return url.endswith("#") or ("#" in url and not urlsplit(url).query and url.startswith("file:"))


def _list_score(scene: Scene, index: int, group: RecordGroup) -> float:
    """How much the group looks like the list that the page is about; 0: not at all."""
    records = group.records
    count = len(records)
    if count < 2:
        return 0.0
    titled = sum(scene.title(Membership(index, at)) is not None for at in range(count)) / count
    lengths = [len(record.text) for record in records]
    if titled < 0.6 or fmean(lengths) < 12 or fmean(lengths) > _LONGEST:
        return 0.0
    areas = [record.box.width * record.box.height for record in records]
    heights = [record.box.height for record in records]
    average = fmean(heights)
    if average < 14:
        return 0.0
    spread = math.sqrt(fmean([(height - average) ** 2 for height in heights])) / average
    region = 0.8 if group.region in ("", "main") else _REGION.get(group.region, 0.8)
    richness = min(1.0, fmean(lengths) / 60)
    evenness = 1 / (1 + spread)
    return math.sqrt(sum(areas)) * math.log2(1 + count) * titled * region * richness * evenness


def _proven_empty(observation: Observation, index: int | None) -> bool:
    """Whether the main part says, before any list, that there is nothing to list."""
    notices = [n for n in observation.notices if not n.layer and n.kind != "label"]
    if any(says_filled(notice.text) for notice in notices):
        return False
    top = min((n.box.y for n in notices if n.kind == "h1"), default=-math.inf)
    end = math.inf
    if index is not None:
        end = observation.groups[index].records[0].box.y
    return any(
        says_empty(notice.text)
        and not _BESIDE.search(f"{notice.text} {notice.hints}")
        and (index is None or top <= notice.box.y < end)
        for notice in notices
    )


def _from_headings(observation: Observation) -> tuple[ListItem, ...]:
    items: list[ListItem] = []
    for element in observation.elements:
        if element.role == "link" and element.level > 1 and element.region in ("", "main"):
            block = observation.blocks[element.block].text if element.block >= 0 else element.name
            items.append(_item(element, block, sponsored=False))
    return tuple(items)
