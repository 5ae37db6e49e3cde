"""Bring a slider to a value with the keyboard, looking at what it shows in between."""

import re
from typing import Final

from inference.decisions import ActKind, DontKnowReason
from inference.dom.compound.asked import LEADS, Answer, Asked, act, dont_know
from inference.dom.scene import label_of
from inference.dom.words import words_of
from inference.observation import Element
from plans.step import StepType

_TYPES: Final = frozenset({StepType.CLICK, StepType.FILL_FIELD, StepType.SELECT_OPTION})
_ASKS: Final = re.compile(r"\b(?:slider|range|regler|schieberegler|curseur)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_SLIDER: Final = re.compile(r"slider|range|track", re.IGNORECASE)
_HANDLE: Final = re.compile(r"handle|thumb|knob", re.IGNORECASE)
_MOST: Final = 100
"""Keys pressed at one look."""


def slide(asked: Asked) -> Answer | None:
    """The keys that bring the slider closer; None where the step means none.

    The first presses take a step of 1 for granted; the next look tells what a press does.
    """
    if asked.intent.type not in _TYPES:
        return None
    handles = _handles(asked)
    if not handles or not _ASKS.search(asked.question.intent):
        return None
    wanted = _wanted(asked)
    if wanted is None:
        return None
    handle = _meant(asked, handles)
    if handle is None:
        return dont_know(DontKnowReason.AMBIGUOUS, "several sliders fit", handles)
    now = _value(handle)
    if now is None:
        return dont_know(DontKnowReason.UNREADABLE, "the slider shows no value", handles)
    if now == wanted:
        return act(ActKind.SCROLL, handle, f"it is at {wanted:g}")
    presses = round((wanted - now) / _step(asked, now, wanted))
    if not 0 < abs(presses) <= _MOST or len(asked.done) > 3:
        return dont_know(DontKnowReason.UNSURE, f"the slider stays at {now:g}", handles)
    key = "ArrowRight" if presses > 0 else "ArrowLeft"
    text = " ".join([key] * abs(presses))
    return act(ActKind.PRESS, handle, f"from {now:g}", text=text, sure=LEADS, goes_on=True)


def _handles(asked: Asked) -> list[Element]:
    """What takes the keys: sliders by role, else focusable handles in something called slider."""
    native = [one for one in asked.elements if one.role == "slider" and one.tag != "input"]
    return native or [
        one
        for one in asked.elements
        if _SLIDER.search(one.hints) and _HANDLE.search(one.hints) and not one.name
    ]


def _wanted(asked: Asked) -> float | None:
    found = _NUMBER.search(asked.intent.value) or _NUMBER.search(
        re.sub(r"\d+(?:st|nd|rd|th)\b", "", asked.question.intent)
    )
    return float(found.group()) if found else None


def _meant(asked: Asked, handles: list[Element]) -> Element | None:
    if len(handles) == 1:
        return handles[0]
    if asked.intent.ordinal is not None:
        at = asked.intent.ordinal - 1 if asked.intent.ordinal > 0 else len(handles) - 1
        return handles[at] if at < len(handles) else None
    said = words_of(f"{asked.intent.label} {asked.intent.text}").stems
    rated = [(len(words_of(f"{label_of(one)} {one.group}").stems & said), one) for one in handles]
    most = max(count for count, _ in rated)
    best = [one for count, one in rated if count == most]
    return best[0] if most and len(best) == 1 else None


def _value(handle: Element) -> float | None:
    """What the slider stands at: its own value, else the number shown beside it."""
    for text in (handle.value, handle.text, handle.after, handle.before):
        if re.fullmatch(r"\W{0,3}-?\d+(?:\.\d+)?\W{0,3}", text.strip()):
            return float(_NUMBER.findall(text)[0])
    return None


def _step(asked: Asked, now: float, wanted: float) -> float:
    """What one press moves: 1, until presses that were meant to reach `wanted` missed it."""
    pressed = [one for one in asked.done if one.act is ActKind.PRESS]
    if len(pressed) != 1:
        return 1.0
    count = len(pressed[0].text.split())
    ahead = 1 if pressed[0].text.startswith("ArrowRight") else -1
    step = 1 + (now - wanted) * ahead / count
    return step if abs(step) > 0.01 else 1.0
