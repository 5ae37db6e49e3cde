"""Pick a day in a calendar: open it, turn its pages, click the day."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from inference.decisions import ActKind, Decision, DontKnowReason
from inference.dom.compound.asked import LEADS, Answer, Asked, act, dont_know, look_again
from inference.dom.compound.months import day_in, month_in, month_named
from inference.dom.scene import label_of
from inference.dom.words import hint_words, words_of
from inference.observation import Element, Rect
from plans.step import StepType

_TYPES: Final = frozenset({StepType.FILL_FIELD, StepType.SELECT_OPTION, StepType.CLICK})
_ASKS_DAY: Final = re.compile(
    r"^\W*(?:select|choose|pick|set|wähle|setze)\b|\b(?:the (?:date|day)|calendar|kalender)\b", re.I
)
"""Clicks that mean a day, not a thing that bears a date."""
_LEAST_DAYS: Final = 7
"""Cells with numbers of days that make a calendar."""
_OPENER: Final = re.compile(r"date|calend|kalender|datum|fecha|check-?(?:in|out)|day\b", re.I)
_OTHER_MONTH: Final = re.compile(
    r"(?:^|[\s_-])(?:other-?month|outside|adjacent|off|old|new|prev-?month|next-?month|muted"
    r"|not-?current)(?:[\s_-]|$)",
    re.IGNORECASE,
)
_NEXT: Final = re.compile(r"(?:^|[\s_-])(?:next|forward|nächste\w*|siguiente|suivant)", re.I)
_BACK: Final = re.compile(r"(?:^|[\s_-])(?:prev\w*|back|vorherige\w*|anterior|précédent)", re.I)
_NEXT_SIGN: Final = frozenset("›»>→❯▶")
_BACK_SIGN: Final = frozenset("‹«<←❮◀")
_NEAR: Final = 140
"""Pixels around the days within which a calendar's heading and buttons lie."""


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The day cells of one month that is shown, with what stands around them."""

    cells: tuple[Element, ...]
    shown: tuple[int, int]
    area: Rect


def pick(asked: Asked) -> Answer | None:
    """The next act in a calendar that is open, towards the day that the step names.

    None where the step names no day, or means a field that takes typing.
    """
    day = _day(asked)
    if day is None or not (asked.done or asked.intent.type is not StepType.FILL_FIELD):
        return None
    labelled = _labelled(asked, day)
    if labelled is not None:
        return act(ActKind.CLICK, labelled, f"the cell of {day.isoformat()}")
    calendars = _calendars(asked)
    if calendars:
        return _in_calendar(asked, calendars, day)
    return None


def open_calendar(asked: Asked, answer: Answer) -> Answer:
    """The answer; where a day is asked for and no field takes it, the way to its calendar."""
    day = _day(asked)
    if isinstance(answer, Decision) or day is None:
        return answer
    calendars = _calendars(asked)
    if calendars:
        return _in_calendar(asked, calendars, day)
    opener = _opener(asked)
    if opener is None:
        return answer
    if any(one.act is ActKind.CLICK for one in asked.done):
        return look_again(asked, opener, "waits for the calendar") or dont_know(
            DontKnowReason.UNREADABLE, "no calendar was found where one was opened"
        )
    return act(ActKind.CLICK, opener, "opens the calendar", sure=LEADS, goes_on=True)


def _day(asked: Asked) -> date | None:
    if asked.intent.type not in _TYPES:
        return None
    if asked.intent.type is StepType.CLICK and not _ASKS_DAY.search(asked.question.intent):
        return None
    language = asked.scene.observation.language
    texts = (asked.intent.value, asked.question.intent)
    return next((one for text in texts if (one := day_in(text, language))), None)


def _labelled(asked: Asked, day: date) -> Element | None:
    """The cell that says the whole date itself."""
    language = asked.scene.observation.language
    found = [
        one
        for one in asked.elements
        if one.role in ("button", "gridcell", "generic", "link", "option")
        and day_in(f"{one.name} {one.hints}", language) == day
        and re.search(rf"(?<!\d){day.day}(?!\d)", one.text)
        and len(one.text) < 24
    ]
    inner = [one for one in found if not _other_month(one)] or found
    return inner[-1] if inner and _alike(inner) else None


def _alike(cells: Sequence[Element]) -> bool:
    """Whether the cells are one: nested, so that each lies where the first does."""
    first = cells[0].box
    return all(
        abs(one.box.x + one.box.width / 2 - first.x - first.width / 2) < first.width
        and abs(one.box.y + one.box.height / 2 - first.y - first.height / 2) < first.height
        for one in cells
    )


def _in_calendar(asked: Asked, calendars: Sequence[_Calendar], day: date) -> Answer:
    for calendar in calendars:
        if calendar.shown == (day.year, day.month):
            cell = _cell(calendar, day.day)
            if cell is None or cell.disabled:
                return dont_know(DontKnowReason.BLOCKED, "the day can't be chosen", calendar.cells)
            return act(ActKind.CLICK, cell, f"the {day.day} of the month shown")
    first, last = calendars[0], calendars[-1]
    if (jump := _jump(asked, first, day)) is not None:
        return jump
    ahead = (day.year, day.month) > last.shown
    turn = _turner(asked, calendars, ahead=ahead)
    if turn is None:
        return dont_know(DontKnowReason.ABSENT, "the calendar has no such month", first.cells)
    why = f"turns the calendar from {first.shown[0]}-{first.shown[1]:02}"
    return act(ActKind.CLICK, turn, why, sure=LEADS, goes_on=True)


def _calendars(asked: Asked) -> list[_Calendar]:
    """The months that are shown, earliest first; none where no heading tells the month."""
    cells = [
        one
        for one in asked.scene.observation.elements
        if one.interactive and one.text.isdigit() and 1 <= int(one.text) <= 31
    ]
    cells = [one for one in cells if not _holds_another(one, cells)]
    found: list[_Calendar] = []
    for run in _months(cells):
        area = _around(run)
        shown = _heading(asked, area)
        if shown is not None:
            found.append(_Calendar(tuple(run), shown, area))
    return sorted(found, key=lambda one: one.shown)


def _holds_another(outer: Element, cells: Sequence[Element]) -> bool:
    return any(
        one.ref != outer.ref
        and one.ref > outer.ref
        and one.text == outer.text
        and outer.box.x <= one.box.x + 1
        and outer.box.y <= one.box.y + 1
        and outer.box.x + outer.box.width >= one.box.x + one.box.width - 1
        and outer.box.y + outer.box.height >= one.box.y + one.box.height - 1
        for one in cells
    )


def _months(cells: Iterable[Element]) -> list[list[Element]]:
    """The cells cut wherever the count of days begins anew; rests of other months left out."""
    runs: list[list[Element]] = []
    for one in cells:
        if not runs or int(one.text) <= int(runs[-1][-1].text):
            runs.append([])
        runs[-1].append(one)
    return [run for run in runs if len(run) >= _LEAST_DAYS]


def _around(cells: Sequence[Element]) -> Rect:
    left = min(one.box.x for one in cells)
    top = min(one.box.y for one in cells)
    right = max(one.box.x + one.box.width for one in cells)
    bottom = max(one.box.y + one.box.height for one in cells)
    return Rect(left, top, right - left, bottom - top)


def _heading(asked: Asked, area: Rect) -> tuple[int, int] | None:
    """Year and month of the nearest heading above the days, in one text or in two."""
    observation = asked.scene.observation
    above = [one for one in observation.notices if _above(one.box, area) and len(one.text) < 60]
    texts = [(one.box, one.text) for one in above]
    texts += [
        (one.box, one.name)
        for one in observation.elements
        if _above(one.box, area) and len(one.name) < 60
    ]
    near = [(area.y - box.y, found) for box, text in texts if (found := month_in(text))]
    if near:
        return min(near)[1]
    shown = [one.value for one in observation.elements if one.options and _above(one.box, area)]
    shown += [text for _, text in texts]
    month = next((found for text in shown if (found := month_named(text))), None)
    years = [int(text) for text in shown if re.fullmatch(r"\W*(?:19|20)\d{2}\W*", text)]
    return (years[0], month) if month and years else None


def _above(box: Rect, area: Rect) -> bool:
    """Whether a box lies over the days, or at their top, within a calendar's reach."""
    middle = box.x + box.width / 2
    return (
        area.y - _NEAR <= box.y <= area.y + 12 and area.x - 40 <= middle <= area.x + area.width + 40
    )


def _cell(calendar: _Calendar, number: int) -> Element | None:
    found = [one for one in calendar.cells if int(one.text) == number and not _other_month(one)]
    return found[0] if found else None


def _other_month(cell: Element) -> bool:
    return bool(_OTHER_MONTH.search(cell.hints))


def _jump(asked: Asked, calendar: _Calendar, day: date) -> Answer | None:
    """Choose year, then month, where the calendar has lists of them."""
    lists = [one for one in asked.elements if one.options and _above(one.box, calendar.area)]
    for one in lists:
        years = [option for option in one.options if option.strip() == str(day.year)]
        if years and calendar.shown[0] != day.year:
            return act(ActKind.SELECT, one, "the year", text=years[0], sure=LEADS, goes_on=True)
    for one in lists:
        months = [option for option in one.options if month_named(option) == day.month]
        if months and calendar.shown[1] != day.month:
            return act(ActKind.SELECT, one, "the month", text=months[0], sure=LEADS, goes_on=True)
    return None


def _turner(asked: Asked, calendars: Sequence[_Calendar], *, ahead: bool) -> Element | None:
    """The button that shows the next month, or the one before."""
    mark, sign = (_NEXT, _NEXT_SIGN) if ahead else (_BACK, _BACK_SIGN)
    area = _around([cell for calendar in calendars for cell in calendar.cells])
    reach = Rect(area.x - 60, area.y - _NEAR, area.width + 120, area.height + _NEAR + 60)
    found: list[tuple[int, Element]] = []
    for one in asked.elements:
        if not _inside(one.box, reach) or one.text.isdigit():
            continue
        said = f"{one.name} {one.hints}"
        if mark.search(said) or one.text.strip() in sign or mark.search(label_of(one)):
            year = bool(words_of(one.name).stems & {"year", "jahr"}) or bool(
                hint_words(one.hints).stems & {"year"}
            )
            found.append((int(year), one))
    found.sort(key=lambda pair: (pair[0], pair[1].ref))
    return found[0][1] if found and not found[0][0] else None


def _inside(box: Rect, area: Rect) -> bool:
    x, y = box.x + box.width / 2, box.y + box.height / 2
    return area.x <= x <= area.x + area.width and area.y <= y <= area.y + area.height


def _opener(asked: Asked) -> Element | None:
    """What opens the calendar: a field that takes no typing, or a button that says so."""
    fields = [
        one
        for one in asked.elements
        if one.role in ("textbox", "combobox", "button", "generic")
        and (one.readonly or one.role in ("button", "generic"))
        and _OPENER.search(f"{label_of(one)} {one.hints} {one.placeholder}")
        and len(label_of(one)) < 60
    ]
    readonly = [one for one in fields if one.readonly]
    asked_for = _said(asked, readonly or fields)
    return asked_for[0] if len(asked_for) == 1 else None


def _said(asked: Asked, fields: list[Element]) -> list[Element]:
    """The fields that the intent can mean: by the step's label, by its words, else all."""
    wanted = words_of(f"{asked.intent.label} {asked.intent.text}").stems
    best = [
        (len(words_of(f"{label_of(one)} {one.placeholder}").stems & wanted), one) for one in fields
    ]
    most = max((count for count, _ in best), default=0)
    return [one for count, one in best if count == most]
