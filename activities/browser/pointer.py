"""Clicks and hovers: aims, presses, and checks that the chosen element was the one that felt it."""

import asyncio

from playwright.async_api import ElementHandle, Error, Page
from pydantic import TypeAdapter

from activities.browser.effects import After, Aim, Seen, Watch, rest, watching
from activities.browser.result import ActResult, conclude, failed, gone
from activities.browser.scripts import script
from inference.decisions import Point
from plans.step import FailureClass

_LIFT = script("lift")
_AIM = TypeAdapter(Aim)
_TRIES = 3
_PATIENCE_S = {"disabled": 1.5, "covered": 0.6}
"""A form may still be waking up, and what lies over the target may be fading away."""


async def click(
    page: Page,
    element: ElementHandle,
    *,
    timeout_s: float,
    effect_needed: bool = True,
    at: Point | None = None,
    called: str = "",
) -> ActResult:
    """Click `element` and check the effect; `at`: where in it, from its top left corner.

    `called` is what stood on it when it was chosen: it is not clicked once it says otherwise.

    The click is tried again only where it provably never reached the page. With
    `effect_needed` False a click that lands and changes nothing visible is a success.
    """
    async with watching(page, element, guard=True, at=at, called=called) as watch:
        aim = await reach(watch, element)
        match aim.nature:
            case "detached":
                return gone(page)
            case "file":
                message = "this chooses a file to upload; files are not uploaded by this service"
                return failed(page, FailureClass.UNKNOWN, message)
            case "select":
                await element.focus()
                message = "choose an option next"
                return ActResult(True, page.url, evidence=("focus",), message=message)
            case _:
                effect_needed = effect_needed and aim.nature != "settled"
        return await _click(watch, element, aim, effect_needed, timeout_s)


async def hover(
    page: Page, element: ElementHandle, *, timeout_s: float, at: Point | None = None
) -> ActResult:
    """Rest the pointer on `element`; what it shows is waited for, and not required."""
    async with watching(page, element, enabled=False, hover=True, at=at) as watch:
        aim = await reach(watch, element)
        if aim.state != "free":
            return unreachable(page, aim)
        await page.mouse.move(aim.x, aim.y)
        seen = await watch.seen(0.15)
        after = await rest(watch, seen, timeout_s=timeout_s)
        if seen.report is not None and "hover" not in seen.report.landed and not seen.evidence:
            seen = await _hover_again(watch, element)
        landed = seen.report is None or "hover" in seen.report.landed
        if not landed:
            return _result(watch, aim, seen, after, FailureClass.WRONG_TARGET, "the target moved")
        return _result(watch, aim, seen, after)


async def _hover_again(watch: Watch, element: ElementHandle) -> Seen:
    """The pointer may have rested there already: leave, and come back to where it is now."""
    await watch.page.mouse.move(0, 0)
    aim = await reach(watch, element)
    if aim.state == "free":
        await watch.page.mouse.move(aim.x, aim.y)
    return await watch.seen(0.15)


async def _click(
    watch: Watch, element: ElementHandle, aim: Aim, effect_needed: bool, timeout_s: float
) -> ActResult:
    page = watch.page
    tried: tuple[Aim, Seen] | None = None
    for _ in range(_TRIES):
        if tried is not None:
            aim = await reach(watch, element)
        if aim.state != "free":
            if tried is None or (aim.state == "detached" and not tried[1].evidence):
                return unreachable(page, aim)
            return await _half_done(watch, tried, timeout_s)
        if aim.framed and len(watch.handles) == 1:
            await watch.add_top()
        seen = await _press(watch, aim, timeout_s)
        if seen.missed is None or seen.strong:
            return await _judge(watch, aim, seen, effect_needed, timeout_s)
        tried = (aim, seen)
    return await _half_done(watch, tried, timeout_s)


async def _press(watch: Watch, aim: Aim, timeout_s: float) -> Seen:
    page = watch.page
    watch.events.acting()
    try:
        async with asyncio.timeout(timeout_s):
            await page.mouse.click(aim.x, aim.y)
        return await watch.seen(patient=True)
    except Error:
        # A click may close its own tab; without any tab left it is the browser that was lost.
        if not page.is_closed() or not page.context.pages:
            raise
        await watch.events.wait(lambda: watch.events.closed, 1.0)
        return Seen(("closed",), None)


async def _judge(
    watch: Watch, aim: Aim, seen: Seen, effect_needed: bool, timeout_s: float
) -> ActResult:
    after = await rest(watch, seen, timeout_s=timeout_s)
    report = seen.report
    if report is not None and report.invalid and "leaving" not in seen.evidence:
        message = f"the form was not sent: {report.invalid}"
        return _result(watch, aim, seen, after, FailureClass.NO_STATE_CHANGE, message)
    if report is not None and "click" not in report.landed and not seen.evidence:
        message = "the click did not reach the target"
        return _result(watch, aim, seen, after, FailureClass.WRONG_TARGET, message)
    if effect_needed and not seen.evidence and not watch.events.evident:
        message = "the click landed and nothing on the page changed"
        return _result(watch, aim, seen, after, FailureClass.NO_STATE_CHANGE, message)
    return _result(watch, aim, seen, after)


async def _half_done(watch: Watch, tried: tuple[Aim, Seen] | None, timeout_s: float) -> ActResult:
    """The press was felt, the click was not: a change of the page decides."""
    page = watch.page
    if tried is None:
        return failed(page, FailureClass.WRONG_TARGET, "the target keeps moving")
    aim, seen = tried
    after = await rest(watch, seen, timeout_s=timeout_s)
    pressed = seen.report is not None and "mousedown" in seen.report.landed
    if pressed and seen.evidence:
        return _result(watch, aim, seen, after)
    on = seen.missed.on if seen.missed is not None else "something else"
    message = f"the click would have hit {on} and was held back"
    return _result(watch, aim, seen, after, FailureClass.WRONG_TARGET, message)


async def reach(watch: Watch, element: ElementHandle) -> Aim:
    """Bring the target into view, wait a moment for one that is disabled or covered, and aim."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    aim = await watch.aim()
    if aim.scrolled:
        await watch.frame()
        aim = await watch.aim()
    while loop.time() < began + _PATIENCE_S.get(aim.state, 0.0):
        await asyncio.sleep(0.1)
        aim = await watch.aim()
    return await _lift(element, aim) if aim.framed and aim.state == "free" else aim


async def _lift(element: ElementHandle, aim: Aim) -> Aim:
    """From a frame's coordinates to those of the top viewport, through each frame's element."""
    frame = await element.owner_frame()
    while frame is not None and frame.parent_frame is not None and aim.state == "free":
        holder = await frame.frame_element()
        told: object = await holder.evaluate(_LIFT, {"x": aim.x, "y": aim.y})
        aim = _AIM.validate_python(told)
        frame = frame.parent_frame
    return aim


def unreachable(page: Page, aim: Aim) -> ActResult:
    """Why the pointer does not get to the target."""
    match aim.state:
        case "detached":
            return gone(page)
        case "disabled":
            return failed(page, FailureClass.NO_STATE_CHANGE, "the target is disabled")
        case "covered":
            return ActResult(
                success=False,
                url=page.url,
                failure_class=FailureClass.WRONG_TARGET,
                message=f"the target is covered by {aim.by}",
                covered_by=aim.by,
            )
        case _:
            return failed(page, FailureClass.SELECTOR_MISS, "the target is not visible")


def _result(
    watch: Watch,
    aim: Aim,
    seen: Seen,
    after: After,
    failure_class: FailureClass | None = None,
    message: str = "",
) -> ActResult:
    point = (aim.x, aim.y)
    return conclude(watch, seen, after, failure_class=failure_class, message=message, point=point)
