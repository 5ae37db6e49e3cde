"""What a turn of the agent asks for: its tool calls, parsed, and how they are answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

Block = dict[str, JsonValue]

BROWSER: Final = "browser"
"""Name of the toolset whose members drive the page."""

REQUEST_USER_INPUT: Final = "request_user_input"
TASK_DONE: Final = "task_done"

NOT_EXECUTED: Final = "Not executed: an earlier action in this turn failed."
"""The wording of the API for calls after one that failed."""
CUT_OFF: Final = (
    "Not executed: your answer was cut off before it was whole. Answer again, more briefly."
)
NO_STEPS: Final = "Not executed: the task's acts are used up."
USED_UP: Final = (
    "All acts of this task are used up: you can only look now. Is the task done? Then call"
    " task_done. If it is not, end without it and say what is missing."
)
OVER: Final = "Not executed: the task was ended."

_FREE: Final = frozenset(
    {
        "screenshot",
        "zoom",
        "read_page",
        "find",
        "get_page_text",
        "wait",
        "list_tabs",
        "scroll",
        "scroll_to",
        "hover",
        "mouse_move",
    }
)
"""Members that only look, or move nothing but the view: they are no acts."""

TOOLS: Final[tuple[Block, ...]] = (
    {
        "name": REQUEST_USER_INPUT,
        "description": (
            "Ask the user one question and wait for the answer. Only for what only they can know;"
            " never for a password. The answer comes back as the result."
        ),
        "input_schema": {
            "type": "object",
            "properties": {"prompt": {"type": "string", "description": "The question."}},
            "required": ["prompt"],
            "additionalProperties": False,
        },
    },
    {
        "name": TASK_DONE,
        "description": "End the task. The page is checked then; nothing can be done after it.",
        "input_schema": {
            "type": "object",
            "properties": {
                "summary": {"type": "string", "description": "What is there now, one sentence."}
            },
            "required": ["summary"],
            "additionalProperties": False,
        },
    },
)
"""The tools beside the browser's."""


@dataclass(frozen=True)
class ToolCall:
    """One tool call. `toolset` is empty for tools of our own; `input` as the model wrote it."""

    id: str
    name: str
    toolset: str
    input: Mapping[str, JsonValue]

    @property
    def acts(self) -> bool:
        """Whether it counts against the task's steps."""
        return self.toolset == BROWSER and self.name not in _FREE

    @property
    def kind(self) -> Literal["browser", "ask", "done", "unknown"]:
        """Who has to carry it out."""
        match self.toolset, self.name:
            case "browser", _:
                return "browser"
            case "", "request_user_input":
                return "ask"
            case "", "task_done":
                return "done"
            case _:
                return "unknown"


def tool_calls(content: Iterable[Block]) -> tuple[ToolCall, ...]:
    """The tool calls of an assistant's content, in order.

    A block that is none, or names no tool, is passed over: it can't be answered either.
    """
    found: list[ToolCall] = []
    for block in content:
        call_id, name, given = block.get("id"), block.get("name"), block.get("input")
        if block.get("type") != "tool_use" or not isinstance(call_id, str) or not call_id:
            continue
        if not isinstance(name, str):
            continue
        toolset = block.get("toolset_name")
        found.append(
            ToolCall(
                id=call_id,
                name=name,
                toolset=toolset if isinstance(toolset, str) else "",
                input=given if isinstance(given, dict) else {},
            )
        )
    return tuple(found)


def text_of(content: Iterable[Block]) -> str:
    """What an assistant's content says in words."""
    texts = (block.get("text") for block in content if block.get("type") == "text")
    return " ".join(text.strip() for text in texts if isinstance(text, str) and text.strip())


def result_of(call: ToolCall, content: Sequence[Block] | str, *, failed: bool = False) -> Block:
    """The `tool_result` of a call; that of a toolset's member names the toolset."""
    given: JsonValue = content if isinstance(content, str) else list[JsonValue](content)
    block: Block = {"type": "tool_result", "tool_use_id": call.id, "content": given}
    if call.toolset:
        block["toolset_name"] = call.toolset
    if failed:
        block["is_error"] = True
    return block
