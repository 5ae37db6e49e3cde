"""Which acts must not happen twice: decided by the plan, the target's form and the words."""

from typing import Final, Literal

from inference.decisions import ActKind
from inference.wording import Wording, intent_says, label_says, strongest
from plans.step import Frozen, Step, StepType

GuardKind = Literal["act", "sign_in"]


class Form(Frozen):
    """The form that an act would send.

    `method` as it would be sent (get, post or dialog); `given`: the page names it. Forms
    without one are mostly sent by scripts. `action` is the whole address. `searches`: it
    looks for something by its role or fields. `password`, `new_password` and `code` are
    fields for these.
    """

    method: str
    given: bool
    action: str
    searches: bool = False
    password: bool = False
    new_password: bool = False
    code: bool = False


class Target(Frozen):
    """What an act would touch.

    `href`: of a plain link, else empty. `submits`: pressing it, or Enter in it, sends `form`.
    `changes`: a new value alone sends it. `button`: it can be pressed and is neither a link
    nor a field. `signs_in`: it stands with fields for a password or a code.
    """

    name: str = ""
    href: str = ""
    button: bool = False
    submits: bool = False
    changes: bool = False
    signs_in: bool = False
    form: Form | None = None


class Guard(Frozen):
    """An act that must not happen twice.

    `method` and `url` are how it is expected to leave; `method` empty: that can't be told.
    """

    kind: GuardKind
    method: str
    url: str
    what: str


_HEAVY: Final = (Wording.DESTROYS, Wording.COMMITS)
_CHANGING: Final = frozenset({ActKind.SELECT, ActKind.CHECK, ActKind.UNCHECK, ActKind.FILL})
_ASKING: Final = frozenset({StepType.FILTER, StepType.PAGINATE})
_ENTERS: Final = "\r\n"
"""Characters that are typed as Enter."""
_IDLE: Final = frozenset({ActKind.SCROLL, ActKind.HOVER})


def guard_of(step: Step, act: ActKind, text: str, target: Target, url: str) -> Guard | None:
    """Whether an act is guarded, and what is known of it.

    Args:
        step: its field `once` decides where it is set.
        act: what is done.
        text: keys that are pressed, or what is typed.
        target: what it is done to.
        url: of the page.
    """
    if step.once is False or (act in _IDLE and not step.once):
        return None
    pressed = act is ActKind.CLICK or sends_enter(act, text)
    sent = (target.submits and pressed) or (target.changes and act in _CHANGING)
    form = target.form if sent else None
    said = strongest(intent_says(step.intent), label_says(target.name))
    dragged = act is ActKind.DRAG and said in _HEAVY
    kind = "act" if dragged else _kind(step, act, form, pressed, target, said)
    if step.once:
        kind = kind or "act"
    if kind is None:
        return None
    method, address = _way(form, target.href, url)
    what = target.name or step.intent
    return Guard(kind=kind, method=method, url=address, what=what)


def sends_enter(act: ActKind, text: str) -> bool:
    """Whether Enter is pressed, by itself or among the keys that are typed."""
    if act is ActKind.PRESS:
        keys = text.replace(",", " ").casefold().split()
        return any(key.rpartition("+")[2] in ("enter", "return") for key in keys)
    return act is ActKind.TYPE and any(char in text for char in _ENTERS)


def _kind(
    step: Step,
    act: ActKind,
    form: Form | None,
    pressed: bool,
    target: Target,
    said: Wording | None,
) -> GuardKind | None:
    if form is not None and form.method != "dialog":
        return _of_form(step, form, said)
    if not pressed or not (target.button or target.href or act is not ActKind.CLICK):
        return None
    if target.href:
        return "act" if said is Wording.DESTROYS else None
    if said in _HEAVY:
        return "act"
    asked = step.type is StepType.SUBMIT and said is not Wording.SEARCHES
    if said is Wording.SENDS or asked:
        signs_in = target.signs_in or said is Wording.SIGNS_IN
        return "sign_in" if signs_in else "act"
    return None


def _of_form(step: Step, form: Form, said: Wording | None) -> GuardKind | None:
    if said in _HEAVY or form.new_password:
        return "act"
    if form.password or form.code or said is Wording.SIGNS_IN:
        return "sign_in"
    if said is Wording.SEARCHES or step.type in _ASKING:
        return None
    return None if form.method == "get" and (form.given or form.searches) else "act"


def _way(form: Form | None, href: str, url: str) -> tuple[str, str]:
    if form is None:
        return ("GET", href) if href else ("", url)
    scripted = not form.given and form.method == "get"
    return "" if scripted else form.method.upper(), form.action or url
