"""Chooses options in native and custom selects; switches checkboxes, radios and switches."""

from dataclasses import dataclass

from playwright.async_api import ElementHandle, Page
from pydantic import TypeAdapter

from activities.browser.effects import rest, watching
from activities.browser.fields import control_of, fill
from activities.browser.pointer import click
from activities.browser.result import ActResult, conclude, failed, gone
from activities.browser.scripts import ranked, script
from plans.step import FailureClass

_SELECT = ranked("select")
_OPTION = ranked("option")
_CHOSEN = ranked("chosen")
_LIST = script("list")
_TOGGLE = script("toggle")
_SELECTS = "select,[role=combobox],[role=listbox],[role=radiogroup],input[list]"
_TOGGLES = (
    "input[type=checkbox],input[type=radio],[role=checkbox],[role=radio],[role=switch],"
    "[role=menuitemcheckbox],[role=menuitemradio],[aria-pressed]"
)
_OPTION_MS = 1500
_SHOWN_MS = 800
_NAMED = "e => (e.getAttribute('aria-label') ?? e.innerText ?? '').trim()"
_SHUT = """e => e.getAttribute('aria-expanded') !== 'true'
  && !/^(listbox|radiogroup|menu|tree)$/.test(e.getAttribute('role') ?? '')"""
_FILTER = """e => {
  const writable = 'input:not([readonly]):not([type=checkbox]):not([type=radio]),textarea';
  if (e.matches(writable)) return e;
  const now = e.ownerDocument.activeElement;
  return now && now !== e && now.matches(writable) ? now : null;
}"""
"""The field that narrows an open list down: the control itself, or one that took the focus."""

_COMMAND = "e => e.getAttribute('role') === 'menuitem'"
_SEEN_MS = 60
_OPENS_MS = 600


@dataclass(frozen=True)
class SelectState:
    """What `js/select.js` did; `names` are the chosen options, or those there are."""

    state: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToggleState:
    """State of a checkbox, radio or switch: on, off, mixed, none or detached."""

    kind: str
    state: str


_SELECTED = TypeAdapter(SelectState)
_TOGGLED = TypeAdapter(ToggleState)


async def select(page: Page, element: ElementHandle, text: str, *, timeout_s: float) -> ActResult:
    """Choose the option named `text` (label or value) and check that it is chosen."""
    control = await control_of(element, _SELECTS)
    async with watching(page, control, begun=True) as watch:
        told: object = await control.evaluate(_SELECT, {"wanted": text})
        state = _SELECTED.validate_python(told)
        match state.state:
            case "chosen" | "same":
                seen = await watch.seen(0.05)
                after = await rest(watch, seen, timeout_s=timeout_s)
                mark = "selected" if state.state == "chosen" else "same"
                return conclude(
                    watch, seen, after, evidence=(mark,), message=", ".join(state.names)
                )
            case "custom":
                pass
            case _:
                return _not_chosen(page, state, text)
    return await _select_custom(page, control, text, timeout_s)


async def check(page: Page, element: ElementHandle, *, on: bool, timeout_s: float) -> ActResult:
    """Bring a checkbox, radio or switch to the wanted state, clicking only if it differs."""
    toggle = await control_of(element, _TOGGLES)
    wanted = "on" if on else "off"
    now = await _toggle(toggle)
    if now.state == "detached":
        return gone(page)
    if now.state == wanted:
        return ActResult(True, page.url, evidence=("same",), message=f"it is {wanted} already")
    if now.state == "none":
        message = "the target is no checkbox, radio or switch"
        return failed(page, FailureClass.SELECTOR_MISS, message)
    if now.kind == "radio" and not on:
        message = "a radio button can't be taken back; choose another one"
        return failed(page, FailureClass.NO_STATE_CHANGE, message)
    result = await click(page, toggle, timeout_s=timeout_s)
    if not result.success or result.load is not None or result.opened_tab is not None:
        return result
    now = await _toggle(toggle, wanted)
    if now.state == "detached" or now.state == wanted:
        return result
    message = f"it was clicked and is not {wanted}"
    return failed_after(result, FailureClass.NO_STATE_CHANGE, message)


async def stands(element: ElementHandle, *, on: bool) -> bool | None:
    """Whether a checkbox, radio or switch is on or off; None where it does not tell any more."""
    now = await _toggle(await control_of(element, _TOGGLES))
    return None if now.state in ("detached", "none") else now.state == ("on" if on else "off")


def failed_after(result: ActResult, failure_class: FailureClass, message: str) -> ActResult:
    """A click that had an effect, but not the one that was wanted."""
    return ActResult(
        success=False,
        url=result.url,
        failure_class=failure_class,
        message=message,
        evidence=result.evidence,
        x=result.x,
        y=result.y,
        dialogs=result.dialogs,
    )


async def _toggle(toggle: ElementHandle, wanted: str | None = None) -> ToggleState:
    argument = {"wanted": wanted, "limit": _SHOWN_MS} if wanted else None
    told: object = await toggle.evaluate(_TOGGLE, argument)
    return _TOGGLED.validate_python(told)


async def _select_custom(
    page: Page, trigger: ElementHandle, text: str, timeout_s: float
) -> ActResult:
    if bool(await trigger.evaluate(_SHUT)):
        opened = await click(page, trigger, timeout_s=timeout_s, effect_needed=False)
        if not opened.success or opened.load is not None:
            return opened
    box = await trigger.bounding_box()
    option = await _find(page, trigger, text, timeout_s)
    if option is None:
        await page.keyboard.press("Escape")
        return failed(page, FailureClass.SELECTOR_MISS, f"there is no option named {text!r}")
    name = str(await option.evaluate(_NAMED))
    # What is chosen from a menu shows nowhere: there the effect of the press must do.
    command = bool(await option.evaluate(_COMMAND))
    result = await click(page, option, timeout_s=timeout_s, effect_needed=command)
    while (result.stale or result.covered_by) and (again := await _option(trigger, text, _SEEN_MS)):
        # The list drew its options anew as it was scrolled to this one.
        if await again.evaluate("(one, other) => one === other", option):
            break
        option = again
        result = await click(page, option, timeout_s=timeout_s, effect_needed=command)
    if command or not result.success or result.load is not None:
        return result
    argument = {"name": name, "option": option, "limit": _SHOWN_MS, "box": box}
    if bool(await trigger.evaluate(_CHOSEN, argument)):
        return result
    message = "the option was clicked and does not show as chosen"
    return failed_after(result, FailureClass.VERIFY_FAILED, message)


async def _find(
    page: Page, trigger: ElementHandle, text: str, timeout_s: float
) -> ElementHandle | None:
    """The option of an open list: seen at once, after typing what is wanted, or farther down."""
    option = await _option(trigger, text, _OPENS_MS)
    if option is not None:
        return option
    handle = await trigger.evaluate_handle(_FILTER)
    field = handle.as_element()
    if field is not None:
        typed = await fill(page, field, text, timeout_s=timeout_s)
        if typed.success and (option := await _option(trigger, text, _OPTION_MS)) is not None:
            return option
    else:
        option = await _farther(trigger, text, timeout_s)
    return option or await _option(trigger, text, _OPTION_MS)


async def _farther(trigger: ElementHandle, text: str, timeout_s: float) -> ElementHandle | None:
    """Scroll the list through, as far as it goes: it may hold only the options in sight."""
    area = (await trigger.evaluate_handle(_LIST)).as_element()
    if area is None:
        return None
    argument = {"wanted": text, "limit": timeout_s * 500, "list": area}
    return (await trigger.evaluate_handle(_OPTION, argument)).as_element()


async def _option(trigger: ElementHandle, text: str, limit_ms: int) -> ElementHandle | None:
    handle = await trigger.evaluate_handle(
        _OPTION, {"wanted": text, "limit": limit_ms, "list": None}
    )
    return handle.as_element()


def _not_chosen(page: Page, state: SelectState, text: str) -> ActResult:
    match state.state:
        case "detached":
            return gone(page)
        case "disabled":
            return failed(page, FailureClass.NO_STATE_CHANGE, "the list or option is disabled")
        case "ambiguous":
            message = f"several options fit {text!r}: {', '.join(state.names)}"
            return failed(page, FailureClass.AMBIGUOUS_TARGET, message)
        case "reverted":
            return failed(page, FailureClass.NO_STATE_CHANGE, "the page took the choice back")
        case _:
            message = f"there is no option {text!r}; there are: {', '.join(state.names)}"
            return failed(page, FailureClass.SELECTOR_MISS, message)
