"""What to do next: Holo3's own agent protocol, a call of one tool a turn.

The history only grows, so that the server's prefix cache holds: each turn adds the answer as it
was parsed and one message with what came of it. Pictures leave it two at a time.
"""

import json
from collections.abc import Mapping
from typing import Final, assert_never

from pydantic import JsonValue, TypeAdapter, ValidationError

from inference.asking import GroundAsk, Grounded, Look, ModelTurn, NoAnswer
from inference.decisions import ActKind, Done
from inference.holo3 import trust
from inference.holo3.chat import Question
from inference.holo3.pictures import image
from inference.holo3.places import on_page, under
from inference.holo3.prompting import rendered
from inference.holo3.schemas import schema_of
from inference.holo3.tools import (
    AgentStep,
    Click,
    DoneTool,
    Drag,
    Hover,
    NotFound,
    PressKeys,
    RequestUserInput,
    Scroll,
    SelectOption,
    Wait,
    Write,
    described,
)
from inference.marking import data, harmless

MAX_TOKENS: Final = 4096
"""Tokens of thinking and answer together."""
MOST_PICTURES: Final = 3
LONGEST_WHY: Final = 500
NO_LONGER_SHOWN: Final = "[The picture of this earlier page is no longer shown.]"
_STEP: Final = TypeAdapter(AgentStep)
_TARGETED = Click | Write | SelectOption | Hover | Drag
_NO_ACT: Final = frozenset({"wait", "request_user_input", "done", "not_found"})


def shown(ask: GroundAsk) -> tuple[Look, ...]:
    """The looks whose pictures are sent, oldest first; those before are told as text.

    At most three. A history of three drops two and keeps the one before the newest, then grows
    again: dropping one each time would make the server read three pictures anew each turn.
    """
    looks = _looks(ask)
    return tuple(look for look in looks[_first_shown(len(looks)) :] if look.picture is not None)


def _looks(ask: GroundAsk) -> tuple[Look, ...]:
    return (*(turn.look for turn in ask.turns), ask.look)


def _first_shown(looks: int) -> int:
    return 0 if looks <= MOST_PICTURES else looks - (MOST_PICTURES - 1) - looks % 2


def question(ask: GroundAsk, contents: Mapping[str, bytes]) -> Question:
    """The next turn. `contents` holds the pictures of `shown` by their keys."""
    schema = schema_of(AgentStep)
    system = rendered("agent", schema=json.dumps(schema), tools=described())
    messages: list[JsonValue] = [{"role": "system", "content": system}]
    looks = _looks(ask)
    first = _first_shown(len(looks))
    told = _task(ask)
    for at, look in enumerate(looks):
        picture = look.picture if at >= first else None
        part = image(picture, contents[picture.key]) if picture else _gone(look)
        page = data("page", f"{look.title}\n{look.url}")
        before = _text(f"{told}<observation>\n{page}")
        content_parts: list[JsonValue] = [before, part, _text("</observation>")]
        messages.append({"role": "user", "content": content_parts})
        if at < len(ask.turns):
            turn = ask.turns[at]
            told = data("outcome", turn.came_of) + "\n"
            messages.append({"role": "assistant", "content": _said(turn)})
    return Question(
        messages=messages,
        name="step",
        schema=schema,
        max_tokens=MAX_TOKENS,
        thinking=True,
        images=len(shown(ask)),
    )


def _gone(look: Look) -> JsonValue:
    return _text(NO_LONGER_SHOWN if look.picture else "[No picture was taken of this page.]")


def _text(text: str) -> JsonValue:
    return {"type": "text", "text": text}


def _task(ask: GroundAsk) -> str:
    details: list[str] = []
    if ask.value:
        details.append(f"The value to write or to choose: {harmless(ask.value)}")
    if ask.act is not None:
        details.append(f"The act that the step ends with: {ask.act}")
    if before := _done_before(ask):
        details.append("Done already:\n" + "\n".join(_line(done) for done in before))
    lines = "".join(f"\n\n{detail}" for detail in details)
    return rendered("task", intent=harmless(ask.intent), details=lines) + "\n"


def _done_before(ask: GroundAsk) -> tuple[Done, ...]:
    """What was done before the first turn: the turns tell the rest themselves."""
    acted = sum(_tool_of(turn) not in _NO_ACT for turn in ask.turns)
    return ask.done[: max(0, len(ask.done) - acted)]


def _line(done: Done) -> str:
    return "- " + harmless(" ".join(filter(None, (done.act, done.role, repr(done.name)))))


def _tool_of(turn: ModelTurn) -> str:
    try:
        return _STEP.validate_json(json.dumps(turn.said)).tool_call.tool_name
    except ValidationError:
        return ""


def _said(turn: ModelTurn) -> str:
    """An earlier answer as the server generated it, blanks included, so that its cache fits."""
    return harmless(json.dumps(turn.said, ensure_ascii=False))


def grounded(ask: GroundAsk, step: AgentStep) -> Grounded | NoAnswer:
    """What the agent's answer means for the page."""
    call = step.tool_call
    match call:
        case NotFound():
            return NoAnswer(why=(call.reason or step.thought)[:LONGEST_WHY], absent=True)
        case Click() | Write() | SelectOption() | Hover() | Drag():
            answer = _targeted(ask, call)
        case Scroll():
            answer = _scroll(ask.look, call)
        case PressKeys():
            answer = Grounded(act=ActKind.PRESS, text=call.keys, confidence=trust.PLAIN)
        case Wait():
            answer = Grounded(act=ActKind.WAIT, confidence=trust.SURE)
        case RequestUserInput():
            answer = Grounded(act=ActKind.INPUT, text=call.question, confidence=trust.SURE)
        case DoneTool():
            answer = Grounded(act=ActKind.DONE, confidence=trust.PLAIN)
        case _:
            assert_never(call)
    goes_on = answer.act is not ActKind.DONE and (ask.act is None or answer.act is not ask.act)
    said = step.model_dump(mode="json")
    return answer.model_copy(
        update={"why": step.thought[:LONGEST_WHY], "goes_on": goes_on, "said": said}
    )


def _targeted(ask: GroundAsk, call: _TARGETED) -> Grounded:
    point = on_page(ask.look, call.x, call.y)
    answer = Grounded(
        act=_act(ask, call),
        x=point.x,
        y=point.y,
        text=_content(ask, call),
        confidence=trust.of_target(ask, under(ask.look, point), call.element),
    )
    if not isinstance(call, Drag):
        return answer
    end = on_page(ask.look, call.to_x, call.to_y)
    return answer.model_copy(update={"to_x": end.x, "to_y": end.y})


def _act(ask: GroundAsk, call: _TARGETED) -> ActKind:
    match call:
        case Click():
            # A click is how a box is ticked, where ticking is what the step does.
            ticks = ask.act is ActKind.CHECK or ask.act is ActKind.UNCHECK
            return ask.act if ask.act is not None and ticks else ActKind.CLICK
        case Write():
            return ActKind.FILL if call.replace else ActKind.TYPE
        case SelectOption():
            return ActKind.SELECT
        case Hover():
            return ActKind.HOVER
        case Drag():
            return ActKind.DRAG
        case _:
            assert_never(call)


def _content(ask: GroundAsk, call: _TARGETED) -> str:
    match call:
        case Write():
            return _as_given(ask, call.content)
        case SelectOption():
            return _as_given(ask, call.option)
        case Click() | Hover() | Drag():
            return ""
        case _:
            assert_never(call)


def _as_given(ask: GroundAsk, text: str) -> str:
    """The step's own value where the model repeats it, which it was told made harmless."""
    return ask.value if text == harmless(ask.value) else text


def _scroll(look: Look, call: Scroll) -> Grounded:
    point = on_page(look, call.x, call.y)
    return Grounded(
        act=ActKind.SCROLL,
        x=point.x,
        y=point.y,
        text=call.direction,
        confidence=trust.PLAIN,
    )
