"""Each call of the client against the real API, through a network that fails."""

import asyncio
import functools
import inspect
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from mantis_agent import (
    AsyncMantisClient,
    MantisAPIError,
    MantisAuthError,
    MantisClient,
    MantisConnectionError,
    MantisError,
    MantisRateLimitError,
    MantisRunFailed,
    MantisTimeoutError,
    RetryPolicy,
    calls,
)
from mantis_agent.backoff import retry_after_s
from mantis_agent.types import Status
from tests.sdk.conftest import Makes
from tests.sdk.faulty import Answer, Cut, FaultyProxy, Slow
from tests.sdk.served import SLOW_TOKEN, TOKEN, Served
from tests.sdk.story import Story

PLAN = {"task_suite": [{"intent": "Go to https://boats.test", "type": "navigate"}]}
NO_RUN = "20260101_000000_abcdefab"
BUSY = Answer("429 Too Many Requests", headers="Retry-After: 0\r\n")
AWAY = Answer("503 Service Unavailable")
GATEWAY = Answer("502 Bad Gateway", body="<html>bad gateway</html>")


def test_a_submission_and_what_is_asked_of_it(mantis: Any, story: Story) -> None:
    handle = mantis.predict(PLAN)
    run_id = handle["run_id"]
    assert (handle.run_id, handle.status, handle["mode"]) == (run_id, "queued", "detached")
    assert mantis.status(run_id).status == "queued"
    assert mantis.poll(run_id).phase == "queued"
    assert mantis.result(run_id).result is None
    story.begin(run_id)
    story.extract(run_id, make="Sea Ray")
    story.end(run_id)
    result = mantis.result(run_id)
    assert result.terminal
    assert result.rows[0]["make"] == "Sea Ray"
    assert len(result.leads) == 1
    assert result.summary.steps_executed == 1
    assert json.loads(mantis.logs(run_id, tail=1).events[0])["message"]
    assert mantis.events(run_id).count == len(mantis.events(run_id).events) > 2
    assert b"Sea Ray" in mantis.artifact(run_id, "leads.csv")


def test_what_models_cost_is_told_by_run_step_and_call(mantis: Any, story: Story) -> None:
    run_id = mantis.predict(PLAN).run_id
    story.spend(run_id, 2740, step=0)
    story.spend(run_id, 60, step=3)
    page = mantis.usage(run_id=run_id)
    (record,) = page.records
    assert (record.run_id, record.calls, record.cost_micro) == (run_id, 2, 2800)
    assert (page.total.cost, page.by, page.next_cursor) == (0.0028, "run", None)
    assert page.total.cost_breakdown == {"gpu": 0.0, "claude": 0.0028, "proxy": 0.0}
    steps = mantis.usage(run_id=run_id, by="step").records
    assert [(one.step_index, one.cost_micro) for one in steps] == [(0, 2740), (3, 60)]
    first = mantis.usage(run_id=run_id, by="call", limit=1)
    second = mantis.usage(run_id=run_id, by="call", limit=1, cursor=first.next_cursor)
    assert [one.cost_micro for one in (*first.records, *second.records)] == [2740, 60]
    assert second.next_cursor is None
    assert mantis.usage(run_id=run_id, until="2000-01-01").records == []
    assert mantis.usage(run_id=run_id, since="2000-01-01", by="day").count == 1
    text = mantis.usage_csv(run_id=run_id, by="call")
    assert len(text.splitlines()) == 3
    with pytest.raises(MantisAPIError, match="by must be one of"):
        mantis.usage(by="moon")


def test_pages_of_csv_are_one_text(mantis: Any, story: Story, monkeypatch: Any) -> None:
    run_id = mantis.predict(PLAN).run_id
    for micro in (1, 2, 3):
        story.spend(run_id, micro)
    whole = mantis.usage_csv(run_id=run_id, by="call")
    small = functools.partial(calls.usage, limit=1)
    monkeypatch.setattr(calls, "usage", small)
    assert mantis.usage_csv(run_id=run_id, by="call") == whole


def test_a_dry_run_starts_nothing(mantis: Any) -> None:
    assert mantis.predict({**PLAN, "dry_run": True})["dry_run"] is True


def test_a_cancelled_run_keeps_the_reason(mantis: Any) -> None:
    run_id = mantis.predict(PLAN).run_id
    status = mantis.cancel(run_id, "enough")
    assert status.cancel_requested
    assert status["cancel_reason"] == "enough"


def test_runs_page_by_page_and_the_queue(mantis: Any) -> None:
    mine = [mantis.predict(PLAN).run_id for _ in range(3)]
    page = mantis.runs(limit=2)
    assert [run.run_id for run in page.runs] == [mine[2], mine[1]]
    assert page.next_cursor
    listed = mantis.iter_runs(limit=2)
    assert [next(listed).run_id for _ in range(3)] == mine[::-1]
    listed.close()
    assert mantis.queue().queued >= 3


def test_health_is_told_even_when_it_is_bad(mantis: Any) -> None:
    health = mantis.health()
    assert not health.ok
    assert health.checks["ledger"] == "ok"


def test_refusals(connect: Makes, mantis: Any, served: Served) -> None:
    with pytest.raises(MantisAPIError) as unknown:
        mantis.status(NO_RUN)
    assert unknown.value.status_code == 404
    assert NO_RUN in unknown.value.detail
    with pytest.raises(MantisAPIError) as bad:
        mantis.predict({"task_suite": []})
    assert bad.value.status_code == 400
    with pytest.raises(MantisAuthError) as wrong:
        connect(served.url, mantis_token="nobody").status(NO_RUN)
    assert wrong.value.status_code == 401
    with pytest.raises(MantisAuthError, match="missing X-Mantis-Token header"):
        connect(served.url, mantis_token=None).status(NO_RUN)
    for run_id in ("", "..", "."):
        with pytest.raises(MantisError, match="malformed run_id"):
            mantis.status(run_id)
    with pytest.raises(MantisAPIError) as odd:
        mantis.status("../health?x=1")
    assert odd.value.status_code in (400, 404)


def test_too_many_runs_say_when_to_come_back(connect: Makes, served: Served) -> None:
    impatient = connect(served.url, mantis_token=SLOW_TOKEN, retry=RetryPolicy(tries=1))
    with pytest.raises(MantisRateLimitError) as many:
        for _ in range(2):
            impatient.predict(PLAN)
    assert many.value.retry_after_seconds == 5


@pytest.mark.parametrize(
    "fault", [GATEWAY, AWAY, BUSY, Cut(after=0), Cut(after=30)], ids=lambda fault: repr(fault)[:24]
)
def test_a_submission_is_made_again_under_its_key(
    behind: Any, proxy: FaultyProxy, mantis: Any, fault: Answer | Cut
) -> None:
    before = mantis.queue().queued
    proxy.faults.extend([fault, fault])
    run_id = behind.predict(PLAN).run_id
    assert mantis.queue().queued == before + 1
    assert mantis.status(run_id).status == "queued"
    keys = {_header(head, "idempotency-key") for head in proxy.heads("/v1/predict")}
    assert len(keys) == 1
    assert len(proxy.heads("/v1/predict")) == 3


def test_two_submissions_are_two_runs_and_one_key_is_one(behind: Any, connect: Makes) -> None:
    assert behind.predict(PLAN).run_id != behind.predict(PLAN).run_id
    first, again = (behind.predict(PLAN, idempotency_key="of-the-call") for _ in range(2))
    assert first.run_id == again.run_id


def test_a_key_of_the_client_is_for_one_submission(connect: Makes, served: Served) -> None:
    client = connect(served.url, idempotency_key="nightly-2026-11-24")
    run_id = client.predict(PLAN).run_id
    assert client.predict(PLAN).run_id == run_id
    with pytest.raises(MantisAPIError) as other:
        client.predict({**PLAN, "max_cost": 1})
    assert other.value.status_code == 409


@pytest.mark.parametrize("fault", [GATEWAY, AWAY, BUSY, Cut(after=50)], ids=lambda f: repr(f)[:24])
def test_reading_is_done_again(behind: Any, proxy: FaultyProxy, mantis: Any, fault: Any) -> None:
    run_id = mantis.predict(PLAN).run_id
    proxy.faults.extend([fault] * 3)
    assert behind.status(run_id).run_id == run_id


def test_what_may_not_be_repeated_is_not(behind: Any, proxy: FaultyProxy, mantis: Any) -> None:
    run_id = mantis.predict(PLAN).run_id
    proxy.faults.extend([Cut(after=0)])
    with pytest.raises(MantisConnectionError, match="broke off"):
        behind.pause(run_id)
    proxy.faults.extend([AWAY])
    with pytest.raises(MantisAPIError, match="away for a moment"):
        behind.resume(run_id, user_input="1234")
    assert len(proxy.heads("/pause")) == 1
    proxy.faults.extend([BUSY, AWAY])
    with pytest.raises(MantisAPIError, match="only a paused run"):
        behind.resume(run_id, user_input="1234", pause_id="p1")
    proxy.faults.extend([Cut(after=0)])
    assert behind.cancel(run_id).cancel_requested


def test_tries_are_bounded(connect: Makes, proxy: FaultyProxy) -> None:
    client = connect(proxy.url)
    proxy.faults.extend([AWAY] * 9)
    with pytest.raises(MantisAPIError) as away:
        client.queue()
    assert away.value.status_code == 503
    assert len(proxy.requests) == 4
    proxy.faults.clear()
    proxy.faults.extend([Answer("429 Slow Down", headers="Retry-After: 3600\r\n")])
    with pytest.raises(MantisRateLimitError) as slow:
        client.queue()
    assert slow.value.retry_after_seconds == 3600
    assert len(proxy.requests) == 5


def test_nobody_there(connect: Makes, proxy: FaultyProxy) -> None:
    proxy.down()
    client = connect(proxy.url, retry=RetryPolicy(tries=2, first_s=0.01))
    with pytest.raises(MantisConnectionError, match="nothing answers at http://127") as gone:
        client.queue()
    assert TOKEN not in repr(gone.value) + repr(client)


def test_a_service_that_comes_up_in_time(behind: Any, proxy: FaultyProxy) -> None:
    proxy.down()
    proxy.up()
    assert behind.queue().tenant_id == "acme"


def test_a_service_that_says_nothing(connect: Makes, proxy: FaultyProxy) -> None:
    client = connect(proxy.url, timeout_s=0.2, retry=RetryPolicy(tries=1))
    proxy.faults.append(Slow(3.0))
    with pytest.raises(MantisConnectionError, match="did not answer in time"):
        client.queue()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer("200 OK", body="<html>hello</html>"), "no JSON object.*<html>hello"),
        (Answer("200 OK", body="[1]"), "no JSON object"),
        (Answer("418 Teapot", body="short and stout"), "418: short and stout"),
        (Answer("302 Found", body="", headers="Location: http://x\r\n"), "redirect"),
        (Answer("500 Oops", body='{"detail": ""}'), '500: {"detail": ""}'),
        (Answer("400 No", body="[" * 100_000), r"400: \[\["),
    ],
)
def test_answers_of_somebody_else(
    behind: Any, proxy: FaultyProxy, answer: Answer, told: str
) -> None:
    proxy.faults.append(answer)
    with pytest.raises(MantisAPIError, match=told):
        behind.queue()


def test_a_broken_encoding_is_no_traceback_of_another_library(
    behind: Any, proxy: FaultyProxy
) -> None:
    proxy.faults.append(Answer("200 OK", headers="Content-Encoding: gzip\r\n"))
    with pytest.raises(MantisConnectionError, match="broke off"):
        behind.queue()


@pytest.mark.parametrize("kind", [MantisClient, AsyncMantisClient])
def test_keys_go_into_headers_and_nowhere_else(
    kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANTIS_ENDPOINT", "https://user:pass@mantis.test/base/v1/predict/")
    monkeypatch.setenv("MANTIS_API_TOKEN", " tok-1 ")
    monkeypatch.setenv("BASETEN_API_KEY", "key-2")
    client = kind.from_env()
    assert repr(client) == f"{kind.__name__}('https://mantis.test/base')"
    sent = client._connection._http.build_request("GET", "/v1/queue")
    assert str(sent.url) == "https://user:pass@mantis.test/base/v1/queue"
    assert sent.headers["x-mantis-token"] == "tok-1"
    assert sent.headers["authorization"] == "Api-Key key-2"
    monkeypatch.delenv("MANTIS_ENDPOINT")
    with pytest.raises(MantisError, match="MANTIS_ENDPOINT"):
        kind.from_env()


@pytest.mark.parametrize("endpoint", ["", "localhost:8000", "ftp://x", "http://", "x"])
def test_an_endpoint_must_be_a_url(endpoint: str) -> None:
    with pytest.raises(MantisError, match="http"):
        MantisClient(endpoint)


def test_a_token_that_no_header_can_carry_is_not_shown() -> None:
    with pytest.raises(MantisError) as bad:
        MantisClient("http://x.test", mantis_token="tok\nen")
    assert "tok" not in str(bad.value).replace("mantis_token", "")


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with MantisClient(served.url, mantis_token=TOKEN) as client:
        assert client.queue().tenant_id == "acme"
    with pytest.raises(RuntimeError), client:
        client.queue()


def test_one_client_for_many_threads(served: Served) -> None:

    with MantisClient(served.url, mantis_token=TOKEN) as client, ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: client.predict(PLAN).run_id, range(24)))
    assert len(set(ids)) == 24


def _header(head: str, name: str) -> str:
    lines = (line.partition(":") for line in head.split("\r\n")[1:])
    return next(value.strip() for key, _, value in lines if key.lower() == name)


def test_async_clients_close_with_their_block(served: Served) -> None:

    async def use() -> bool:
        async with AsyncMantisClient(served.url, mantis_token=TOKEN) as client:
            await client.queue()
        return client._connection._http.is_closed

    assert asyncio.run(use())


def test_no_log_line_holds_a_token(
    behind: Any, proxy: FaultyProxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    proxy.faults.extend([Cut(after=0), AWAY])
    run_id = behind.predict(PLAN).run_id
    assert any("/v1/predict" in line for line in caplog.messages)
    assert run_id
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("99999999999999999999", 999999999.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("١٢", None),
    ],
)
def test_retry_after(asked: str, seconds: float | None) -> None:
    response = httpx.Response(429, headers={"Retry-After": asked.encode()})
    assert retry_after_s(response) == seconds


def test_errors_survive_pickling() -> None:
    status = Status({"run_id": "r", "status": "failed", "halt_class": "timeout"})
    for error in (
        MantisAPIError(400, "no"),
        MantisRateLimitError(429, "slow", 5.0),
        MantisTimeoutError("r", 3.0, status),
        MantisRunFailed(status),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))
        assert vars(again) == vars(error)


def test_the_two_clients_have_the_same_names_and_parameters() -> None:
    def shape(kind: type[Any]) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(member).parameters)
            for name, member in vars(kind).items()
            if callable(member) and not name.startswith("__")
        }

    assert shape(AsyncMantisClient) == shape(MantisClient)
