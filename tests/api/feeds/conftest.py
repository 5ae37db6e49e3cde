from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.feeds import Feeds
from api.service import Service
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Limits, NewRun, RunRow
from ledger.settings import LedgerSettings
from plans.step import Perception
from tests.api.conftest import TOKEN
from tests.postgres import new_database
from tests.serving import served

RUN_ID = "20260101_000000_0000abcd"
TENANT = "default"


@pytest.fixture(params=["sqlite", "postgres"])
async def ledger_settings(request: pytest.FixtureRequest, tmp_path: Path) -> LedgerSettings:
    """An empty database of each kind."""
    url = ""
    if request.param == "postgres":
        url = await new_database(request.getfixturevalue("postgres_port"))
    return LedgerSettings(data_dir=tmp_path / "data", database_url=url)


@pytest.fixture
async def run(ledger: Ledger) -> RunRow:
    """A queued run."""
    return await admit(ledger, RUN_ID)


async def admit(ledger: Ledger, run_id: str) -> RunRow:
    await ledger.runs.admit(
        NewRun(
            tenant_id=TENANT,
            run_id=run_id,
            plan=[{"intent": "Go to https://example.com", "type": "navigate"}],
            plan_name="example",
            payload={"detached": True},
            signature="ab" * 32,
            state_key="abababababab",
            profile_id=None,
            perception=Perception.AUTO,
            limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
            created_at=now_micros(),
        )
    )
    row = await ledger.runs.get(TENANT, run_id)
    assert row is not None
    return row


@pytest.fixture
def service(app: FastAPI) -> Service:
    running: Service = app.state.service
    return running


@pytest.fixture
def feeds(service: Service) -> Feeds:
    return service.feeds


@pytest.fixture
async def caller(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with the right token, over a real socket."""
    async with (
        served(app) as address,
        httpx.AsyncClient(
            base_url=address,
            headers={"X-Mantis-Token": TOKEN},
            timeout=30,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        ) as client,
    ):
        yield client
