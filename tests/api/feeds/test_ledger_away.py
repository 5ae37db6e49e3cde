"""A ledger that is away for a while, behind a relay that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from api.feeds import Feeds
from api.settings import ApiSettings
from ledger.ledger import Ledger
from ledger.models import RunRow
from ledger.settings import LedgerSettings
from temporal.settings import TemporalSettings
from tests.api.feeds.conftest import admit
from tests.api.feeds.run_writer import finish, step
from tests.postgres import new_database
from tests.serving import streaming


class Relay:
    """Passes connections on to a port, until it is cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.cut()
            server.close()
            await server.wait_closed()

    def cut(self) -> None:
        self._cut = True
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    def mend(self) -> None:
        self._cut = False

    async def _serve(self, incoming: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self._cut:
            back.transport.abort()
            return
        answer, onward = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {back, onward}
        await asyncio.gather(_pass_on(incoming, onward), _pass_on(answer, back))
        self._open -= {back, onward}


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await source.read(65536):
            sink.write(part)
            await sink.drain()
    sink.close()


@pytest.fixture
async def direct(postgres_port: int) -> str:
    return await new_database(postgres_port)


@pytest.fixture
async def relay(postgres_port: int) -> AsyncIterator[Relay]:
    async with Relay(postgres_port).running() as running:
        yield running


@pytest.fixture
async def app(
    settings: ApiSettings, relay: Relay, direct: str, postgres_port: int, nowhere: str
) -> AsyncIterator[FastAPI]:
    """The application with its database behind the relay."""
    url = direct.replace(f":{postgres_port}/", f":{relay.port}/")
    database = LedgerSettings(data_dir=settings.data_dir, database_url=url)
    made = create_app(settings, database, TemporalSettings(address=nowhere))
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def ledger(app: FastAPI, direct: str) -> AsyncIterator[Ledger]:
    """The ledger, past the relay."""
    opened = await Ledger.open(direct)
    yield opened
    await opened.close()


async def test_a_stream_waits_for_a_ledger_that_is_away_and_goes_on(
    caller: httpx.AsyncClient, ledger: Ledger, run: RunRow, relay: Relay
):
    async with streaming(caller, run.run_id) as frames:
        assert [(await anext(frames)).event for _ in range(2)] == ["phase", "log"]
        relay.cut()
        await ledger.events.append(run.tenant_id, run.run_id, [step(n) for n in range(300)])
        for part in ("?sse=true", ""):
            answer = await caller.get(f"/v1/runs/{run.run_id}/events{part}")
            assert answer.status_code == 503, answer.text
        await finish(ledger, run)
        relay.mend()
        async with asyncio.timeout(20):
            rest = [frame async for frame in frames]
    assert [frame.data["step_index"] for frame in rest if frame.event == "step"] == [*range(300)]
    assert rest[-1].event == "terminal"


async def test_one_runs_fault_ends_its_own_readers_alone(
    caller: httpx.AsyncClient, ledger: Ledger, run: RunRow, feeds: Feeds
):
    other = await admit(ledger, "20260101_000000_0000ffff")
    async with (
        streaming(caller, run.run_id) as broken,
        streaming(caller, other.run_id) as healthy,
    ):
        for frames in (broken, healthy):
            assert [(await anext(frames)).event for _ in range(2)] == ["phase", "log"]
        await ledger.events.append(run.tenant_id, run.run_id, [step(1)])
        assert (await anext(broken)).event == "step"
        async with ledger.events._database.write() as connection:
            await connection.execute(
                text(
                    "INSERT INTO run_events SELECT tenant_id, run_id, ts + 1, 'x', kind, 1, '[]'"
                    " FROM run_events WHERE dedup_key = 'step:1'"
                )
            )
        await ledger.events.append(run.tenant_id, run.run_id, [step(2)])
        async with asyncio.timeout(10):
            assert "terminal" not in [frame.event async for frame in broken]
        await ledger.events.append(other.tenant_id, other.run_id, [step(1)])
        assert (await anext(healthy)).event == "step"
        assert feeds.watched == 1
