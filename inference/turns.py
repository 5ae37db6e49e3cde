"""What the looks of one step tell the next: the pure half of the loop look, ask, act."""

from collections.abc import Iterable
from typing import Final

from inference.decisions import Decision, Done
from inference.observation import Observation

COUNTED: Final = "counted: "
"""How the `text` begins of clicks on things whose number was counted before the first."""


def spent(done: Iterable[Done]) -> int:
    """How much of a step's budget its acts have used up; those that were counted are none."""
    return sum(not one.text.startswith(COUNTED) for one in done)


def targets(decision: Decision) -> tuple[Decision, ...]:
    """The decision once for each element that it acts on, in the order of acting."""
    others = (decision.model_copy(update={"ref": ref, "also": ()}) for ref in decision.also)
    return (decision.model_copy(update={"also": ()}), *others)


def done_by(observation: Observation, decision: Decision) -> tuple[Done, ...]:
    """What `Question.done` says of a decision that was carried out, one entry a target."""
    return tuple(_done(observation, one) for one in targets(decision))


def _done(observation: Observation, decision: Decision) -> Done:
    element = None if decision.ref is None else observation.element(decision.ref)
    return Done(
        act=decision.act,
        name=element.name if element else "",
        role=element.role if element else "",
        text=decision.text,
    )
