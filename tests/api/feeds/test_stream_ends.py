import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from api.feeds import Feeds
from api.feeds.stream import EventStream, Times
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, RunRow, RunStatus
from ledger.settings import LedgerSettings
from tests.api.conftest import TOKEN
from tests.api.feeds.conftest import RUN_ID, TENANT
from tests.api.feeds.run_writer import eventually, finish, step, stream_tasks
from tests.serving import frames_of, read_all, streaming

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def short(app: FastAPI, feeds: Feeds, run: RunRow) -> str:
    """A route whose streams live for 0.6 s, with a ping every 0.2 s."""

    async def answer() -> Response:
        return EventStream(feeds, run, 0, Times(ping_s=0.2, life_s=0.6, spread_s=0))

    app.add_api_route("/short", answer, response_model=None)
    return "/short"


def test_a_stream_lives_about_ten_minutes_and_is_pinged_every_25_s():
    times = Times()
    assert times.ping_s == 25
    assert 570 <= times.life_s - times.spread_s <= times.life_s == 600


async def test_a_stream_ends_in_time_without_terminal_and_is_pinged_until_then(
    caller: httpx.AsyncClient, short: str, feeds: Feeds, ledger: Ledger, run: RunRow
):
    async def write() -> None:
        for number in range(12):
            await ledger.events.append(run.tenant_id, run.run_id, [step(number)])
            await asyncio.sleep(0.05)

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        async with caller.stream("GET", short) as response:
            frames = [frame async for frame in frames_of(response)]
    assert 0.6 <= time.monotonic() - began < 3
    assert [frame.raw for frame in frames].count(b": ping") in (2, 3)
    assert "terminal" not in [frame.event for frame in frames]
    assert feeds.watched == 0
    last = [frame.id for frame in frames if frame.is_row][-1]
    await finish(ledger, run)
    rest = await read_all(caller, run.run_id, last_id=last)
    rows = [frame.data for frame in [*frames, *rest] if frame.is_row]
    assert [row["step_index"] for row in rows if row["kind"] == "step"] == list(range(12))


async def test_a_reader_that_takes_nothing_is_let_go_after_its_time(
    app: FastAPI, feeds: Feeds, ledger: Ledger, run: RunRow, caller: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr("api.feeds.stream.GRACE_S", 0.2)

    async def answer() -> Response:
        return EventStream(feeds, run, 0, Times(life_s=3, spread_s=0))

    app.add_api_route("/short", answer, response_model=None)
    for start in range(0, 3000, 500):
        events = [step(start + i, page="x" * 8000) for i in range(500)]
        await ledger.events.append(run.tenant_id, run.run_id, events)
    with socket.create_connection((caller.base_url.host, caller.base_url.port or 0)) as stuck:
        stuck.send(b"GET /short HTTP/1.1\r\nHost: x\r\n\r\n")
        await eventually(lambda: feeds.readers == 1)
        await eventually(lambda: feeds.readers == 0 and stream_tasks() == 0, within_s=40)


async def test_all_streams_end_without_terminal_when_the_api_stops(
    caller: httpx.AsyncClient, feeds: Feeds, run: RunRow
):
    async with AsyncExitStack() as opened:
        readers = [
            await opened.enter_async_context(streaming(caller, run.run_id)) for _ in range(30)
        ]
        for frames in readers:
            await anext(frames)
        feeds.stop()
        async with asyncio.timeout(2):
            for frames in readers:
                assert "terminal" not in [frame.event async for frame in frames]
    late = await read_all(caller, run.run_id)
    assert [frame.event for frame in late] == ["phase", "log"]
    assert feeds.watched == 0


@pytest.fixture
async def own_api(
    ledger_settings: LedgerSettings, nowhere: str, run: RunRow
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The API in a process of its own, on the ledger that has the run."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MANTIS_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", "--fd", str(listener.fileno()),
        cwd=ROOT,
        pass_fds=[listener.fileno()],
        stdout=PIPE,
        stderr=DEVNULL,
        env=kept
        | {
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
            "MANTIS_API_TOKEN": TOKEN,
            "MANTIS_DATA_DIR": str(ledger_settings.data_dir),
            "MANTIS_DATABASE_URL": ledger_settings.database_url,
            "TEMPORAL_ADDRESS": nowhere,
        },
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    yield process, f"http://127.0.0.1:{listener.getsockname()[1]}"
    if process.returncode is None:
        process.kill()
    await process.communicate()
    listener.close()


async def test_open_streams_do_not_hold_up_a_stopping_process(
    own_api: tuple[asyncio.subprocess.Process, str], run: RunRow
):
    process, address = own_api
    async with (
        httpx.AsyncClient(
            base_url=address, headers={"X-Mantis-Token": TOKEN}, timeout=30
        ) as client,
        AsyncExitStack() as opened,
    ):
        readers = [
            await opened.enter_async_context(streaming(client, run.run_id)) for _ in range(20)
        ]
        for frames in readers:
            await anext(frames)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        for frames in readers:
            assert "terminal" not in [frame.event async for frame in frames]
        async with asyncio.timeout(10):
            await process.wait()
        assert time.monotonic() - began < 4
    assert process.returncode in (0, -signal.SIGTERM)


async def test_a_reader_of_a_killed_process_goes_on_at_another(
    own_api: tuple[asyncio.subprocess.Process, str],
    caller: httpx.AsyncClient,
    ledger: Ledger,
    run: RunRow,
):
    process, address = own_api
    await ledger.events.append(run.tenant_id, run.run_id, [step(n) for n in range(5)])
    rows: list[bytes] = []
    last_id: str | None = None
    async with httpx.AsyncClient(base_url=address, headers={"X-Mantis-Token": TOKEN}) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            async with streaming(client, run.run_id) as frames:
                async for frame in frames:
                    if frame.is_row:
                        rows.append(frame.raw)
                        last_id = frame.id
                    if len(rows) == 3:
                        process.kill()
                        await process.wait()
    await ledger.events.append(run.tenant_id, run.run_id, [step(n) for n in range(5, 9)])
    await finish(ledger, run)
    rest = await read_all(caller, run.run_id, last_id=last_id)
    rows += [frame.raw for frame in rest if frame.is_row]
    assert rows == [frame.raw for frame in await read_all(caller, run.run_id) if frame.is_row]


async def test_a_change_between_the_row_and_the_feed_is_seen(ledger: Ledger, run: RunRow):
    await ledger.runs.finish(TENANT, RUN_ID, Ending(status=RunStatus.CANCELLED), now_micros())
    async with Feeds(ledger).watch(run) as watch:
        assert watch.settled
