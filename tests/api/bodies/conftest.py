"""The API over ASGI with a run that is over; Temporal is away."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from activities.runs import RunActivities
from activities.settings import ActivitySettings
from api.app import create_app
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import NewEvent, NewRow, StepRecord
from ledger.settings import LedgerSettings
from plans.calls import Finish
from plans.state import Counters, RunState
from plans.step import HaltClass
from temporal.settings import TemporalSettings
from workflows.interfaces import FinishRequest, RunKey

TOKEN = "test-token"
TENANT = "default"
PLAN = [
    {"intent": "Go to https://example.com/boats", "type": "navigate"},
    {
        "intent": "Extract the boat",
        "type": "extract_data",
        "extract": {
            "fields": [
                {"name": "year", "type": "int", "required": True},
                {"name": "make", "required": True},
                {"name": "price", "type": "price", "required": True},
                {"name": "phone", "type": "phone"},
            ]
        },
    },
]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def app(data_dir: Path, tmp_path: Path) -> AsyncIterator[FastAPI]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{probe.getsockname()[1]}"
    plans = tmp_path / "plans" / "mine"
    plans.mkdir(parents=True)
    (plans / "one.json").write_text('[{"intent": "Go to https://one.test", "type": "navigate"}]')
    made = create_app(
        ApiSettings(
            api_token=TOKEN,
            anthropic_api_key="",
            data_dir=data_dir,
            plans_path=str(tmp_path / "plans"),
            rate_limit_per_minute=0,
            max_concurrent_runs=1000,
        ),
        LedgerSettings(data_dir=data_dir, database_url=""),
        TemporalSettings(address=nowhere),
    )
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://mantis",
        headers={"X-Mantis-Token": TOKEN},
    ) as opened:
        yield opened


@pytest.fixture
async def ledger(app: FastAPI, data_dir: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(LedgerSettings(data_dir=data_dir, database_url="").url)
    yield opened
    await opened.close()


async def _submit(client: httpx.AsyncClient) -> str:
    answer = await client.post("/v1/predict", json={"task_suite": PLAN})
    return str(answer.json()["run_id"])


def _row(key: str, *, viable: bool, **values: str | None) -> NewRow:
    return NewRow(
        key=key,
        record={
            "fields": {name: {"value": value, "raw": value} for name, value in values.items()},
            "url": f"https://example.com/boats/{key}",
        },
        viable=viable,
        page_url=f"https://example.com/boats/{key}",
    )


async def _end(ledger: Ledger, data_dir: Path, run_id: str, finish: Finish) -> None:
    ending = RunActivities(ledger, ActivitySettings(data_dir=data_dir))
    counters = Counters(steps_executed=2, rows=2, rows_viable=1, attempted_items=2)
    counters.completed_items, counters.failed_items = 1, 1
    await ending.finish_run(
        FinishRequest(
            run=RunKey(tenant_id=TENANT, run_id=run_id),
            finish=finish,
            state=RunState(counters=counters),
            elapsed_ms=1500,
        )
    )


@pytest.fixture
async def succeeded(client: httpx.AsyncClient, ledger: Ledger, data_dir: Path) -> str:
    """A run that brought one viable record and one that is not."""
    run_id = await _submit(client)
    await ledger.runs.begin(TENANT, run_id, now_micros())
    await ledger.rows.record_step(
        StepRecord(
            tenant_id=TENANT,
            run_id=run_id,
            call_key="1:0",
            step_index=1,
            events=(
                NewEvent(
                    dedup_key="1:0:step",
                    kind="step",
                    step_index=1,
                    body={"index": 1, "intent": "Extract the boat", "success": True},
                ),
            ),
            rows=(
                _row("a", viable=True, year="2019", make="Sea, Ray", price="$15,000", phone=None),
                _row("b", viable=False, year="2020", make=None, price=None, phone=None),
            ),
        )
    )
    await _end(ledger, data_dir, run_id, Finish(status="succeeded"))
    return run_id


@pytest.fixture
async def failed(client: httpx.AsyncClient, ledger: Ledger, data_dir: Path) -> str:
    """A run that halted at its gate."""
    run_id = await _submit(client)
    await ledger.runs.begin(TENANT, run_id, now_micros())
    halt = HaltClass.GATE_FAILED
    await _end(
        ledger, data_dir, run_id, Finish(status="failed", halt_class=halt, message="no boats")
    )
    return run_id
