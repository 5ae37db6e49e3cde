"""Fills fields and types into them, and checks what they hold afterwards."""

from dataclasses import dataclass

from playwright.async_api import ElementHandle, Page
from pydantic import TypeAdapter

from activities.browser.effects import Seen, Watch, rest, watching
from activities.browser.pointer import click
from activities.browser.result import ActResult, conclude, failed, gone
from activities.browser.scripts import script
from activities.browser.sliders import slide
from activities.browser.values import agrees, for_input
from plans.step import FailureClass

_CONTROL = script("control")
_FIELD = script("field")
_READ = script("read")
_EDITABLE = (
    "input:not([type=hidden]):not([type=checkbox]):not([type=radio]):not([type=button])"
    ":not([type=submit]):not([type=reset]):not([type=image]),textarea,"
    '[contenteditable=""],[contenteditable=true],[contenteditable=plaintext-only],select'
)
_PICKED = frozenset({"date", "time", "datetime-local", "month", "week", "color", "range"})
_LONGEST_TYPED = 120
"""Longer texts are inserted at once: keys one by one would take seconds."""

_KIND = """field => field.type === 'range' || field.getAttribute('role') === 'slider'
  ? 'slider' : field.type ?? ''"""

_DRAWS = """field => field.localName === 'textarea' && (field.offsetWidth < 8
  || field.offsetHeight < 8 || getComputedStyle(field).opacity === '0')"""
"""Whether the field only takes the keys of an editor that draws the text itself."""

_SHOWN = """(field, wanted) => new Promise((resolve) => {
  const plain = (text) => text.replace(/[\\s\\u200b]+/g, ' ').trim();
  const editor = () => {
    for (let at = field.parentElement, up = 0; at && up < 6; at = at.parentElement, up += 1) {
      if (plain(at.innerText ?? '').includes(plain(wanted))) return wanted;
    }
    return null;
  };
  const until = performance.now() + 500;
  const turn = () => {
    const found = editor();
    if (found !== null || performance.now() >= until) return resolve(found ?? field.value);
    setTimeout(turn, 25);
  };
  turn();
})"""

_FOCUSED = """() => {
  let at = document.activeElement;
  while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
  return at && at !== document.body ? at : null;
}"""


@dataclass(frozen=True)
class FieldState:
    """What `js/field.js` made of a field: ready, set, same, or why it can't be filled."""

    state: str
    type: str = ""
    value: str = ""
    limit: int = 0


_STATE = TypeAdapter(FieldState)


async def control_of(element: ElementHandle, selector: str) -> ElementHandle:
    """The form control that `element` stands for, such as the one that a label names."""
    handle = await element.evaluate_handle(_CONTROL, selector)
    return handle.as_element() or element


async def fill(page: Page, element: ElementHandle, text: str, *, timeout_s: float) -> ActResult:
    """Replace the value of a field; success means that the field holds it."""
    field = await control_of(element, _EDITABLE)
    kind = str(await field.evaluate(_KIND))
    if kind == "slider":
        return await slide(page, field, text, timeout_s=timeout_s)
    wanted = for_input(kind, text)
    async with watching(page, field, keys=True, begun=True) as watch:
        state = await _prepare(field, wanted, keep=False)
        if state.state == "unfocusable":
            await click(page, field, timeout_s=timeout_s, effect_needed=False)
            state = await _prepare(field, wanted, keep=False)
        match state.state:
            case "ready":
                held = await _insert(page, field, wanted)
            case "set" | "same":
                held = state.value
            case _:
                return _refused(page, state)
        if not agrees(kind, wanted, held) and kind not in _PICKED:
            held = await _rewrite(page, field, wanted)
        seen = await watch.seen(0.1)
        return await _filled(watch, seen, state, wanted, held, timeout_s)


async def type_text(
    page: Page, element: ElementHandle | None, text: str, *, timeout_s: float
) -> ActResult:
    """Type `text` key by key where the focus is, or at the end of `element`."""
    field = await focused_field(page) if element is None else await control_of(element, _EDITABLE)
    if field is None:
        message = "nothing on the page has the focus, so there is nothing to type into"
        return failed(page, FailureClass.NO_STATE_CHANGE, message)
    async with watching(page, field, keys=element is not None, begun=True) as watch:
        if element is not None:
            state = await _prepare(field, text, keep=True)
            if state.state == "unfocusable" or state.state == "other":
                await click(page, field, timeout_s=timeout_s, effect_needed=False)
            elif state.state != "ready":
                return _refused(page, state)
        await _type(page, text)
        seen = await watch.seen(patient=True)
        after = await rest(watch, seen, timeout_s=timeout_s)
        if not set(seen.evidence) - {"focus"}:
            message = "the keys were typed and nothing took them"
            return conclude(
                watch, seen, after, failure_class=FailureClass.NO_STATE_CHANGE, message=message
            )
        return conclude(watch, seen, after)


async def focused_field(page: Page) -> ElementHandle | None:
    """The element that has the focus, in whichever frame it is."""
    for frame in page.frames:
        handle = (await frame.evaluate_handle(_FOCUSED)).as_element()
        if handle is not None and str(await handle.evaluate("e => e.localName")) != "iframe":
            return handle
    return None


async def _prepare(field: ElementHandle, text: str, *, keep: bool) -> FieldState:
    told: object = await field.evaluate(_FIELD, {"text": text, "keep": keep})
    return _STATE.validate_python(told)


async def _insert(page: Page, field: ElementHandle, text: str) -> str:
    if text:
        await page.keyboard.insert_text(text)
    else:
        await page.keyboard.press("Delete")
    return str(await field.evaluate(_READ, True))


async def _rewrite(page: Page, field: ElementHandle, text: str) -> str:
    """What the field holds after a second try, in the way that its make needs."""
    if bool(await field.evaluate(_DRAWS)):
        return await _write_in_editor(page, field, text)
    return await _retype(page, field, text)


async def _write_in_editor(page: Page, field: ElementHandle, text: str) -> str:
    """Editors that draw what is typed into a hidden field: what they show is what counts."""
    await field.evaluate("field => field.focus()")
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    await page.keyboard.insert_text(text)
    shown: object = await field.evaluate(_SHOWN, text)
    return str(shown)


async def _retype(page: Page, field: ElementHandle, text: str) -> str:
    """Some fields take real keys only; where a line ends, the key would be Enter: not then."""
    if "\n" in text or "\r" in text:
        return str(await field.evaluate(_READ, True))
    state = await _prepare(field, text, keep=False)
    if state.state != "ready":
        return state.value
    await page.keyboard.press("Delete")
    await _type(page, text)
    return str(await field.evaluate(_READ, True))


async def _type(page: Page, text: str) -> None:
    if len(text) > _LONGEST_TYPED:
        await page.keyboard.insert_text(text)
    else:
        await page.keyboard.type(text)


async def _filled(
    watch: Watch, seen: Seen, state: FieldState, wanted: str, held: str, timeout_s: float
) -> ActResult:
    after = await rest(watch, seen, timeout_s=timeout_s)
    if agrees(state.type, wanted, held):
        same = "same" if state.state == "same" else "value"
        return conclude(watch, seen, after, evidence=(same,))
    message = "the field does not hold what was put in"
    if state.limit and wanted.startswith(held) and len(held) == state.limit:
        message = f"the field takes at most {state.limit} characters"
    elif state.type in _PICKED | {"number"}:
        message = f"the field does not take this value; it is a field of type {state.type}"
    return conclude(watch, seen, after, failure_class=FailureClass.VERIFY_FAILED, message=message)


def _refused(page: Page, state: FieldState) -> ActResult:
    match state.state:
        case "detached":
            return gone(page)
        case "readonly":
            return failed(page, FailureClass.NO_STATE_CHANGE, "the field is read-only")
        case "disabled":
            return failed(page, FailureClass.NO_STATE_CHANGE, "the field is disabled")
        case "file":
            message = "this chooses a file to upload; files are not uploaded by this service"
            return failed(page, FailureClass.UNKNOWN, message)
        case "unfocusable":
            return failed(page, FailureClass.SELECTOR_MISS, "the field can't be focused")
        case _:
            return failed(page, FailureClass.SELECTOR_MISS, "the target is no field to type into")
