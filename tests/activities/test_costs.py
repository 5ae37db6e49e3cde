"""A run's account tells what was metered, whatever its workflow has heard of."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities import metrics
from activities.runs import RunActivities
from activities.settings import ActivitySettings
from ledger.content import plan_document
from ledger.ledger import Ledger
from ledger.models import Limits, NewModelCall, NewRun, Reserved
from plans.calls import Finish, Money
from plans.plan import Plan
from plans.prices import Usage
from plans.state import RunState
from plans.step import HaltClass, Perception, Step, StepType, TierName
from workflows.interfaces import FinishRequest, RunKey

RUN = RunKey(tenant_id="costly", run_id="20260101_000000_0000abcd")
USED = Usage(tier=TierName.HOLO3, model="holo3", gpu_ms=800)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
    await opened.runs.admit(
        NewRun(
            tenant_id=RUN.tenant_id,
            run_id=RUN.run_id,
            plan=plan_document(Plan(steps=(Step(intent="Go", type=StepType.NAVIGATE),))),
            plan_name="",
            payload={},
            signature="",
            state_key="k",
            profile_id=None,
            perception=Perception.AUTO,
            limits=Limits(max_cost_micro=1_000_000, max_time_ms=60_000, max_run_steps=100),
            created_at=1,
        )
    )
    yield opened
    await opened.close()


async def spend(ledger: Ledger, call_id: str, cost: Money) -> None:
    ticket = await ledger.spending.reserve(
        NewModelCall(
            tenant_id=RUN.tenant_id,
            run_id=RUN.run_id,
            call_id=call_id,
            step_index=0,
            tier=TierName.HOLO3,
            model="holo3",
            kind="ground",
            reserved_micro=1_000,
        )
    )
    assert isinstance(ticket, Reserved)
    await ledger.spending.settle(ticket, USED, cost, "asks/x")


def observed() -> float:
    labels = {"tenant_id": RUN.tenant_id, "model": "holo3", "status": "failed"}
    return metrics.WORKER_METRICS.get_sample_value("mantis_run_cost_usd_sum", labels) or 0


async def test_the_account_is_the_ledgers_sum_in_summary_file_and_metric(
    ledger: Ledger, tmp_path: Path
):
    await spend(ledger, "step:0:0:1/holo3/ground", Money(gpu=556))
    await spend(ledger, "step:0:0:1:t1/claude/ground", Money(claude=270))
    before = observed()
    await RunActivities(ledger, ActivitySettings(data_dir=tmp_path)).finish_run(
        FinishRequest(
            run=RUN,
            finish=Finish(status="failed", halt_class=HaltClass.STEP_FAILED, message="no"),
            state=RunState.start(),
        )
    )
    row = await ledger.runs.get(*RUN.model_dump().values())
    assert row is not None and row.summary is not None
    assert row.summary["cost_total"] == 0.000826
    assert row.summary["cost_breakdown"] == {"gpu": 0.000556, "claude": 0.00027, "proxy": 0.0}
    folder = tmp_path / "tenants" / RUN.tenant_id / "runs" / RUN.run_id
    assert json.loads((folder / "result.json").read_text())["summary"]["cost_total"] == 0.000826
    assert observed() - before == pytest.approx(0.000826)
