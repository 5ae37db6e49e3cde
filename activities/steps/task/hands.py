"""The acts of the agent of a task: clicks, keys, typing, fields, dragging, scrolling."""

from collections.abc import Awaitable, Callable
from typing import Final, Literal, assert_never

from anthropic.tools import ToolError
from anthropic.types.beta import BetaBrowserCoordinateTarget, BetaBrowserRefTarget
from playwright.async_api import ElementHandle

from activities.browser.act import ActResult
from activities.browser.keys import chords
from activities.browser.settle import settle
from activities.browser.snapshot import Snapshot
from activities.steps.report import Report
from activities.steps.target import target_of
from activities.steps.task.desk import Desk
from activities.steps.task.filling import refuse_references, typed_text
from activities.steps.task.going import leave_foreign
from activities.steps.task.parts import Parts
from inference.asking import Grounded
from inference.decisions import ActKind, Decision
from inference.fresh import Stale, resolve
from inference.guarded import sends_enter
from inference.observation import Element
from plans.step import FailureClass, TierName

Target = BetaBrowserCoordinateTarget | BetaBrowserRefTarget
Button = Literal["left", "right", "middle"]

_NOTCH_PX: Final = 100
_MOST_NOTCHES: Final = 10
_MOST_KEYS: Final = 100
_REST_S: Final = 6.0
_SOFT: Final = ("nothing on the page changed", "nothing took them")
"""Ends of messages about acts that were done and changed nothing that can be seen."""
_MODIFIERS: Final = {
    "shift": "Shift",
    "ctrl": "Control",
    "control": "Control",
    "cmd": "Meta",
    "meta": "Meta",
    "alt": "Alt",
}
_SWITCHES: Final = frozenset({"checkbox", "radio", "switch", "menuitemcheckbox", "menuitemradio"})
_CHOICES: Final = frozenset({"combobox", "listbox"})


class Hands:
    """Acts on the page of a desk, each act counted and claimed on its own."""

    def __init__(self, desk: Desk, parts: Parts) -> None:
        self._desk = desk
        self._parts = parts
        self._report = Report()

    async def once(self, name: str, act: Callable[[], Awaitable[str | None]]) -> str | None:
        """Do an act that counts; one that a lost try has done is not done a second time.

        `name` is that of the model's call.

        Raises:
            ToolError: it was not done, or has led elsewhere.
            PartUnknown: whether a lost try has done it can't be told.
        """
        desk = self._desk
        desk.check_home()
        done = await self._parts.begin(name)
        if done is not None:
            return f"Not done again: {done.why}."
        before, url = desk.page, desk.page.url
        self._report = Report(success=False, failure_class=FailureClass.UNKNOWN)
        try:
            told = await act()
        finally:
            await self._parts.end(self._report)
        await leave_foreign(desk, before, url)
        return told

    async def click(self, target: Target, modifiers: str | None) -> str | None:
        """Click with the left button."""
        keys = _modifiers(modifiers)
        if keys:
            return await self.mouse(target, "left", 1, keys)
        snapshot = await self._desk.untouched()
        try:
            decision = await self._decision(target, snapshot, ActKind.CLICK)
            await self._check_way(await self._element(decision, snapshot))
            return self._told(await self._desk.context.carry_out(snapshot, decision))
        finally:
            await snapshot.dispose()

    async def mouse(
        self, target: Target, button: Button, count: int, keys: tuple[str, ...] = ()
    ) -> str | None:
        """Click in another way than once with the left button."""
        desk, page = self._desk, self._desk.page
        snapshot = await desk.untouched()
        try:
            decision = await self._decision(target, snapshot, ActKind.CLICK)
            element = await self._element(decision, snapshot)
            await self._check_way(element)
            await desk.context.acts.before(element, ActKind.CLICK, "")
            x, y = await self._place(decision, element)
            for key in keys:
                await page.keyboard.down(key)
            try:
                await page.mouse.click(x, y, button=button, click_count=count)
            finally:
                for key in reversed(keys):
                    await page.keyboard.up(key)
            await settle(page, timeout_s=desk.context.time_left(_REST_S))
        finally:
            await snapshot.dispose()
        self._report = Report()
        return None

    async def hover(self, target: Target) -> str | None:
        """Rest the pointer somewhere."""
        desk = self._desk
        desk.check_home()
        snapshot = await desk.untouched()
        try:
            decision = await self._decision(target, snapshot, ActKind.HOVER)
            return self._told(await desk.context.carry_out(snapshot, decision))
        finally:
            await snapshot.dispose()

    async def drag(
        self, start: BetaBrowserCoordinateTarget, end: BetaBrowserCoordinateTarget
    ) -> str | None:
        """Drag from one place to another."""
        desk = self._desk
        snapshot = await desk.untouched()
        try:
            decision = self._resolved(
                snapshot,
                Grounded(
                    act=ActKind.DRAG, x=start.x, y=start.y, to_x=end.x, to_y=end.y, confidence=1.0
                ),
            )
            return self._told(await desk.context.carry_out(snapshot, decision))
        finally:
            await snapshot.dispose()

    async def scroll(
        self, target: BetaBrowserCoordinateTarget, way: str, amount: int
    ) -> str | None:
        """Turn the wheel over a place."""
        page = self._desk.page
        if not 1 <= amount <= _MOST_NOTCHES:
            raise ToolError("scroll_amount must be between 1 and 10.")
        await self._desk.context.acts.mark()
        pixels = amount * _NOTCH_PX
        x = {"left": -pixels, "right": pixels}.get(way, 0)
        y = {"up": -pixels, "down": pixels}.get(way, 0)
        await page.mouse.move(target.x, target.y)
        await page.mouse.wheel(x, y)
        await settle(page, timeout_s=self._desk.context.time_left(_REST_S))
        return None

    async def scroll_to(self, ref: str) -> str | None:
        """Bring an element into view."""
        snapshot = await self._desk.untouched()
        try:
            _, element = await self._desk.target(ref, snapshot)
            return self._told(await self._desk.context.perform(element, ActKind.SCROLL))
        finally:
            await snapshot.dispose()

    async def type(self, text: str) -> str | None:
        """Type where the focus is."""
        if not text:
            raise ToolError("text is empty: there is nothing to type.")
        typed = await typed_text(self._desk, text, None)
        if sends_enter(ActKind.TYPE, typed):
            await self._check_way(None)
        return self._told(await self._desk.context.perform(None, ActKind.TYPE, typed))

    async def key(self, text: str, repeat: int) -> str | None:
        """Press keys, several times over."""
        refuse_references(self._desk, text)
        named = chords(text)
        if named is None:
            raise ToolError(f"{text[:40]!r} names no key.")
        if not 1 <= repeat * len(named) <= _MOST_KEYS:
            raise ToolError(f"At most {_MOST_KEYS} keys are pressed at once.")
        keys = " ".join(named * repeat)
        if sends_enter(ActKind.PRESS, keys) or "Space" in named:
            await self._check_way(None)
        return self._told(await self._desk.context.perform(None, ActKind.PRESS, keys))

    async def form_input(self, ref: str, value: str | float | bool) -> str | None:
        """Give a field a value, by what kind of field it is."""
        desk = self._desk
        snapshot = await desk.untouched()
        try:
            found, handle = await desk.target(ref, snapshot)
            element = snapshot.observation.element(found)
            kind, text = _act_of(element, value)
            if kind is ActKind.FILL:
                text = await typed_text(desk, text, handle)
            else:
                refuse_references(desk, text)
                await self._check_way(handle)
            return self._told(await desk.context.perform(handle, kind, text))
        finally:
            await snapshot.dispose()

    def _told(self, result: ActResult) -> str | None:
        """What the model reads of an act that was done; else why it was not."""
        self._report = Report(success=result.success, failure_class=result.failure_class)
        message = self._desk.word(result.message)
        if not result.success and not message.endswith(_SOFT):
            raise ToolError(message or "The act failed: look at the page again.")
        if not result.success:
            self._report = Report()
            return "Nothing on the page changed."
        return message or None

    async def _decision(self, target: Target, snapshot: Snapshot, act: ActKind) -> Decision:
        match target:
            case BetaBrowserRefTarget():
                found, _ = await self._desk.target(target.ref, snapshot)
                return Decision(act=act, ref=found, confidence=1.0, tier=TierName.CLAUDE)
            case BetaBrowserCoordinateTarget():
                asked = Grounded(act=act, x=target.x, y=target.y, confidence=1.0)
                return self._resolved(snapshot, asked)
            case _:
                assert_never(target)

    def _resolved(self, snapshot: Snapshot, asked: Grounded) -> Decision:
        """Places are those of the last picture that the model was shown."""
        look = self._desk.shown
        if look is None:
            raise ToolError("Take a screenshot first: places are those of the last one.")
        word = self._desk.context.mask.worded
        found = resolve(look, asked, snapshot.observation, TierName.CLAUDE, word)
        if isinstance(found, Stale):
            why = self._desk.references.shown(found.why)
            raise ToolError(f"The page is not as in the last screenshot: {why}. Take a new one.")
        return found

    async def _element(self, decision: Decision, snapshot: Snapshot) -> ElementHandle | None:
        if decision.ref is not None:
            return await snapshot.element(decision.ref)
        if decision.point is None:
            return None
        place = {"x": decision.point.x, "y": decision.point.y}
        handle = await self._desk.page.evaluate_handle(
            "({x, y}) => document.elementFromPoint(x, y)", place
        )
        return handle.as_element()

    async def _place(
        self, decision: Decision, element: ElementHandle | None
    ) -> tuple[float, float]:
        if decision.point is not None:
            return decision.point.x, decision.point.y
        if element is None:
            raise ToolError("The target has left the page: look again.")
        await element.scroll_into_view_if_needed(timeout=2000)
        box = await element.bounding_box()
        if box is None:
            raise ToolError("The target is not visible.")
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    async def _check_way(self, element: ElementHandle | None) -> None:
        """No link to another host is followed and no form sent there, whatever they are called.

        Args:
            element: what is pressed; None: what has the focus.
        """
        target = await target_of(self._desk.page, element)
        ways = [target.href]
        if target.form is not None and (target.submits or target.changes):
            ways.append(target.form.action)
        for way in ways:
            if way.startswith(("http:", "https:")) and not self._desk.hosts.may_visit(way):
                raise ToolError("Not done: this leads to a host that is not of this task.")


def _act_of(element: Element, value: str | float | bool) -> tuple[ActKind, str]:
    """What giving a field a value is."""
    if isinstance(value, bool):
        if element.role not in _SWITCHES and element.checked is None:
            raise ToolError("This field takes a text, not true or false.")
        return (ActKind.CHECK if value else ActKind.UNCHECK), ""
    text = value if isinstance(value, str) else _number(value)
    if element.role in _SWITCHES:
        raise ToolError("This is a switch: the value must be true or false.")
    if element.options or element.role in _CHOICES:
        return ActKind.SELECT, text
    return ActKind.FILL, text


def _number(value: float) -> str:
    whole = int(value)
    return str(whole) if whole == value else repr(value)


def _modifiers(chord: str | None) -> tuple[str, ...]:
    if not chord:
        return ()
    names = [part.strip().casefold() for part in chord.split("+")]
    if any(name not in _MODIFIERS for name in names):
        raise ToolError("modifiers may be shift, ctrl, alt and cmd, joined by +.")
    return tuple(_MODIFIERS[name] for name in names)
