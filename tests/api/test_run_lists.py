"""`GET /v1/runs` and `GET /v1/queue`."""

import httpx
import pytest

from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, RunStatus
from plans.step import HaltClass

PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]


async def submit(client: httpx.AsyncClient) -> str:
    answer = await client.post("/v1/predict", json={"task_suite": {"name": "p", "steps": PLAN}})
    return str(answer.json()["run_id"])


async def test_runs_are_listed_newest_first_page_by_page(client: httpx.AsyncClient):
    ids = [await submit(client) for _ in range(7)]
    seen: list[str] = []
    cursor, pages = "", 0
    while cursor is not None:
        page = (await client.get("/v1/runs", params={"limit": 3, "cursor": cursor})).json()
        assert set(page) == {"runs", "count", "next_cursor"}
        assert page["count"] == len(page["runs"])
        seen += [run["run_id"] for run in page["runs"]]
        cursor = page["next_cursor"]
        pages += 1
        if pages == 1:
            await submit(client)
    assert seen == ids[::-1]
    assert pages == 3


async def test_a_line_of_the_list(client: httpx.AsyncClient, ledger: Ledger):
    run_id = await submit(client)
    ending = Ending(status=RunStatus.FAILED, halt_class=HaltClass.GATE_FAILED, summary={"a": 1})
    await ledger.runs.finish("default", run_id, ending, now_micros())
    (line,) = (await client.get("/v1/runs")).json()["runs"]
    status = (await client.get(f"/v1/runs/{run_id}/status")).json()
    for field in ("run_id", "status", "created_at", "updated_at", "finished_at", "started_at"):
        assert line[field] == status[field]
    assert line["halt_class"] == "gate_failed"
    assert line["summary"] == {"a": 1}
    assert (line["phase"], line["plan_name"]) == ("halted", "p")
    assert "payload" not in line


async def test_runs_by_status(client: httpx.AsyncClient, ledger: Ledger):
    ids = [await submit(client) for _ in range(3)]
    await ledger.runs.begin("default", ids[1], now_micros())
    await ledger.runs.finish("default", ids[2], Ending(status=RunStatus.SUCCEEDED), now_micros())
    for status, expected in [("queued", ids[:1]), ("running", ids[1:2]), ("succeeded", ids[2:])]:
        page = (await client.get("/v1/runs", params={"status": status})).json()
        assert [run["run_id"] for run in page["runs"]] == expected
    assert (await client.get("/v1/runs?status=paused")).json()["runs"] == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=%C2%B2",
        "limit=" + "9" * 5000,
        "status=done",
        "status=QUEUED",
        "status=%00",
        "cursor=x",
        "cursor=%00",
        "cursor=%ff",
        "cursor=" + "A" * 5000,
        "cursor=MTIzLmE",
    ],
)
async def test_bad_questions(client: httpx.AsyncClient, query: str):
    answer = await client.get(f"/v1/runs?{query}")
    if query == "cursor=MTIzLmE":
        assert (answer.status_code, answer.json()["runs"]) == (200, [])
        return
    assert answer.status_code == 400
    assert list(answer.json()) == ["detail"] and len(answer.json()["detail"]) < 200


async def test_the_queue(client: httpx.AsyncClient, ledger: Ledger):
    empty = (await client.get("/v1/queue")).json()
    assert empty == {
        "tenant_id": "default",
        "queued": 0,
        "running": 0,
        "recovering": 0,
        "eta_ms": None,
    }
    ids = [await submit(client) for _ in range(3)]
    await ledger.runs.begin("default", ids[0], now_micros())
    await ledger.runs.finish("default", ids[1], Ending(status=RunStatus.SUCCEEDED), now_micros())
    counted = (await client.get("/v1/queue")).json()
    assert (counted["queued"], counted["running"]) == (1, 1)
    assert counted["eta_ms"] >= 0
