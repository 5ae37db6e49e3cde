"""The tools that Holo3 may call on a page, and the form of its answers.

Coordinates are integers from 0 to 1000, thousandths of the picture's width and height.
"""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, ConfigDict, Field

from inference.marking import visible
from plans.step import Frozen

Thousandths = Annotated[int, Field(ge=0, le=1000)]
Words = Annotated[str, AfterValidator(visible)]
"""What a model writes, without signs that nobody sees and no database takes."""


class _Strict(Frozen):
    model_config = ConfigDict(strict=True)


class Place(_Strict):
    """The answer of a localisation."""

    x: Thousandths
    y: Thousandths


class Click(_Strict):
    """Click an element."""

    tool_name: Literal["click"]
    element: Words
    x: Thousandths
    y: Thousandths


class Write(_Strict):
    """Write `content` into a field. `replace`: instead of what it holds, else after it."""

    tool_name: Literal["write"]
    element: Words
    x: Thousandths
    y: Thousandths
    content: Words
    replace: bool


class SelectOption(_Strict):
    """Choose `option`, by its visible text, in a select box or list of options."""

    tool_name: Literal["select_option"]
    element: Words
    x: Thousandths
    y: Thousandths
    option: Words


class Hover(_Strict):
    """Rest the pointer on an element."""

    tool_name: Literal["hover"]
    element: Words
    x: Thousandths
    y: Thousandths


class Scroll(_Strict):
    """Scroll by a page in a direction, or to the top or bottom. x, y: a place in what scrolls."""

    tool_name: Literal["scroll"]
    direction: Literal["up", "down", "left", "right", "top", "bottom"]
    x: Thousandths
    y: Thousandths


class PressKeys(_Strict):
    """Press keys together, such as Enter or Control+S; several chords are separated by spaces."""

    tool_name: Literal["press_keys"]
    keys: Words = Field(min_length=1)


class Drag(_Strict):
    """Drag an element to another place."""

    tool_name: Literal["drag"]
    element: Words
    x: Thousandths
    y: Thousandths
    to_x: Thousandths
    to_y: Thousandths


class Wait(_Strict):
    """Let the page go on for a moment, where it is still loading."""

    tool_name: Literal["wait"]


class RequestUserInput(_Strict):
    """Ask the user for something that only they know. You are called again with the answer."""

    tool_name: Literal["request_user_input"]
    question: Words = Field(min_length=1)


class NotFound(_Strict):
    """What the task names is not on the page."""

    tool_name: Literal["not_found"]
    reason: Words


class DoneTool(_Strict):
    """The task is reached."""

    tool_name: Literal["done"]


TOOLS: tuple[type[Frozen], ...] = (
    Click,
    Write,
    SelectOption,
    Hover,
    Scroll,
    PressKeys,
    Drag,
    Wait,
    RequestUserInput,
    NotFound,
    DoneTool,
)
Tool = Annotated[
    Click
    | Write
    | SelectOption
    | Hover
    | Scroll
    | PressKeys
    | Drag
    | Wait
    | RequestUserInput
    | NotFound
    | DoneTool,
    Field(discriminator="tool_name"),
]


class AgentStep(_Strict):
    """The answer of the agent: one act."""

    note: Words | None
    thought: Words
    tool_call: Tool


def described() -> str:
    """The tools as the prompt lists them, a line each."""
    return "\n".join(_line(tool) for tool in TOOLS)


def _line(tool: type[Frozen]) -> str:
    arguments = [one for one in tool.model_fields if one != "tool_name"]
    (name,) = get_args(tool.model_fields["tool_name"].annotation)
    return f"- `{name}({', '.join(arguments)})`: {tool.__doc__}"
