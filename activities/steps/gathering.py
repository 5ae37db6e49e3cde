"""Reads a list that shows more as it is scrolled or asked to: "Load more", virtual lists."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import BaseModel

from activities.browser.content import capture_content
from activities.browser.events import PageEvents
from activities.browser.scripts import on_page, script
from activities.browser.settle import Patience, settle
from activities.steps.context import StepContext
from activities.steps.records import keyed
from inference.content import Content
from inference.decisions import Record
from inference.dom.paging import next_page
from inference.extract.nodes import squash
from inference.observation import Element, Observation, RecordGroup, Rect

_SPARE_S = 4.0
"""Left of the step's time for writing down what was read."""
_GROWTH_S, _POLL_S, _ANSWER_S = 0.5, 0.05, 5.0
_MOST_TURNS = 200
_SIZE = "document.querySelectorAll('*').length + document.documentElement.scrollHeight"
_THINGS = (
    "results|items|listings|posts|reviews|products|ads|offers|entries|records|rows|jobs|articles"
    "|comments|properties|vehicles|cars|homes|rentals|messages|orders|events|stories|news"
    "|transactions|activity|replies|answers|matches|hotels|flights|recipes|courses"
)
_MORE = re.compile(
    rf"^(?:load|show|view|see|display)\s+(?:\d+\s+)?more(?:\s+(?:{_THINGS}))?$|^more results$"
    r"|^(?:mehr|weitere(?:\s+\w+)?)\s+(?:laden|anzeigen)$"
    r"|^(?:afficher|voir|charger)\s+plus(?:\s+(?:de\s+résultats|d['’]annonces|d['’]articles"
    r"|de\s+produits|d['’]avis))?$"
    r"|^(?:ver|cargar|mostrar)\s+más(?:\s+(?:resultados|anuncios|productos|opiniones))?$"
    r"|^(?:carica|mostra)\s+altr[io](?:\s+(?:risultati|annunci|prodotti|articoli))?$"
    r"|^meer\s+(?:laden|tonen|weergeven)$",
    re.IGNORECASE,
)

Reading = Callable[[Content], list[Record]]


class _Turn(BaseModel):
    moved: bool
    tops: tuple[float, ...]
    size: float


@dataclass
class _Gathered:
    """What is known of the list so far: its records, and where the page was scrolled to."""

    records: dict[str, Record]
    tops: tuple[float, ...] | None = None


async def gather(context: StepContext, content: Content, read: Reading, most: int) -> list[Record]:
    """The records of a list, each once, read again and again while it is scrolled.

    Ends at `most` records, at the list's end, or when the step's time is nearly over, which is
    noted: what was read until then is the answer. A list with a next page is read as it stands:
    turning pages is the plan's affair. What another page shows than the list's is dropped.
    """
    known = _Gathered({})
    _add(known.records, await asyncio.to_thread(read, content))
    clock = asyncio.timeout_at(context.deadline - _SPARE_S)
    try:
        async with clock:
            await _read_on(context, known, read, most)
    except TimeoutError:
        if not clock.expired():
            raise
        context.notes.append("the step's time was over before the list's end was reached")
    return list(known.records.values())[:most]


async def _read_on(context: StepContext, known: _Gathered, read: Reading, most: int) -> None:
    """Read the list to its end, and leave the page scrolled as it was."""
    home = await _document(context)
    for _ in range(_MOST_TURNS):
        if len(known.records) >= most or not known.records:
            break
        pressed, paged = await _press_more(context, list(known.records.values()))
        if await _document(context) != home:
            context.notes.append("a button for more opened another page, which was not read")
            return
        if paged:
            break
        turn = await _scroll(context)
        known.tops = known.tops or turn.tops
        grown = await _grew(context, turn.size) or pressed
        if not (turn.moved or grown):
            break
        content = await capture_content(context.page)
        records = await asyncio.to_thread(read, content)
        if await _document(context) != home:
            context.notes.append("the list was left for another page, which was not read")
            return
        if not _add(known.records, records) and not turn.moved:
            break
    if known.tops is not None:
        await context.page.evaluate(on_page(script("further")), {"back": list(known.tops)})


async def _document(context: StepContext) -> tuple[object, ...]:
    """What tells the document in the tab from any other; a query may change with the list."""
    page = context.page
    url = urlsplit(page.url)
    route = url.fragment if url.fragment.startswith(("/", "!")) else ""
    return page, url.netloc, url.path, route, await page.evaluate("performance.timeOrigin")


def _add(known: dict[str, Record], records: Sequence[Record]) -> int:
    before = len(known)
    for key, record in keyed(records):
        known.setdefault(key, record)
    return len(known) - before


async def _scroll(context: StepContext) -> _Turn:
    answer = await context.page.evaluate(on_page(script("further")), {})
    return _Turn.model_validate(answer)


async def _grew(context: StepContext, size: float) -> bool:
    """Whether the page shows more than before, soon after it was scrolled."""
    loop = asyncio.get_running_loop()
    until = loop.time() + context.time_left(_GROWTH_S)
    while loop.time() < until:
        await asyncio.sleep(_POLL_S)
        if await context.page.evaluate(_SIZE) != size:
            return True
    return False


async def _press_more(context: StepContext, known: Sequence[Record]) -> tuple[bool, bool]:
    """Whether a button that loads more was pressed; whether the list has a next page instead."""
    snapshot = await context.look()
    try:
        found = more_button(snapshot.observation, known)
        if found is None:
            return False, next_page(snapshot.observation) is not None
        with PageEvents(context.page) as events:
            report = await context.press(await snapshot.element(found.ref))
            if events.pending:
                most = context.time_left(_ANSWER_S)
                await settle(
                    context.page, timeout_s=most, events=events, patience=Patience(data=most)
                )
        return report.success, False
    finally:
        await snapshot.dispose()


def more_button(observation: Observation, known: Sequence[Record] = ()) -> Element | None:
    """The one button outside of all records that makes a list longer; None without one.

    It stands in or below the list of the records that are `known`, where that list is found.
    """
    lists = _lists_of(observation, known)
    found = [
        element
        for element in observation.elements
        if element.interactive
        and not element.disabled
        and not element.records
        and not element.href.startswith(("http:", "https:", "file:"))
        and _MORE.match((element.name or element.text).strip())
        and (not lists or any(_follows(element.box, group.records[0].box) for group in lists))
    ]
    return found[0] if len(found) == 1 else None


def _lists_of(observation: Observation, known: Sequence[Record]) -> list[RecordGroup]:
    """The groups on the page whose first records show values that were read."""
    values = {
        squash(found.value)
        for record in known
        for found in record.fields.values()
        if found.value is not None and len(found.value) > 2
    }
    return [
        group
        for group in observation.groups
        if group.records
        and any(value in squash(one.text) for one in group.records[:3] for value in values)
    ]


def _follows(button: Rect, first: Rect) -> bool:
    """Whether a button stands below the top of a list and not in another column of the page."""
    apart = button.x + button.width <= first.x or (
        button.y < first.y + first.height and button.x >= first.x + first.width
    )
    return button.y > first.y and not apart
