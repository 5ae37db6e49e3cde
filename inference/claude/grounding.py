"""Which act, on what, a step means: the picture and the numbered elements."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

from inference.asking import GroundAsk, Grounded, Look, NoAnswer, Seen
from inference.claude.page import element_line, escaped, in_picture, line, listed, page_block
from inference.claude.prompt import (
    Block,
    Prompt,
    assistant,
    picture_block,
    picture_tokens,
    text_block,
    user,
)
from inference.claude.reading import read
from inference.claude.sending import Sent
from inference.claude.trust import confidence_in
from inference.claude.wording import question, system
from inference.decisions import ActKind
from inference.errors import Malformed
from inference.observation import Box
from inference.settings import ModelSettings
from plans.json_text import canonical_json
from plans.step import Frozen

_MOST_TOKENS: Final = 4096
_MOST_CANDIDATES: Final = 10
_TEXT: Final = 2_000
_TEXT_WITHOUT_PICTURE: Final = 8_000

_LEADING: Final = (ActKind.CLICK, ActKind.HOVER, ActKind.PRESS, ActKind.SCROLL)
"""Acts that may lead to the act which the step's type says."""
_ALWAYS: Final = (ActKind.WAIT, ActKind.DONE, ActKind.INPUT)
_GIVEN: Final = frozenset({ActKind.FILL, ActKind.TYPE})
"""Acts whose text is the step's own value, whatever the answer says."""
_OF_PAGE: Final = frozenset({ActKind.WAIT, ActKind.DONE, ActKind.INPUT})
_TARGETED: Final = frozenset(
    {ActKind.CLICK, ActKind.FILL, ActKind.SELECT, ActKind.CHECK, ActKind.UNCHECK}
    | {ActKind.HOVER, ActKind.DRAG}
)
"""Acts that are nothing without a target."""
_TEXTED: Final = frozenset({ActKind.FILL, ActKind.TYPE, ActKind.SELECT, ActKind.PRESS})

CONFIDENCE: Final = {"certain": 0.95, "likely": 0.8, "unsure": 0.5}
"""What the words of an answer count as: `likely` does for plain acts, not for risky ones."""


class _Answer(Frozen):
    why: str
    act: Literal[
        "click", "fill", "type", "select", "check", "uncheck", "hover", "press", "scroll", "drag",
        "wait", "done", "input", "none",
    ]  # fmt: skip
    target: Literal["element", "point", "page"]
    element: int
    x: int
    y: int
    to_element: int
    to_x: int
    to_y: int
    text: str
    goes_on: bool
    certainty: Literal["certain", "likely", "unsure"]
    absent: bool


@dataclass(frozen=True, slots=True)
class _Place:
    ref: int | None = None
    x: float | None = None
    y: float | None = None


def acts(ask: GroundAsk) -> tuple[ActKind, ...]:
    """The acts that may be answered: the step's own and those that may lead to it, or any."""
    if ask.act is None:
        return tuple(ActKind)
    return tuple(dict.fromkeys((ask.act, *_LEADING, *_ALWAYS)))


def ground_schema(ask: GroundAsk) -> Block:
    """The form of the answer."""
    names: list[JsonValue] = [*(act.value for act in acts(ask)), "none"]
    whole: Block = {"type": "integer"}
    properties: Block = {
        "why": {"type": "string"},
        "act": {"type": "string", "enum": names},
        "target": {"type": "string", "enum": ["element", "point", "page"]},
        "element": whole, "x": whole, "y": whole,
        "to_element": whole, "to_x": whole, "to_y": whole,
        "text": {"type": "string"},
        "goes_on": {"type": "boolean"},
        "certainty": {"type": "string", "enum": ["certain", "likely", "unsure"]},
        "absent": {"type": "boolean"},
    }  # fmt: skip
    required: list[JsonValue] = list(properties)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def ground_prompt(ask: GroundAsk, settings: ModelSettings) -> Prompt:
    """The question as it is sent.

    Earlier turns stand before it as they were sent then, so that the history only grows; from
    the second turn on it is kept in the cache, because a step that goes on once mostly does so
    again, and within minutes. What holds for this turn alone is the tail.
    """
    first = question("ground_step", intent=escaped(ask.intent), facts="\n".join(_of_step(ask)))
    messages: list[Block] = []
    for turn in ask.turns:
        messages.append(_message(turn.look, first))
        messages.append(assistant(canonical_json(turn.said)))
        first = question("ground_turn", came_of=escaped(turn.came_of))
    messages.append(_message(ask.look, first))
    pictures = [look.picture for look in (*(t.look for t in ask.turns), ask.look) if look.picture]
    return Prompt(
        model=settings.claude_model,
        system=system("ground"),
        messages=tuple(messages),
        max_tokens=_MOST_TOKENS,
        schema=ground_schema(ask),
        effort="medium",
        cached=bool(ask.turns),
        tail=question("ground_now", facts="\n".join(_of_now(ask))),
        sizes={picture.key: picture_tokens(picture) for picture in pictures},
    )


def grounded(ask: GroundAsk, sent: Sent) -> Grounded | NoAnswer:
    """What to do, on an element or at a place of the look that was asked about.

    Raises:
        Malformed: another form, an element that was not listed, a place outside the picture.
    """
    answer = read(_Answer, sent)
    why = line(answer.why, 300)
    if answer.act == "none":
        return NoAnswer(why=why or "Claude can't tell", absent=answer.absent)
    act = ActKind(answer.act)
    if act not in acts(ask):
        raise Malformed(
            f"Claude's answer is an act that was not asked for: {act}", usage=sent.usage
        )
    try:
        place = _place(ask.look, answer, act)
        to_x, to_y = _end(ask.look, answer) if act is ActKind.DRAG else (None, None)
        text = _text(ask, act, answer.text, place)
        target = None if place.ref is None else _element(ask.look, place.ref)
    except _Unfit as unfit:
        raise Malformed(
            f"Claude's answer does not fit the page: {unfit}", usage=sent.usage
        ) from None
    return Grounded(
        act=act,
        ref=place.ref,
        x=place.x,
        y=place.y,
        to_x=to_x,
        to_y=to_y,
        text=text,
        confidence=confidence_in(ask, act, target, CONFIDENCE[answer.certainty]),
        why=why,
        goes_on=_goes_on(ask, act, answer.goes_on),
        said=answer.model_dump(mode="json"),
    )


class _Unfit(ValueError):
    """What an answer names is not there; says what."""


def _message(look: Look, first: str) -> Block:
    """One look as a message, the same whenever it is sent."""
    most = _TEXT if look.picture else _TEXT_WITHOUT_PICTURE
    page = page_block(look, elements=listed(look), most_text=most)
    picture = [picture_block(look.picture)] if look.picture else []
    return user(text_block(first), *picture, text_block(page))


def _of_step(ask: GroundAsk) -> list[str]:
    """What holds for all turns of the step."""
    facts = [f"The step is of the type {ask.step.type.value}."]
    if ask.act is not None:
        facts.append(
            f"Its act is `{ask.act.value}`; any other act only leads to it, with `goes_on` true."
        )
    if ask.value:
        facts.append(f"The text that it types or chooses: {line(ask.value, 500)}")
    return facts


def _of_now(ask: GroundAsk) -> list[str]:
    """What holds for this turn."""
    look = ask.look
    facts = ["There is no picture: name listed elements only."]
    if look.picture is not None:
        facts = [f"The picture is {look.picture.width} by {look.picture.height} pixels."]
    if ask.done:
        done = (f'{one.act.value} {line(one.role, 40)} "{line(one.name)}"' for one in ask.done)
        facts.append(f"Done for the step so far: {'; '.join(done)}.")
    by_ref = {one.ref: one for one in look.elements}
    likely = [one for one in ask.candidates if one.ref in by_ref][:_MOST_CANDIDATES]
    if likely:
        facts.append("By their words these fit best, 0 to 1:")
        facts += [f"{one.score:.2f} {element_line(by_ref[one.ref], look)}" for one in likely]
    if ask.proposed is not None:
        facts.append(_proposal(ask, ask.proposed))
    facts.append(f"{ask.budget} acts are left for the step.")
    return facts


def _proposal(ask: GroundAsk, proposed: Grounded) -> str:
    """What another model would do, for Claude to confirm or to correct."""
    picture = ask.look.picture
    where = f"on [{proposed.ref}]" if proposed.ref is not None else "on the page as a whole"
    if proposed.x is not None and proposed.y is not None and picture is not None:
        box = Box(x=proposed.x, y=proposed.y, width=0, height=0)
        x, y = in_picture(box, ask.look, picture)
        where = f"at {x},{y} in the picture" + (f", {where}" if proposed.ref is not None else "")
    return (
        f"Another model, which saw the picture alone, would do `{proposed.act.value}` {where}."
        " It is often right and sometimes off by one element: look for yourself, then confirm it"
        " or name the right target."
    )


def _place(look: Look, answer: _Answer, act: ActKind) -> _Place:
    if act in _OF_PAGE or answer.target == "page":
        if act in _TARGETED:
            raise _Unfit(f"{act} needs a target")
        return _Place()
    if answer.target == "element":
        return _Place(ref=_element(look, answer.element).ref)
    x, y = _point(look, answer.x, answer.y)
    return _Place(x=x, y=y)


def _element(look: Look, number: int) -> Seen:
    found = next((one for one in look.elements if one.ref == number), None)
    if found is None or number < 0:
        raise _Unfit(f"there is no element {number} in the list")
    return found


def _point(look: Look, x: int, y: int) -> tuple[float, float]:
    """A place of the picture in CSS pixels of the viewport: the middle of that pixel."""
    picture = look.picture
    if picture is None:
        raise _Unfit("a place was named where no picture was shown")
    if not (0 <= x < picture.width and 0 <= y < picture.height):
        raise _Unfit(f"{x},{y} lies outside the picture")
    across, down = look.width / picture.width, look.height / picture.height
    return (x + 0.5) * across, (y + 0.5) * down


def _end(look: Look, answer: _Answer) -> tuple[float, float]:
    """Where a drag ends."""
    if answer.to_element >= 0:
        box = _element(look, answer.to_element).box
        return box.x + box.width / 2, box.y + box.height / 2
    return _point(look, answer.to_x, answer.to_y)


def _text(ask: GroundAsk, act: ActKind, text: str, place: _Place) -> str:
    """The text of an act; what a step gives is never changed by an answer.

    A choice may be spelled as the page spells it, where the element has such an option.
    """
    given = ask.act is act and bool(ask.value)
    if given and act is ActKind.SELECT and place.ref is not None:
        options = _element(ask.look, place.ref).options
        return text if text in options else ask.value
    if given and act in _GIVEN | {ActKind.SELECT, ActKind.PRESS}:
        return ask.value
    if act in _TEXTED | {ActKind.INPUT} and not text.strip():
        raise _Unfit(f"{act} needs a text")
    return text if act in _TEXTED | {ActKind.INPUT, ActKind.SCROLL} else ""


def _goes_on(ask: GroundAsk, act: ActKind, said: bool) -> bool:
    """An act other than the step's own only leads to it."""
    if act in (ActKind.DONE, ActKind.INPUT):
        return False
    if act is ActKind.WAIT or (ask.act is not None and act is not ask.act):
        return True
    return said
