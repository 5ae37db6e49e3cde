"""What a run has done, counted anew from what the ledger kept of it.

For a run whose workflow is gone, and the interpreter's own counts with it.
"""

from collections.abc import Sequence

from ledger.models import EventRow, ExtractedRow
from plans.calls import CallKind, Money
from plans.plan import Plan
from plans.state import Counters, RunState
from plans.step import FailureClass, Section, Step, StepType, TierName
from plans.structure import EXTRACTING, Loop, Structure


def recount(plan: Plan, events: Sequence[EventRow], rows: Sequence[ExtractedRow]) -> Counters:
    """Count as the interpreter would have.

    Args:
        plan: the run's plan, without steps where it had none.
        events: all events of the run, oldest first.
        rows: all its records.
    """
    count = _Count(plan)
    for event in events:
        count.take(event)
    counters = count.end()
    counters.rows = len(rows)
    counters.rows_viable = sum(row.viable for row in rows)
    return counters


class _Count:
    def __init__(self, plan: Plan) -> None:
        self._steps = plan.steps
        self._structure = Structure(plan.steps)
        self._state = RunState.start()
        self._last: tuple[Loop | None, int, int] | None = None

    def take(self, event: EventRow) -> None:
        if event.kind not in ("step", "action"):
            return
        self._state.counters.cost += _cost(event)
        if event.kind == "step":
            self._step(event)
        elif event.dedup_key.startswith(f"{CallKind.RETURN}:") and not _lost_browser(event):
            self._state.counters.failed_steps += 1

    def end(self) -> Counters:
        self._state.close_item()
        return self._state.counters

    def _step(self, event: EventRow) -> None:
        index = event.step_index
        if index is None or not 0 <= index < len(self._steps):
            return
        step = self._steps[index]
        self._turn(index, event)
        in_list = bool(self._structure.around(index)) or step.type in EXTRACTING
        self._state.executed(index, in_list, _tier(event))
        passed = event.body.get("success") is True
        if step.gate:
            self._state.counters.checks[index] = passed
        if passed:
            self._passed(index, step, exhausted=event.body.get("exhausted") is True)
        else:
            self._failed(index, step)

    def _turn(self, index: int, event: EventRow) -> None:
        """An item ends with the pass that it was part of; a loop inside the pass is part of it."""
        loop = self._structure.innermost(index)
        given = event.body.get("iteration")
        iteration = given if isinstance(given, int) else 0
        if self._last is not None:
            before, at, passed = self._last
            same = loop == before and iteration == passed
            deeper = before is not None and loop != before and before.holds(index)
            if index <= at or not (same or deeper):
                self._state.close_item()
        self._last = (loop, index, iteration)

    def _passed(self, index: int, step: Step, *, exhausted: bool) -> None:
        if exhausted:
            self._state.close_item()
        elif step.type is StepType.PAGINATE:
            self._state.counters.pages_turned += 1
        elif step.type in EXTRACTING:
            self._state.extracted_in_pass = True
            if self._structure.innermost(index) is None:
                self._state.close_item()

    def _failed(self, index: int, step: Step) -> None:
        self._state.counters.failed_steps += 1
        if self._structure.section(index) is Section.EXTRACTION:
            read = step.type is StepType.NAVIGATE_BACK and self._state.extracted_in_pass
            self._state.close_item(failed=not read)


def _lost_browser(event: EventRow) -> bool:
    """The run ended with it; it is no failure that the run went past."""
    return event.body.get("failure_class") == FailureClass.BROWSER_LOST


def _tier(event: EventRow) -> TierName | None:
    name = event.body.get("tier")
    return TierName(name) if isinstance(name, str) and name in list(TierName) else None


def _cost(event: EventRow) -> Money:
    """The event has the sum in USD; the tier that answered says who was paid."""
    cost = event.body.get("cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        return Money()
    micro = round(cost * 1_000_000)
    return Money(gpu=micro) if _tier(event) is TierName.HOLO3 else Money(claude=micro)
