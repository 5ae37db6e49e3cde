from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ledger.database import Database
from ledger.ledger import Ledger
from ledger.models import Limits, NewRun
from ledger.vault import Keyring, new_key
from plans.step import Perception
from tests.postgres import new_database

MakeRun = Callable[..., NewRun]


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _new_run(
    run_id: str = "20260101_000000_0000abcd", tenant_id: str = "acme", created_at: int = 1_000_000
) -> NewRun:
    return NewRun(
        tenant_id=tenant_id,
        run_id=run_id,
        plan=[{"intent": "Go to https://example.com", "type": "navigate"}],
        plan_name="example",
        payload={"detached": True, "micro": None},
        signature="ab" * 32,
        state_key="abababababab",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=25_000_000, max_time_ms=3_600_000, max_run_steps=20_000),
        created_at=created_at,
    )


@pytest.fixture
def new_run() -> MakeRun:
    return _new_run


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/deep/ledger.db"
    return await new_database(request.getfixturevalue("postgres_port"))


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(url)
    yield opened
    await opened.close()


@pytest.fixture
async def keyed(url: str) -> AsyncIterator[Ledger]:
    """A ledger with keys, that keeps secrets and checkpoints."""
    opened = await Ledger.open(url, keyring=Keyring([new_key()]))
    yield opened
    await opened.close()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The same database, past the ledger."""
    opened = Database(url)
    yield opened
    await opened.close()
