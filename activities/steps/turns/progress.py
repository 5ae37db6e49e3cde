"""What a step that waits for an answer has done and heard so far: carried from turn to turn."""

from typing import Final, Literal

from pydantic import JsonValue

from inference.decisions import ActKind, Done
from inference.task.state import key_of
from plans.calls import AskKind, Money
from plans.placeholders import reference
from plans.step import Frozen, TierName
from workflows.interfaces import ModelAnswer, StepRequest

MOST_ANEW: Final = 2
"""How often a model is asked again because the page has changed while it was asked."""
_MOST_NOTES: Final = 60


class Said(Frozen):
    """What a tier answered about the page as it stood: `ask` and `answer` are keys.

    `about` tells the questions of a step apart: its act, its gate, its fields. `answer` is
    empty where there is none; then `failure` says why.
    """

    tier: TierName
    about: str
    ask: str
    answer: str = ""
    failure: Literal["unavailable", "over_budget", "unusable"] | None = None
    message: str = ""
    cost: Money = Money()


class Waiting(Frozen):
    """What this turn waits for; `tier` None: the user, whom the model of `said` asks."""

    kind: AskKind
    about: str
    tier: TierName | None
    ask: str
    answer: str = ""


class Past(Frozen):
    """An earlier turn of the step's agent: keys of its question and answer, what came of it."""

    ask: str
    answer: str
    came_of: str


class Progress(Frozen):
    """A step between two turns.

    `done` are its acts, `past` the turns of its agent with them. `said` is what the tiers have
    answered about the page since the last act, `anew` how often one was asked again about it.
    `away` are tiers that can't be reached. `cost` and `spent_ms` are those of all turns so
    far. `report` is the key of what the step's own code came to, once it is through. `acted`
    and `anchor` as in `Outcome`. `answers` name what the user has told this step. `lessons` is
    what memory takes of it, `looks` the key of what is shown of it to people. `task` is the
    state of a step that is a task of a suite. No text in it holds a secret of the run.
    """

    done: tuple[Done, ...] = ()
    past: tuple[Past, ...] = ()
    said: tuple[Said, ...] = ()
    anew: int = 0
    away: tuple[TierName, ...] = ()
    waiting: Waiting | None = None
    notes: tuple[str, ...] = ()
    cost: Money = Money()
    spent_ms: int = 0
    report: str = ""
    acted: bool = False
    anchor: bool | None = None
    answers: tuple[str, ...] = ()
    lessons: JsonValue = None
    looks: str = ""
    task: JsonValue = None

    def with_said(self, said: Said) -> "Progress":
        """With one more answer, paid for."""
        return self.model_copy(update={"said": (*self.said, said), "cost": self.cost + said.cost})

    def after(self, done: tuple[Done, ...], past: tuple[Past, ...] = ()) -> "Progress":
        """After acts: what was said about the page before them counts no more."""
        return self.model_copy(
            update={
                "done": (*self.done, *done),
                "past": (*self.past, *past),
                "said": (),
                "anew": 0,
            }
        )

    def noted(self, notes: list[str]) -> "Progress":
        """With the notes of the step so far."""
        return self.model_copy(update={"notes": tuple(dict.fromkeys(notes))[-_MOST_NOTES:]})


def begin(request: StepRequest) -> Progress:
    """Where a turn begins: the progress of the one before, with the answer to what it asked."""
    if request.progress is None:
        return Progress()
    progress = Progress.model_validate(request.progress)
    waiting, answer = progress.waiting, request.answer
    progress = progress.model_copy(update={"waiting": None})
    if waiting is not None and waiting.tier is None and request.user_input:
        return _told(progress, waiting, request.user_input)
    if waiting is None or answer is None or answer.tier != waiting.tier:
        return progress
    progress = progress.with_said(_said(waiting, answer))
    spent = progress.spent_ms + answer.duration_ms
    away = progress.away
    if answer.failure == "unavailable" and answer.tier not in away:
        away = (*away, answer.tier)
    return progress.model_copy(update={"spent_ms": spent, "away": away})


def _told(progress: Progress, waiting: Waiting, name: str) -> Progress:
    """The user has answered: the model that asked hears it with its next question."""
    progress = progress.model_copy(update={"answers": (*progress.answers, name)})
    if not waiting.ask:
        return progress
    past = Past(ask=waiting.ask, answer=waiting.answer, came_of=answered_by(name))
    return progress.after((Done(act=ActKind.INPUT, name="", role=""),), (past,))


def superseded(before: JsonValue, after: JsonValue) -> frozenset[str]:
    """Keys of what a turn has kept anew as a whole: its looks, the conversation of its task.

    Args:
        before: the progress that the turn began with.
        after: the progress that it ended with.
    """
    return _wholes(Progress.model_validate(before)) - _wholes(Progress.model_validate(after))


def _wholes(progress: Progress) -> frozenset[str]:
    waiting = progress.waiting
    ask = waiting.ask if waiting is not None and waiting.kind is AskKind.TASK else ""
    return frozenset((progress.looks, key_of(progress.task) or "", ask))


def answered_by(name: str) -> str:
    """What came of asking the user, as the history of a step says it."""
    return f"The user answered: {reference(name)}"


def _said(waiting: Waiting, answer: ModelAnswer) -> Said:
    failure = answer.failure
    if failure is None and not answer.body:
        failure = "unusable"
    return Said(
        tier=answer.tier,
        about=waiting.about,
        ask=waiting.ask,
        answer=answer.body,
        failure=failure,
        message=answer.message,
        cost=answer.cost,
    )
