"""`GET /v1/usage`: what questions to models used and cost, for the tenant that paid them."""

import csv
import io
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from api.usage import usage_csv
from api.views import UsageLine
from ledger.ledger import Ledger
from ledger.models import NewModelCall, Reserved
from ledger.settings import LedgerSettings
from ledger.wire import read_iso
from plans.calls import Money
from plans.prices import Usage
from plans.step import TierName


def token(name: str) -> dict[str, str]:
    return {"X-Mantis-Token": name}


USED = Usage(
    tier=TierName.CLAUDE,
    model="claude-sonnet-5-5",
    input_tokens=100,
    output_tokens=7,
    cache_read_tokens=3,
    cache_write_tokens=2,
    images=1,
)


class Wall:
    """A clock that is set."""

    now = read_iso("2026-11-01T10:00:00Z") or 0

    def __call__(self) -> int:
        return self.now

    def set(self, when: str) -> None:
        self.now = read_iso(when) or 0


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
async def timed(app: FastAPI, ledger_settings: LedgerSettings, wall: Wall) -> AsyncIterator[Ledger]:
    """The application's ledger, with a clock that is set."""
    opened = await Ledger.open(ledger_settings.url, clock=wall)
    yield opened
    await opened.close()


async def submit(client: httpx.AsyncClient) -> str:
    plan = [{"intent": "Go to https://example.com", "type": "navigate"}]
    answer = await client.post("/v1/predict", json={"task_suite": plan})
    return str(answer.json()["run_id"])


async def reserve(
    ledger: Ledger, run_id: str, call_id: str, step: int = 0, tenant: str = "default"
) -> Reserved:
    ticket = await ledger.spending.reserve(
        NewModelCall(
            tenant_id=tenant,
            run_id=run_id,
            call_id=call_id,
            step_index=step,
            tier=USED.tier,
            model=USED.model,
            kind="ground" if run_id else "chat",
            reserved_micro=9_000,
        )
    )
    assert isinstance(ticket, Reserved)
    return ticket


async def ask(ledger: Ledger, run_id: str, call_id: str, cost: Money, **more: object) -> None:
    ticket = await reserve(ledger, run_id, call_id, **more)
    await ledger.spending.settle(ticket, USED, cost, "asks/x")


async def usage(client: httpx.AsyncClient, **query: object) -> dict[str, object]:
    answer = await client.get("/v1/usage", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_nothing_was_used_yet(client: httpx.AsyncClient):
    body = await usage(client)
    assert (body["records"], body["count"], body["next_cursor"]) == ([], 0, None)
    assert (body["from"], body["to"], body["by"]) == (None, None, "run")
    assert body["total"] == {
        "calls": 0,
        "tries": 0,
        "open_tries": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "gpu_ms": 0,
        "images": 0,
        "cost": 0.0,
        "cost_micro": 0,
        "cost_breakdown": {"gpu": 0.0, "claude": 0.0, "proxy": 0.0},
        "held": 0.0,
    }


async def test_each_call_is_a_record(client: httpx.AsyncClient, timed: Ledger):
    run_id = await submit(client)
    await ask(timed, run_id, "step:0:0:1/claude/ground", Money(claude=270, gpu=1))
    body = await usage(client, by="call")
    assert body["records"] == [
        {
            "run_id": run_id,
            "step_index": 0,
            "call_id": "step:0:0:1/claude/ground",
            "kind": "ground",
            "tier": "claude",
            "model": "claude-sonnet-5-5",
            "state": "settled",
            "asked_at": "2026-11-01T10:00:00.000Z",
            "settled_at": "2026-11-01T10:00:00.000Z",
            "calls": 1,
            "tries": 1,
            "open_tries": 0,
            "input_tokens": 100,
            "output_tokens": 7,
            "cache_read_tokens": 3,
            "cache_write_tokens": 2,
            "gpu_ms": 0,
            "images": 1,
            "cost": 0.000271,
            "cost_micro": 271,
            "cost_breakdown": {"gpu": 1e-06, "claude": 0.00027, "proxy": 0.0},
            "held": 0.0,
        }
    ]


async def test_a_try_that_nobody_heard_of_again_is_told_apart(
    client: httpx.AsyncClient, timed: Ledger
):
    await reserve(timed, await submit(client), "step:0:0:1/claude/ground")
    body = await usage(client, by="call")
    (record,) = body["records"]
    assert (record["state"], record["settled_at"], record["open_tries"]) == ("reserved", None, 1)
    assert (record["cost"], record["held"]) == (0.0, 0.009)
    assert body["total"]["held"] == 0.009


async def test_sums_by_step_run_and_day(client: httpx.AsyncClient, timed: Ledger, wall: Wall):
    first, second = await submit(client), await submit(client)
    await ask(timed, first, "a", Money(claude=100), step=0)
    await ask(timed, first, "b", Money(claude=20), step=1)
    wall.set("2026-11-02T00:00:00Z")
    await ask(timed, second, "a", Money(gpu=3), step=0)
    await ask(timed, "", "chat/1", Money(gpu=1), step=-1)

    by_step = (await usage(client, by="step"))["records"]
    costs = {(one["run_id"], one["step_index"]): one["cost_micro"] for one in by_step}
    assert costs == {("", -1): 1, (first, 0): 100, (first, 1): 20, (second, 0): 3}
    by_run = (await usage(client))["records"]
    assert {one["run_id"]: one["cost_micro"] for one in by_run} == {"": 1, first: 120, second: 3}
    by_day = (await usage(client, by="day"))["records"]
    assert [(one["day"], one["calls"], one["cost_micro"]) for one in by_day] == [
        ("2026-11-01", 2, 120),
        ("2026-11-02", 2, 4),
    ]
    of_run = await usage(client, by="step", run_id=first)
    assert (of_run["count"], of_run["total"]["cost_micro"]) == (2, 120)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2026-11-01", "2026-11-01", ["2026-11-01"]),
        ("2026-11-01", "2026-11-02", ["2026-11-01", "2026-11-02"]),
        ("2026-11-02", "", ["2026-11-02"]),
        ("", "2026-11-01", ["2026-11-01"]),
        ("2026-11-01T23:59:59Z", "2026-11-02T00:00:00Z", []),
        ("2026-11-02T00:00:00Z", "2026-11-02T00:00:00.000001Z", ["2026-11-02"]),
        ("2026-11-02T01:00:00+01:00", "2026-11-02T12:00", ["2026-11-02"]),
        ("2026-11-03", "2026-11-30", []),
        ("0001-01-01", "9999-12-31", ["2026-11-01", "2026-11-02"]),
    ],
)
async def test_a_span_of_days_or_of_times(
    client: httpx.AsyncClient, timed: Ledger, wall: Wall, since: str, until: str, days: list[str]
):
    run_id = await submit(client)
    await ask(timed, run_id, "a", Money(claude=1))
    wall.set("2026-11-02T00:00:00Z")
    await ask(timed, run_id, "b", Money(claude=1))
    body = await usage(client, by="day", **{"from": since, "to": until})
    assert [one["day"] for one in body["records"]] == days
    assert body["total"]["calls"] == len(days)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "yesterday"}, "from must be a date"),
        ({"from": "2026-13-01"}, "from must be a date"),
        ({"to": "2026-02-30"}, "to must be a date"),
        ({"to": "2026"}, "to must be a date"),
        ({"to": "20261101"}, "to must be a date"),
        ({"to": "2026-W48-1"}, "to must be a date"),
        ({"from": "\x00"}, "from must be a date"),
        ({"from": "９999-01-01"}, "from must be a date"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "from must lie before to"),
        ({"from": "2026-11-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "from must lie before"),
        ({"by": "tenant"}, "by must be one of call, step, run, day"),
        ({"format": "xml"}, "format must be one of json, csv"),
        ({"limit": "0"}, "limit must be a whole number from 1 to 1000"),
        ({"limit": "1001"}, "limit must be"),
        ({"limit": "-1"}, "limit must be"),
        ({"limit": "1e2"}, "limit must be"),
        ({"limit": "9" * 5000}, "limit must be"),
        ({"cursor": "nope"}, "unknown cursor"),
        ({"run_id": "nope"}, "malformed run_id"),
    ],
)
async def test_what_can_not_be_read_is_refused(
    client: httpx.AsyncClient, query: dict[str, str], said: str
):
    answer = await client.get("/v1/usage", params=query)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


async def test_pages_of_json_and_csv_give_every_record_once(
    client: httpx.AsyncClient, timed: Ledger
):
    run_id = await submit(client)
    for number in range(7):
        await ask(timed, run_id, f"call {number}", Money(claude=number))
    got: list[object] = []
    cursor = ""
    while True:
        body = await usage(client, by="call", limit=3, cursor=cursor)
        got += [one["call_id"] for one in body["records"]]
        assert body["total"]["cost_micro"] == 21
        if body["next_cursor"] is None:
            break
        cursor = body["next_cursor"]
    assert got == [f"call {number}" for number in range(7)]

    told: list[str] = []
    cursor = ""
    while True:
        query = {"by": "call", "limit": 3, "cursor": cursor, "format": "csv"}
        answer = await client.get("/v1/usage", params=query)
        told += [row["call_id"] for row in csv.DictReader(io.StringIO(answer.text))]
        if "x-next-cursor" not in answer.headers:
            break
        cursor = answer.headers["x-next-cursor"]
    assert told == got


async def test_csv_has_the_columns_of_its_grouping(client: httpx.AsyncClient, timed: Ledger):
    run_id = await submit(client)
    await ask(timed, run_id, "step:0:0:1/claude/ground", Money(claude=270, gpu=1))
    answer = await client.get("/v1/usage", params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text == (
        "run_id,calls,tries,open_tries,input_tokens,output_tokens,cache_read_tokens,"
        "cache_write_tokens,gpu_ms,images,cost_gpu,cost_claude,cost_proxy,cost,held\r\n"
        f"{run_id},1,1,0,100,7,3,2,0,1,0.000001,0.000270,0.000000,0.000271,0.000000\r\n"
    )
    by_day = await client.get("/v1/usage", params={"format": "csv", "by": "day"})
    assert by_day.text.splitlines()[1].startswith("2026-11-01,1,")
    by_call = await client.get("/v1/usage", params={"format": "csv", "by": "call"})
    (row,) = csv.DictReader(io.StringIO(by_call.text))
    assert (row["kind"], row["model"], row["state"]) == ("ground", USED.model, "settled")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_csv_holds_no_formulas(text: str):
    line = UsageLine(
        run_id="",
        step_index=-1,
        call_id=text,
        model=text,
        calls=1,
        tries=1,
        open_tries=0,
        input_tokens=0,
        output_tokens=0,
        cache_read_tokens=0,
        cache_write_tokens=0,
        gpu_ms=0,
        images=0,
        cost=0,
        cost_micro=0,
        cost_breakdown={"gpu": 0, "claude": 0, "proxy": 0},
        held=0,
    )
    (row,) = csv.DictReader(io.StringIO(usage_csv("call", [line]), newline=""))
    assert row["call_id"] == row["model"] == f"'{text}"
    assert row["step_index"] == "-1"


async def test_a_tenant_sees_what_it_paid_itself(
    tenants: httpx.AsyncClient, tenants_app: FastAPI, ledger_settings: LedgerSettings
):
    ledger = await Ledger.open(ledger_settings.url)
    await ask(ledger, "", "chat/1", Money(gpu=5), tenant="acme", step=-1)
    await ledger.close()
    mine = (await tenants.get("/v1/usage", headers=token("acme-status"))).json()
    others = (await tenants.get("/v1/usage", headers=token("zeta-1"))).json()
    assert (mine["total"]["cost_micro"], others["total"]["cost_micro"]) == (5, 0)


async def test_it_wants_a_token_with_the_scope_of_status(
    tenants: httpx.AsyncClient, stranger: httpx.AsyncClient
):
    assert (await stranger.get("/v1/usage")).status_code == 401
    answer = await tenants.get("/v1/usage", headers=token("acme-result"))
    assert answer.status_code == 403
    assert "status" in answer.json()["detail"]
