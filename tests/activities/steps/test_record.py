from pathlib import Path

from activities.steps.record import Recorded, record
from activities.steps.report import Report
from ledger.ledger import Ledger
from ledger.models import Limits, NewRun
from plans.calls import Call
from plans.interpreter import Interpreter
from plans.plan import Plan
from plans.state import RunLimits, RunState
from plans.step import INTENT_READ, Perception, Step, StepType
from workflows.interfaces import RunKey, StepRequest
from workflows.messages import SessionRef

RUN = RunKey(tenant_id="acme", run_id="20260101_000000_0000abcd")


def _first_call(step: Step) -> Call:
    limits = RunLimits(
        max_run_steps=10, max_loop_iterations=10, max_cost_micro=1, max_time_ms=60_000
    )
    call = Interpreter(Plan(steps=(step,)), limits, RunState.start({})).next()
    assert isinstance(call, Call)
    return call


async def test_an_intent_without_end_does_not_swell_the_events(tmp_path: Path) -> None:
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
    try:
        await ledger.runs.admit(
            NewRun(
                tenant_id=RUN.tenant_id,
                run_id=RUN.run_id,
                plan={"steps": []},
                plan_name="",
                payload={},
                signature="ab",
                state_key="ab",
                profile_id=None,
                perception=Perception.AUTO,
                limits=Limits(max_cost_micro=1, max_time_ms=60_000, max_run_steps=10),
                created_at=1_000_000,
            )
        )
        request = StepRequest(
            run=RUN,
            session=SessionRef(session_id="s", host_queue="q", machine_queue="m", epoch=1),
            call=_first_call(Step(intent="word " * 200_000, type=StepType.SCROLL)),
            perception=Perception.AUTO,
            time_left_ms=60_000,
        )
        await record(ledger, Recorded(request, None, Report(), None, 5))
        (event,) = await ledger.events.of_kind(RUN.tenant_id, RUN.run_id, "step")
    finally:
        await ledger.close()
    intent = event.body["intent"]
    assert isinstance(intent, str) and len(intent) == INTENT_READ
