"""Contract, section 6: the event stream."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from fastapi import Request
from starlette.responses import Response

from api.app import create_app
from api.feeds.frames import read_cursor
from api.feeds.stream import EventStream, Times
from api.service import Service
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, NewEvent, RunStatus
from ledger.settings import LedgerSettings
from temporal.settings import TemporalSettings
from tests.contract.live.conftest import Caller, Document, Door, Tenants, waiting
from tests.e2e.live import LiveStack
from tests.serving import Frame, frames_of, read_all, served, streaming

pytestmark = pytest.mark.stack

KINDS = (
    "step", "extract", "action", "pause", "resume", "checkpoint", "recovering", "video", "webhook",
    "log",
)  # fmt: skip
FULL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
TENANT = "acme"
GO = [{"intent": "Go to https://example.com", "type": "navigate"}]


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    """An API alone: no Temporal, no workers."""
    return open_door(MANTIS_API_TOKEN="t")


@pytest.fixture
async def reader(acme: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """A caller that can read many streams at once."""
    async with _reader(acme) as client:
        yield client


def _reader(caller: Caller) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=caller.url,
        headers={"X-Mantis-Token": caller.token},
        timeout=60,
        limits=httpx.Limits(max_connections=None),
    )


@pytest.fixture
async def ledger(stack: LiveStack) -> AsyncIterator[Ledger]:
    """The stack's ledger, opened beside it."""
    async with _opened(stack.data_dir) as opened:
        yield opened


@asynccontextmanager
async def _opened(data_dir: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(LedgerSettings(data_dir=data_dir, database_url="").url)
    try:
        yield opened
    finally:
        await opened.close()


async def _append(ledger: Ledger, run_id: str, kind: str, tenant_id: str = TENANT) -> None:
    event = NewEvent(dedup_key=f"{kind}:{time.monotonic_ns()}", kind=kind, body={"intent": kind})
    await ledger.events.append(tenant_id, run_id, [event])


def _rows(frames: list[Frame]) -> list[Document]:
    return [frame.data for frame in frames if frame.is_row]


def _as_json(caller: Caller, run_id: str, **query: object) -> list[Document]:
    body = caller.get(f"/v1/runs/{run_id}/events", **query).json()
    assert set(body) == {"run_id", "events", "count"} and body["run_id"] == run_id
    assert body["count"] == len(body["events"])
    events: list[Document] = body["events"]
    return events


async def test_a_stream_is_phase_rows_terminal_and_an_end(
    reader: httpx.AsyncClient, acme: Caller, succeeded: str, failed: str, cancelled: str
):
    """
    > First a `phase` event (no id) with the phase now, then one event a row, `phase` at each
    > change, at the end the rows still past the cursor, one `terminal`
    > `{"phase","run_id","halt_class"}`, and the stream closes
    """
    ends = {succeeded: ("complete", None), failed: ("halted", "gate_failed"),
            cancelled: ("cancelled", "cancelled")}  # fmt: skip
    for run_id, (phase, halt_class) in ends.items():
        first, *rows, last = await read_all(reader, run_id)
        assert (first.event, first.id, first.data["phase"]) == ("phase", None, phase)
        assert [row.data for row in rows] == _as_json(acme, run_id) != []
        assert (last.event, last.id) == ("terminal", None)
        assert last.data == {"phase": phase, "run_id": run_id, "halt_class": halt_class}


async def test_phases_are_told_as_they_change(reader: httpx.AsyncClient, acme: Caller):
    """
    > First a `phase` event (no id) with the phase now, then one event a row, `phase` at each
    > change
    """
    run_id = acme.submit(task_suite=waiting(1))
    frames = await read_all(reader, run_id)
    phases = [frame.data["phase"] for frame in frames if frame.event == "phase"]
    assert phases in (["queued", "running", "complete"], ["running", "complete"])
    assert [frame.event for frame in frames].count("terminal") == 1
    assert frames[-1].event == "terminal"
    assert _rows(frames) == _as_json(acme, run_id)


async def test_rows_written_after_the_end_are_read_with_the_cursor_or_as_json(
    reader: httpx.AsyncClient, acme: Caller, ledger: Ledger, failed: str
):
    """
    > (rows written later, `video` and `webhook`, are read with the cursor or as JSON)
    """
    last = _rows(await read_all(reader, failed))[-1]["ts"]
    await _append(ledger, failed, "video")
    await _append(ledger, failed, "webhook")
    later = await read_all(reader, failed, last_id=last)
    assert [frame.event for frame in later] == ["phase", "video", "webhook", "terminal"]
    assert _as_json(acme, failed, since=last) == _rows(later)


async def test_the_event_is_the_kind_and_the_id_its_time(
    reader: httpx.AsyncClient, ledger: Ledger, running: str
):
    """
    > `event:` is the row's kind (`step`, `extract`, `action`, `pause`, `resume`, `checkpoint`,
    > `recovering`, `video`, `webhook`, `log`), `id:` its `ts`: an ISO time with microseconds that
    > is unique and strictly increasing within the run, so that the cursor loses and repeats
    > nothing.

    > Ids have fixed width, so that they sort as text.
    """
    seen: list[Frame] = []
    async with streaming(reader, running) as frames:
        for kind in KINDS:
            await _append(ledger, running, kind)
        async with asyncio.timeout(20):
            async for frame in frames:
                seen += [frame] if frame.is_row else []
                if len([one for one in seen if one.data.get("intent") == one.event]) == len(KINDS):
                    break
    assert [one.event for one in seen if one.data.get("intent") == one.event] == list(KINDS)
    ids = [frame.id or "" for frame in seen]
    assert all(FULL_TIME.fullmatch(one) for one in ids)
    assert ids == sorted(set(ids)) == [frame.data["ts"] for frame in seen]
    assert [frame.event for frame in seen] == [frame.data["kind"] for frame in seen]


async def test_the_cursor_loses_and_repeats_nothing(reader: httpx.AsyncClient, succeeded: str):
    """> so that the cursor loses and repeats nothing."""
    whole = [frame.raw for frame in await read_all(reader, succeeded) if frame.is_row]
    for place, raw in enumerate(whole):
        rest = await read_all(reader, succeeded, last_id=Frame(raw).id)
        assert [frame.raw for frame in rest if frame.is_row] == whole[place + 1 :]


async def test_a_cursor_skips_up_to_and_including_its_time(
    reader: httpx.AsyncClient, acme: Caller, succeeded: str
):
    """
    > `Last-Event-ID` (it wins) or `since` skips rows up to and including that time; any ISO time
    > is accepted, one without zone is UTC, an unreadable one starts from the beginning.
    """
    rows = _as_json(acme, succeeded)
    first, third = rows[0]["ts"], rows[2]["ts"]
    assert _rows(await read_all(reader, succeeded, since=third)) == rows[3:]
    assert _rows(await read_all(reader, succeeded, last_id=third, since=first)) == rows[3:]
    assert _rows(await read_all(reader, succeeded, last_id=first, since=third)) == rows[1:]
    assert _rows(await read_all(reader, succeeded, last_id="yesterday", since=third)) == rows
    moment = datetime.fromisoformat(third)
    for text in (
        moment.replace(tzinfo=None).isoformat(),
        moment.isoformat(),
        moment.astimezone(timezone(timedelta(hours=-7, minutes=-30))).isoformat(),
        moment.isoformat().replace("T", " "),
        third.replace("-", "").replace(":", ""),
        third.lower(),
    ):
        assert _as_json(acme, succeeded, since=text) == rows[3:], text
        assert _rows(await read_all(reader, succeeded, since=text)) == rows[3:], text
    assert _as_json(acme, succeeded, since=f"{moment:%Y-%m-%d}") == rows
    for text in ("yesterday", "2026-13-40", "\x00", "-", "9" * 500, "T", "٢٠٢٦-01-01"):
        assert _as_json(acme, succeeded, since=text) == rows, text
    assert _as_json(acme, succeeded, since="9999-12-31") == []


async def test_a_silent_stream_is_pinged(door: Door):
    """
    > `: ping` every 25 s.

    > `Cache-Control: no-cache`, `X-Accel-Buffering: no`.

    > Works while running, after the end, with no worker up
    """
    caller = door.caller("t")
    run_id = caller.submit(task_suite=GO)
    async with (
        _reader(caller) as client,
        client.stream("GET", f"/v1/runs/{run_id}/events?sse=true") as answer,
    ):
        opened = time.monotonic()
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        caller.http.close()
        seen = [await anext(lines)]
        while seen[-1] != ": ping":
            seen.append(await anext(lines))
        assert seen[0] == "event: phase" and '"queued"' in seen[1]
        assert "event: log" in seen
        assert 24 <= time.monotonic() - opened <= 28


@pytest.fixture
async def hasty(tmp_path: Path, stack: LiveStack) -> AsyncIterator[httpx.AsyncClient]:
    """The stack's runs by an API of our own, whose streams at `/hasty/…` live half a second."""
    app = create_app(
        ApiSettings(api_token="t", data_dir=stack.data_dir),
        LedgerSettings(data_dir=stack.data_dir, database_url=""),
        TemporalSettings(address="127.0.0.1:1"),
    )

    async def answer(run_id: str, request: Request) -> Response:
        service: Service = app.state.service
        row = await service.ledger.runs.get(TENANT, run_id)
        assert row is not None
        cursor = read_cursor(request.headers.get("last-event-id", ""))
        return EventStream(service.feeds, row, cursor, Times(life_s=0.5, spread_s=0))

    app.add_api_route("/hasty/{run_id}", answer, response_model=None)
    async with (
        app.router.lifespan_context(app),
        served(app) as address,
        httpx.AsyncClient(base_url=address) as client,
    ):
        yield client


async def test_a_stream_ends_in_time_and_its_client_comes_back(
    hasty: httpx.AsyncClient, acme: Caller, ledger: Ledger, running: str
):
    """
    > A stream ends after about 10 minutes without `terminal`; the client comes back with its last
    > id.
    """
    assert 570 <= Times().life_s - Times().spread_s <= Times().life_s == 600
    rows: list[Document] = []
    for _ in range(3):
        await _append(ledger, running, "checkpoint")
        headers = {"Last-Event-ID": rows[-1]["ts"]} if rows else {}
        async with hasty.stream("GET", f"/hasty/{running}", headers=headers) as answer:
            frames = [frame async for frame in frames_of(answer)]
        assert "terminal" not in [frame.event for frame in frames]
        rows += _rows(frames)
    assert rows == _as_json(acme, running)


async def test_a_row_has_its_fields_and_an_extract_row_its_record(acme: Caller, succeeded: str):
    """
    > A row: `{"ts","kind","step_index","type","intent","success","tier",…}`; extract rows carry
    > `row`.
    """
    rows = _as_json(acme, succeeded)
    for row in rows:
        assert list(row)[:7] == [
            "ts", "kind", "step_index", "type", "intent", "success", "tier",
        ]  # fmt: skip
    steps = [row for row in rows if row["kind"] == "step"]
    assert (steps[0]["type"], steps[0]["success"]) == ("navigate", True)
    assert steps[0]["intent"] and steps[0]["step_index"] == 0
    records = [row["row"] for row in rows if row["kind"] == "extract"]
    assert records == acme.result(succeeded)["result"]["rows"] != []


async def test_any_number_of_readers_see_the_same(
    reader: httpx.AsyncClient, acme: Caller, ledger: Ledger
):
    """
    > Works while running, after the end, with no worker up, for any number of readers.
    """
    run_id = acme.submit(task_suite=waiting(3))
    while_running = [asyncio.create_task(read_all(reader, run_id)) for _ in range(40)]
    acme.wait_until(run_id, "running")
    for _ in range(20):
        await _append(ledger, run_id, "checkpoint")
    seen = [
        [frame.raw for frame in frames if frame.is_row]
        for frames in await asyncio.gather(*while_running)
    ]
    after = await asyncio.gather(*(read_all(reader, run_id) for _ in range(40)))
    seen += [[frame.raw for frame in frames if frame.is_row] for frames in after]
    assert len({tuple(rows) for rows in seen}) == 1
    assert len(seen[0]) > 20


async def test_a_run_that_no_worker_knows_of_streams_to_its_end(door: Door):
    """> Works while running, after the end, with no worker up"""
    caller = door.caller("t")
    run_id = caller.submit(task_suite=GO)
    async with _opened(door.log.with_suffix("")) as ledger, _reader(caller) as client:
        reading = asyncio.create_task(read_all(client, run_id))
        await _append(ledger, run_id, "step", "default")
        ending = Ending(status=RunStatus.SUCCEEDED)
        assert await ledger.runs.finish("default", run_id, ending, now_micros())
        async with asyncio.timeout(10):
            frames = await reading
        assert frames[-1].event == "terminal"
        assert _rows(frames) == _as_json(caller, run_id)
        assert _rows(frames)[-1]["message"] == "run succeeded"
        again = await read_all(client, run_id)
        assert _rows(again) == _rows(frames)
    caller.http.close()


async def test_events_need_the_scope_logs_and_the_tenant(tenants: Tenants, succeeded: str):
    """
    > `GET /v1/runs/{run_id}/events` | logs | `?sse=true` streams (section 6); without it, JSON
    > `{run_id, events:[…], count}`, `since` as cursor
    """
    path = f"/v1/runs/{succeeded}/events"
    for sse in ("false", "true"):
        assert tenants["logs"].get(path, sse=sse).status_code == 200
        assert tenants["run"].get(path, sse=sse).status_code == 200
        for token in ("status", "result"):
            assert tenants[token].get(path, sse=sse).status_code == 403
        hidden = tenants["other"].get(path, sse=sse)
        unknown = tenants["acme-1"].get("/v1/runs/20200101_000000_00000000/events", sse=sse)
        assert hidden.status_code == unknown.status_code == 404
        assert hidden.json()["detail"] == f"unknown run_id: {succeeded}"
    assert tenants["logs"].get(path, sse="maybe").status_code == 400
    whole = tenants["logs"].get(path).json()["events"]
    rest = tenants["logs"].get(path, since=whole[0]["ts"]).json()["events"]
    assert rest == whole[1:]
