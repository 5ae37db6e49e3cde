"""A Postgres that says nothing: its machine is cut off, or it is stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from ledger.errors import LedgerAway
from ledger.gates import Admitted
from ledger.ledger import Ledger
from ledger.models import NewEvent, NewRun
from tests.postgres import new_database

MakeRun = Callable[..., NewRun]


class Wire:
    """A relay before a server; cut, it takes everything and passes on nothing."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(OSError, asyncio.CancelledError):
            await self._open.wait()
            back_reader, back = await asyncio.open_connection("127.0.0.1", self._port)
            ways = [
                asyncio.ensure_future(self._pass(reader, back)),
                asyncio.ensure_future(self._pass(back_reader, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)
                back.close()
        writer.close()
        self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()


@pytest.fixture
async def wire(postgres_port: int) -> AsyncIterator[Wire]:
    made = Wire(postgres_port)
    yield made
    await made.stop()


@pytest.fixture
async def ledger(
    wire: Wire, postgres_port: int, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Ledger]:
    monkeypatch.setattr("ledger.database.ANSWER_S", 0.5)
    monkeypatch.setattr("ledger.database.CONNECT_S", 0.5)
    monkeypatch.setattr("ledger.changes.ANSWER_S", 0.5)
    monkeypatch.setattr("ledger.changes.PING_S", 0.2)
    monkeypatch.setattr("ledger.changes.PING_TIMEOUT_S", 0.2)
    url = make_url(await new_database(postgres_port))
    opened = await Ledger.open(url.set(port=await wire.start()).render_as_string())
    yield opened
    await opened.close()


async def test_what_is_asked_of_a_silent_database_is_answered(
    wire: Wire, ledger: Ledger, new_run: MakeRun
):
    run = new_run()
    await asyncio.gather(*(ledger.ping() for _ in range(4)))
    wire.cut()
    for _ in range(2):
        async with asyncio.timeout(5):
            asked = (
                ledger.runs.get("acme", run.run_id),
                ledger.runs.admit(run),
                ledger.ping(),
                ledger.outbox.pending(10, 1),
            )
            answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [LedgerAway] * 4
    wire.mend()
    async with asyncio.timeout(5):
        await ledger.ping()
        admitted = await ledger.runs.admit(run)
    assert isinstance(admitted, Admitted)


async def test_changes_are_heard_again_after_a_silence(
    wire: Wire, ledger: Ledger, new_run: MakeRun
):
    run = new_run()
    await ledger.runs.admit(run)
    async with ledger.changes() as changes:
        while await changes.wait(0.5) is None:
            pass
        wire.cut()
        async with asyncio.timeout(5):
            while await changes.wait(0.1) is not None:
                pass
        wire.mend()
        heard: frozenset[tuple[str, str]] | None = None
        async with asyncio.timeout(10):
            while not heard:
                event = NewEvent(dedup_key=uuid4().hex, kind="log")
                await ledger.events.append(run.tenant_id, run.run_id, [event])
                heard = await changes.wait(1)
        assert heard == {(run.tenant_id, run.run_id)}


async def test_the_ledger_closes_while_its_database_is_silent(wire: Wire, ledger: Ledger):
    await ledger.ping()
    async with ledger.changes():
        wire.cut()
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await ledger.close()
