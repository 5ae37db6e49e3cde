"""Where a run stands, told from the recorded outcomes of its calls: its workflow is gone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from plans.calls import Call, Finish, Outcome
from plans.interpreter import Interpreter
from plans.plan import Plan
from plans.standing import Standing
from plans.state import RunLimits, RunState
from plans.step import FailureClass

_ROUND = re.compile(r":r([0-9]{1,9})$")
_TURN = re.compile(r":t[0-9]{1,9}$")
_MOST_UNTOLD = 8
"""Calls in succession that left no outcome behind: one and the same is tried three times."""
_UNTOLD = Outcome(
    success=False, failure_class=FailureClass.UNKNOWN, message="what became of it was not recorded"
)


@dataclass(frozen=True, slots=True)
class Told:
    """The outcome of the call of this key; of a turn that left a question it is told aside."""

    key: str
    outcome: Outcome


def retell(plan: Plan, limits: RunLimits, first: Standing, told: Sequence[Told]) -> Standing:
    """Where the run stood after the last outcome, as its own workflow had it.

    Args:
        plan: the run's plan.
        limits: the run's limits.
        first: where it began, left as it is.
        told: the outcomes in the order in which they were recorded. A call between two of
            them that left none had failed without reaching the page. One that was left with a
            question is still due.
    """
    tale = _Tale(
        plan, limits, first, goes_back=any(_ROUND.search(_TURN.sub("", one.key)) for one in told)
    )
    for one in told:
        if not tale.take(one):
            break
    return tale.end()


class _Tale:
    def __init__(self, plan: Plan, limits: RunLimits, first: Standing, *, goes_back: bool) -> None:
        self._plan = plan
        self._limits = limits
        self._machine = Interpreter(plan, limits, first.state.model_copy(deep=True))
        begins = first.anchor is None and not first.state.visits
        self._anchor = first.state.model_copy(deep=True) if begins else first.anchor
        self._acted = first.acted
        self._waiting = False
        self._due_at: dict[str, RunState] | None = {} if goes_back else None
        self._elapsed_ms = first.state.elapsed_ms

    @property
    def state(self) -> RunState:
        return self._machine.state

    def end(self) -> Standing:
        return Standing(state=self.state, anchor=self._anchor, acted=self._acted)

    def take(self, told: Told) -> bool:
        """Go on past this outcome; False where the run can't have come to it."""
        if told.outcome.ask is not None:
            self._wait(told)
            return True
        self._go_back(told.key)
        if self._applied(told):
            return True
        start = self.state.model_copy(deep=True)
        for _ in range(_MOST_UNTOLD):
            call = self._machine.next()
            if isinstance(call, Finish):
                break
            self._apply(call, _UNTOLD)
            if self._applied(told):
                return True
        self._machine = Interpreter(self._plan, self._limits, start)
        return False

    def _applied(self, told: Told) -> bool:
        """Take in the outcome where it is that of the call that is due."""
        call = self._machine.next()
        if isinstance(call, Finish) or call.key != told.key:
            return False
        self._apply(call, told.outcome)
        return True

    def _apply(self, call: Call, outcome: Outcome) -> None:
        if self._due_at is not None:
            self._due_at[_ROUND.sub("", call.key)] = self.state.model_copy(deep=True)
        self._elapsed_ms += outcome.duration_ms
        self._machine.apply(call, outcome, self._elapsed_ms)
        self._waiting = False
        self._acted = self._acted or outcome.acted
        if outcome.anchor:
            self._anchor, self._acted = self.state.model_copy(deep=True), False

    def _wait(self, told: Told) -> None:
        """The call that is due was left with a question: what it has done stays done."""
        self._go_back(_TURN.sub("", told.key))
        self._waiting = self._waiting or told.outcome.acted
        if told.outcome.anchor:
            self._anchor, self._acted = self.state.model_copy(deep=True), False
        self._acted = self._acted or self._waiting

    def _go_back(self, key: str) -> None:
        """In a later round the run stands where the same call was due before."""
        found = _ROUND.search(key)
        if found is None or self._due_at is None or int(found[1]) <= self.state.round:
            return
        before = self._due_at.get(_ROUND.sub("", key))
        if before is not None:
            state = self.state.step_back(before)
            state.round = int(found[1])
            self._machine = Interpreter(self._plan, self._limits, state)
