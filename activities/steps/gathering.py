"""Reads a list that shows more as it is scrolled or asked to: "Load more", virtual lists."""

import asyncio
import re
from collections.abc import Callable, Sequence

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
from inference.observation import Element, Observation

_SPARE_S = 4.0
"""Left of the step's time for writing down what was read."""
_GROWTH_S, _POLL_S, _ANSWER_S = 0.5, 0.05, 5.0
_MOST_TURNS = 200
_SIZE = "document.querySelectorAll('*').length + document.documentElement.scrollHeight"
_MORE = re.compile(
    r"^(?:load|show|view|see|display|get)\s+(?:\d+\s+)?more(?:\s+[\w\d]+){0,3}$|^more results$"
    r"|^(?:mehr|weitere(?:\s+\w+)?)\s+(?:laden|anzeigen)$|^(?:afficher|voir|charger)\s+plus(?:\s.*)?$"
    r"|^(?:ver|cargar|mostrar)\s+más(?:\s.*)?$|^(?:carica|mostra)\s+altr[io](?:\s.*)?$"
    r"|^meer\s+(?:laden|tonen|weergeven)$",
    re.IGNORECASE,
)

Reading = Callable[[Content], list[Record]]


class _Turn(BaseModel):
    moved: bool
    tops: tuple[float, ...]
    size: float


async def gather(context: StepContext, content: Content, read: Reading, most: int) -> list[Record]:
    """The records of a list, each once, read again and again while it is scrolled.

    Ends at `most` records, at the list's end, or when the step's time is nearly over, which is
    noted. A list with a next page is read as it stands: turning pages is the plan's affair.
    """
    known: dict[str, Record] = {}
    _add(known, await asyncio.to_thread(read, content))
    first_tops: tuple[float, ...] | None = None
    for _ in range(_MOST_TURNS):
        if len(known) >= most or not known:
            break
        if context.time_left(_SPARE_S) < _SPARE_S:
            context.notes.append("the step's time was over before the list's end was reached")
            break
        pressed, paged = await _press_more(context)
        if paged:
            break
        turn = await _scroll(context)
        first_tops = first_tops or turn.tops
        grown = await _grew(context, turn.size) or pressed
        if not (turn.moved or grown):
            break
        content = await capture_content(context.page)
        added = _add(known, await asyncio.to_thread(read, content))
        if not added and not turn.moved:
            break
    if (first_tops is not None and any(first_tops)) or (len(known) and first_tops is not None):
        await context.page.evaluate(on_page(script("further")), {"back": list(first_tops)})
    return list(known.values())[:most]


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


async def _press_more(context: StepContext) -> tuple[bool, bool]:
    """Whether a button that loads more was pressed; whether the list has a next page instead."""
    snapshot = await context.look()
    try:
        found = more_button(snapshot.observation)
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


def more_button(observation: Observation) -> Element | None:
    """The one button outside of all records that makes a list longer; None without one."""
    found = [
        element
        for element in observation.elements
        if element.interactive
        and not element.disabled
        and not element.records
        and not element.href.startswith(("http:", "https:", "file:"))
        and _MORE.match((element.name or element.text).strip())
    ]
    return found[0] if len(found) == 1 else None
