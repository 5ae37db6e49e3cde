"""A suite's tasks that an earlier run has done belong to the run that goes on from it."""

from collections.abc import Callable

import pytest

from ledger.content import plan_document
from ledger.earlier import earlier_tasks
from ledger.gates import Admitted, Gate
from ledger.ledger import Ledger
from ledger.models import Ending, NewEvent, NewRun, RunRow, RunStatus
from ledger.result import build_result
from plans.plan import Plan
from plans.step import HaltClass
from plans.suite import Task, TaskSuite

SUITE = TaskSuite(tasks=tuple(Task(task_id=name, intent=name) for name in ("a", "b", "c")))
CUT = Ending(
    status=RunStatus.FAILED, halt_class=HaltClass.TIMEOUT, state={"pc": 1}, summary={"x": 1}
)


async def attempt(
    ledger: Ledger, new: NewRun, number: int, done: int | None, success: bool, ending: Ending
) -> RunRow:
    """A run of the suite that does one task, and ends so."""
    changed = {"run_id": f"20260101_000000_0000000{number}", "created_at": number * 1_000_000}
    admission = await ledger.runs.admit(new.model_copy(update=changed), Gate(resume_state=True))
    assert isinstance(admission, Admitted)
    run = admission.run
    if done is not None:
        data = {"task_id": "abc"[done], "success": success, "steps": number}
        body = {"type": "task", "data": data, "cost": 0.5, "duration": 1.0}
        event = NewEvent(dedup_key="t", kind="step", step_index=done, body=body)
        await ledger.events.append(run.tenant_id, run.run_id, [event])
    await ledger.runs.finish(run.tenant_id, run.run_id, ending, number * 2_000_000)
    row = await ledger.runs.get(run.tenant_id, run.run_id)
    assert row is not None
    return row


async def tasks(ledger: Ledger, row: RunRow) -> list[tuple[object, object, object]]:
    steps = await ledger.events.of_kind(row.tenant_id, row.run_id, "step")
    earlier = await earlier_tasks(ledger.runs, ledger.events, row)
    result = build_result(row, steps, (), 9, earlier=earlier).result
    assert result is not None and result.tasks is not None
    assert result.passed == sum(task["success"] is True for task in result.tasks)
    return [(task["task_id"], task["success"], task["steps"]) for task in result.tasks]


async def test_tasks_of_all_runs_before_are_told(ledger: Ledger, new_run: Callable[..., NewRun]):
    new = new_run().model_copy(update={"plan": plan_document(SUITE)})
    first = await attempt(ledger, new, 1, 0, True, CUT)
    assert await tasks(ledger, first) == [("a", True, 1), ("b", False, 0), ("c", False, 0)]
    second = await attempt(ledger, new, 2, 1, False, CUT)
    assert await tasks(ledger, second) == [("a", True, 1), ("b", False, 2), ("c", False, 0)]
    third = await attempt(ledger, new, 3, 1, True, Ending(status=RunStatus.SUCCEEDED))
    assert await tasks(ledger, third) == [("a", True, 1), ("b", True, 3), ("c", False, 0)]
    fourth = await attempt(ledger, new, 4, None, True, CUT)
    assert await tasks(ledger, fourth) == [("a", False, 0), ("b", False, 0), ("c", False, 0)]


@pytest.mark.parametrize("plan", [plan_document(Plan(steps=())), []])
async def test_plans_have_no_earlier_tasks(
    ledger: Ledger, new_run: Callable[..., NewRun], plan: object
):
    new = new_run().model_copy(update={"plan": plan})
    await attempt(ledger, new, 1, 0, True, CUT)
    row = await attempt(ledger, new, 2, 1, True, CUT)
    assert row.resumed_from is not None
    assert await earlier_tasks(ledger.runs, ledger.events, row) == ()
