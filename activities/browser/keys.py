"""Key presses: how people write chords, how the browser names them, and what they change."""

import re

from playwright.async_api import ElementHandle, Page

from activities.browser.effects import rest, watching
from activities.browser.result import ActResult, conclude, failed
from plans.step import FailureClass

_NAMES = {
    "ctrl": "Control",
    "control": "Control",
    "strg": "Control",
    "cmd": "Meta",
    "command": "Meta",
    "meta": "Meta",
    "win": "Meta",
    "super": "Meta",
    "alt": "Alt",
    "option": "Alt",
    "shift": "Shift",
    "enter": "Enter",
    "return": "Enter",
    "esc": "Escape",
    "escape": "Escape",
    "tab": "Tab",
    "space": "Space",
    "spacebar": "Space",
    "backspace": "Backspace",
    "delete": "Delete",
    "del": "Delete",
    "insert": "Insert",
    "home": "Home",
    "end": "End",
    "pageup": "PageUp",
    "pgup": "PageUp",
    "pagedown": "PageDown",
    "pgdn": "PageDown",
    "pgdown": "PageDown",
    "up": "ArrowUp",
    "arrowup": "ArrowUp",
    "down": "ArrowDown",
    "arrowdown": "ArrowDown",
    "left": "ArrowLeft",
    "arrowleft": "ArrowLeft",
    "right": "ArrowRight",
    "arrowright": "ArrowRight",
    "plus": "+",
    "minus": "-",
}
_MODIFIERS = ("Control", "Alt", "Shift", "Meta")
_FUNCTION = re.compile(r"f([1-9]|1[0-9]|2[0-4])$")
_TWO_WORDS = re.compile(r"\b(page|arrow)[ _-](up|down|left|right)\b", re.IGNORECASE)
_SPACED_PLUS = re.compile(r"\s*\+\s*(?=\S)")


def chords(keys: str) -> tuple[str, ...] | None:
    """`ctrl+s`, `Tab Enter`, `Page Down` as the browser's names; None where one is no key."""
    joined = _SPACED_PLUS.sub("+", _TWO_WORDS.sub(r"\1\2", keys.strip()))
    found = [_chord(part) for part in re.split(r"[\s,]+", joined) if part]
    known = [chord for chord in found if chord is not None]
    return tuple(known) if known and len(known) == len(found) else None


async def press(
    page: Page, element: ElementHandle | None, keys: str, *, timeout_s: float
) -> ActResult:
    """Press chords one after the other, with the focus on `element` where one is given."""
    pressed = chords(keys)
    if pressed is None:
        message = f"{keys!r} names no key; write Enter, Tab, Escape, Control+S and the like"
        return failed(page, FailureClass.UNKNOWN, message)
    if element is not None:
        await element.focus()
    async with watching(page, element, begun=True) as watch:
        for chord in pressed:
            await page.keyboard.press(chord)
        seen = await watch.seen(patient=True)
        after = await rest(watch, seen, timeout_s=timeout_s)
        if seen.evidence or watch.events.evident:
            return conclude(watch, seen, after)
        message = "the keys were pressed and nothing on the page changed"
        return conclude(
            watch, seen, after, failure_class=FailureClass.NO_STATE_CHANGE, message=message
        )


def _chord(text: str) -> str | None:
    parts = ["+"] if text == "+" else text.removesuffix("++").split("+")
    if text.endswith("++"):
        parts.append("+")
    names = [_key(part) for part in parts]
    if any(name is None for name in names):
        return None
    known = [name for name in names if name is not None]
    if any(name not in _MODIFIERS for name in known[:-1]):
        return None
    return "+".join(known)


def _key(text: str) -> str | None:
    lower = text.lower()
    if lower in _NAMES:
        return _NAMES[lower]
    if _FUNCTION.match(lower):
        return lower.upper()
    if len(text) == 1:
        return text
    return None
