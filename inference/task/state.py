"""What the agent of a task carries from turn to turn; it lies in the artifact store."""

from pydantic import JsonValue

from inference.asking import Look
from inference.task.calls import Block
from inference.task.refs import Known
from plans.step import Frozen


class Waiting(Frozen):
    """A turn that waits for the user: its content, the results so far, the call that asks."""

    content: tuple[Block, ...]
    results: tuple[Block, ...]
    call_id: str


class TaskState(Frozen):
    """A task between two turns.

    `shown` is the look of the last picture. `acts` are the acts done, `turns` the answers of
    the model, `cut` those in a row that were cut off, `asked` the questions to the user.
    `files` are the downloads that were there before the task. `said` is what the model said
    last in words.
    """

    messages: tuple[Block, ...] = ()
    refs: tuple[Known, ...] = ()
    shown: Look | None = None
    acts: int = 0
    turns: int = 0
    cut: int = 0
    asked: int = 0
    files: tuple[str, ...] = ()
    waiting: Waiting | None = None
    said: str = ""


def summary_of(state: TaskState, key: str) -> JsonValue:
    """What of it goes through the workflow: where the rest lies, and how far it is."""
    return {"state": key, "acts": state.acts, "turns": state.turns}


def key_of(summary: JsonValue) -> str | None:
    """Where the state of a task lies; None for a task that has not begun."""
    match summary:
        case {"state": str(key)}:
            return key
        case _:
            return None
