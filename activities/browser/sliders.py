"""Sets sliders: by the keys that they take, else by dragging their thumb, and reads them back."""

import re
from dataclasses import dataclass

from playwright.async_api import ElementHandle, Page
from pydantic import TypeAdapter

from activities.browser.effects import Watch, rest, watching
from activities.browser.pointer import reach
from activities.browser.result import ActResult, conclude, failed
from activities.browser.scripts import script
from activities.browser.values import for_input
from plans.step import FailureClass

_SLIDER = script("slider")
_TRACK = script("track")
_MOST_PRESSES = 400
_MOST_WORDS = 60
_NUDGES = 8
_LONG_WAY = 40


@dataclass(frozen=True)
class Slider:
    """How a slider stands; see `js/slider.js`."""

    native: bool
    now: float | None
    least: float | None
    most: float | None
    step: float | None
    said: str
    upright: bool


@dataclass(frozen=True)
class Track:
    """The way that a thumb can go, in CSS pixels."""

    width: float
    height: float


_STATE = TypeAdapter(Slider)
_WAY = TypeAdapter(Track)


async def slide(page: Page, element: ElementHandle, text: str, *, timeout_s: float) -> ActResult:
    """Bring a slider to the value that `text` names: a number, a percentage, or its own words."""
    before = await _read(element)
    wanted = value_of(text, before)
    if wanted is None and not before.said:
        message = "the slider does not tell its value, so it can't be set to one"
        return failed(page, FailureClass.SELECTOR_MISS, message)
    async with watching(page, element, begun=True) as watch:
        await element.evaluate("e => e.focus()")
        if wanted is None:
            await _by_words(page, element, text)
        elif before.now != wanted:
            if before.native and _steps(before, wanted) > _LONG_WAY:
                await _press_track(watch, element, before, wanted)
            if not await _by_keys(page, element, wanted):
                await _by_thumb(watch, element, wanted)
        seen = await watch.seen(0.05)
        after = await rest(watch, seen, timeout_s=timeout_s)
        now = await _read(element)
        point = now.said.casefold() == text.strip().casefold() or _close(now, wanted)
        if point:
            return conclude(watch, seen, after, evidence=("value" if now != before else "same",))
        message = f"the slider stands at {now.said or now.now}, not where it should"
        failure = FailureClass.VERIFY_FAILED
        return conclude(watch, seen, after, failure_class=failure, message=message)


def value_of(text: str, slider: Slider) -> float | None:
    """The number that `text` means on this slider; None where it names none."""
    if not re.search(r"\d", text):
        return None
    try:
        value = float(for_input("range", text))
    except ValueError:
        return None
    share = text.strip().endswith("%") and (slider.least, slider.most) != (0, 100)
    if share and slider.least is not None and slider.most is not None:
        return slider.least + (slider.most - slider.least) * value / 100
    return value


def _close(slider: Slider, wanted: float | None) -> bool:
    if wanted is None or slider.now is None:
        return False
    span = abs((slider.most or 0) - (slider.least or 0)) or abs(wanted) or 1.0
    return abs(slider.now - wanted) <= span * 1e-6


def _steps(slider: Slider, wanted: float) -> float:
    if slider.now is None or not slider.step:
        return 0.0
    return abs(wanted - slider.now) / slider.step


async def _read(element: ElementHandle) -> Slider:
    told: object = await element.evaluate(_SLIDER)
    return _STATE.validate_python(told)


async def _by_words(page: Page, element: ElementHandle, text: str) -> None:
    """From its least value upwards until it says what is wanted."""
    await page.keyboard.press("Home")
    last = ""
    for _ in range(_MOST_WORDS):
        now = await _read(element)
        if now.said.casefold() == text.strip().casefold() or now.said == last:
            return
        last = now.said
        await page.keyboard.press("ArrowRight")


async def _by_keys(page: Page, element: ElementHandle, wanted: float) -> bool:
    """Whether arrow keys bring it there; False where it takes none."""
    start = (await _read(element)).now
    if start is None:
        return False
    key, other = ("ArrowRight", "ArrowLeft") if wanted > start else ("ArrowLeft", "ArrowRight")
    now = start
    for _ in range(_MOST_PRESSES):
        if now == wanted:
            return True
        last = now
        await page.keyboard.press(key)
        read = (await _read(element)).now
        if read is None or read == last:
            return False
        now = read
        if abs(now - wanted) >= abs(last - wanted):
            await page.keyboard.press(other)
            return True
    return True


async def _press_track(watch: Watch, element: ElementHandle, slider: Slider, wanted: float) -> None:
    """A press on the track of a native slider brings its thumb close to the wanted value."""
    box = await element.bounding_box()
    if box is None or slider.upright or slider.least is None or slider.most is None:
        return
    aim = await reach(watch, element)
    if aim.state != "free" or slider.most <= slider.least:
        return
    box = await element.bounding_box() or box
    thumb = min(16.0, box["height"])
    share = (wanted - slider.least) / (slider.most - slider.least)
    x = box["x"] + thumb / 2 + (box["width"] - thumb) * share
    await watch.page.mouse.click(x, box["y"] + box["height"] / 2)


async def _by_thumb(watch: Watch, element: ElementHandle, wanted: float) -> None:
    """Hold the thumb and move it until the slider says the wanted value."""
    state = await _read(element)
    aim = await reach(watch, element)
    if aim.state != "free" or state.now is None or state.least is None or state.most is None:
        return
    told: object = await element.evaluate(_TRACK)
    track = _WAY.validate_python(told)
    length = -track.height if state.upright else track.width
    rate = length / ((state.most - state.least) or 1.0)
    mouse = watch.page.mouse
    await mouse.move(aim.x, aim.y)
    await mouse.down()
    moved = 0.0
    now = state.now
    for _ in range(_NUDGES):
        if now == wanted:
            break
        moved += (wanted - now) * rate
        x, y = (aim.x, aim.y + moved) if state.upright else (aim.x + moved, aim.y)
        await mouse.move(x, y, steps=3)
        read = (await _read(element)).now
        if read is None:
            break
        now = read
    await mouse.up()
