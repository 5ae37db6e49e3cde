"""Waiting for a run's end: hints, pauses, outages and deadlines."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mantis_agent import (
    MantisAPIError,
    MantisConnectionError,
    MantisError,
    MantisRunFailed,
    MantisTimeoutError,
    RetryPolicy,
)
from mantis_agent.types import Poll, Status
from plans.step import HaltClass
from tests.sdk.conftest import QUICK, Makes
from tests.sdk.faulty import Answer, FaultyProxy
from tests.sdk.served import Served
from tests.sdk.story import Story
from tests.sdk.test_client_calls import NO_RUN, PLAN


def later(act: Callable[[], object], seconds: float = 0.4) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def ended(story: Story, run_id: str, halt: HaltClass | None = None) -> Callable[[], None]:
    def act() -> None:
        story.begin(run_id)
        story.end(run_id, halt, "as told")

    return act


def test_each_change_is_told_once_and_the_last_status_comes_back(mantis: Any, story: Story) -> None:
    run_id = mantis.predict(PLAN).run_id
    told: list[str] = []

    def on_status(status: Status) -> None:
        told.append(status.status)
        if status.status == "queued":
            story.begin(run_id)
        elif status.status == "running":
            story.end(run_id)

    status = mantis.wait_for_completion(run_id, on_status=on_status, poll_interval_s=0.05)
    assert told == ["queued", "running", "succeeded"]
    assert (status.status, status.phase) == ("succeeded", "complete")
    assert status.summary.steps_executed == 1


def test_the_hint_of_the_service_is_followed(behind: Any, proxy: FaultyProxy, story: Story) -> None:
    run_id = behind.predict(PLAN).run_id
    timer = later(ended(story, run_id), 1.0)
    began = time.monotonic()
    assert behind.wait_for_completion(run_id).status == "succeeded"
    polls = proxy.heads(f"/v1/runs/{run_id} ")
    assert 2 <= len(polls) <= (time.monotonic() - began) / 0.5 + 2
    timer.join()


def test_a_failed_run_is_waited_for_as_any_other(mantis: Any, story: Story) -> None:
    run_id = mantis.predict(PLAN).run_id
    ended(story, run_id, HaltClass.GATE_FAILED)()
    status = mantis.wait_for_completion(run_id)
    assert (status.status, status.halt_class) == ("failed", "gate_failed")


def test_a_deadline_carries_the_last_status(mantis: Any) -> None:
    run_id = mantis.predict(PLAN).run_id
    began = time.monotonic()
    with pytest.raises(MantisTimeoutError, match=f"{run_id} was not over within 0.3 s") as late:
        mantis.wait_for_completion(run_id, timeout_s=0.3)
    assert time.monotonic() - began < 3
    assert isinstance(late.value, TimeoutError)
    assert late.value.status is not None
    assert late.value.status.status == "queued"


def test_no_time_at_all_looks_once(mantis: Any, story: Story) -> None:
    run_id = mantis.predict(PLAN).run_id
    with pytest.raises(MantisTimeoutError):
        mantis.wait_for_completion(run_id, timeout_s=0)
    ended(story, run_id)()
    assert mantis.wait_for_completion(run_id, timeout_s=0).terminal


def test_a_deadline_holds_while_nothing_answers(connect: Makes, proxy: FaultyProxy) -> None:
    client = connect(proxy.url)
    proxy.down()
    with pytest.raises(MantisTimeoutError) as late:
        client.wait_for_completion(NO_RUN, timeout_s=0.3)
    assert late.value.status is None


def test_an_unknown_run_is_not_waited_for(mantis: Any) -> None:
    with pytest.raises(MantisAPIError, match="unknown run_id"):
        mantis.wait_for_completion(NO_RUN)


def test_the_service_may_be_away_meanwhile(behind: Any, proxy: FaultyProxy, story: Story) -> None:
    run_id = behind.predict(PLAN).run_id
    proxy.down()
    timers = [later(ended(story, run_id)), later(proxy.up, 1.5)]
    assert behind.wait_for_completion(run_id).status == "succeeded"
    for timer in timers:
        timer.join()


def test_but_not_for_ever(connect: Makes, proxy: FaultyProxy) -> None:
    patience = RetryPolicy(tries=2, first_s=0.01, most_s=0.1, outage_s=0.3)
    client = connect(proxy.url, retry=patience)
    proxy.down()
    with pytest.raises(MantisConnectionError):
        client.wait_for_completion(NO_RUN)


def test_a_full_bucket_is_waited_out(behind: Any, proxy: FaultyProxy, story: Story) -> None:
    run_id = behind.predict(PLAN).run_id
    ended(story, run_id)()
    proxy.cut()
    proxy.faults.extend([Answer("429 Slow", headers="Retry-After: 0\r\n")] * (QUICK.tries * 2))
    began = time.monotonic()
    proxy.faults.append(Answer("429 Slow", headers="Retry-After: 1\r\n"))
    assert behind.wait_for_completion(run_id).terminal
    assert time.monotonic() - began >= 1


def test_run_to_completion(mantis: Any, story: Story) -> None:
    def on_status(status: Status) -> None:
        if status.status == "queued":
            story.begin(status.run_id)
            story.extract(status.run_id, make="Bayliner")
            story.end(status.run_id)

    result = mantis.run_to_completion(
        {**PLAN, "detached": False}, on_status=on_status, poll_interval_s=0.05
    )
    assert result.rows[0]["make"] == "Bayliner"
    assert result["payload"]["detached"] is True


@pytest.mark.parametrize("halt", [HaltClass.GATE_FAILED, HaltClass.CANCELLED])
def test_a_run_that_does_not_succeed_is_an_error_with_what_it_brought(
    mantis: Any, story: Story, halt: HaltClass
) -> None:
    def on_status(status: Status) -> None:
        if status.status == "queued":
            story.begin(status.run_id)
            story.extract(status.run_id, make="Bayliner")
            story.end(status.run_id, halt, "no boats")

    with pytest.raises(MantisRunFailed, match=f"{halt.value}: no boats") as failed:
        mantis.run_to_completion(PLAN, on_status=on_status, poll_interval_s=0.05)
    assert failed.value.status["result"]["rows"][0]["make"] == "Bayliner"
    assert failed.value.run_id == failed.value.status.run_id


def test_a_blocking_submission_outlasts_the_time_out(
    connect: Makes, served: Served, story: Story, mantis: Any
) -> None:
    client = connect(served.url, timeout_s=0.3)
    timer = later(lambda: ended(story, mantis.runs(limit=1).runs[0].run_id)(), 1.0)
    result = client.predict({**PLAN, "detached": False})
    assert result["result_ready"] is True
    timer.join()


def test_only_a_plan_can_be_run_to_completion(mantis: Any) -> None:
    for request in ({"action": "status", "run_id": NO_RUN}, {**PLAN, "dry_run": True}):
        with pytest.raises(MantisError, match="takes a plan to run"):
            mantis.run_to_completion(request)


def test_one_pause_after_another_is_told_anew(connect: Makes, proxy: FaultyProxy) -> None:
    """Its answers are played by the gateway."""
    client = connect(proxy.url)
    polls = [("paused", 1.0), ("paused", 1.0), ("paused", 2.0), ("succeeded", 3.0)]
    pauses = iter([("paused", "p1"), ("paused", "p2"), ("succeeded", "")])
    for status, at in polls:
        changed = (status, at) not in polls[: polls.index((status, at))]
        poll = {"run_id": NO_RUN, "status": status, "phase": "running", "last_event_at": at}
        proxy.faults.append(_plays({**poll, "polling_backoff_ms_hint": 20}))
        if changed and len(proxy.faults) != 3:
            name, pause_id = next(pauses)
            proxy.faults.append(_plays({"run_id": NO_RUN, "status": name, "pause_id": pause_id}))
    told: list[str] = []
    end = client.wait_for_completion(NO_RUN, on_status=lambda status: told.append(status.pause_id))
    assert told == ["p1", "p2", ""]
    assert end.terminal


def _plays(document: dict[str, object]) -> Answer:
    return Answer("200 OK", body=_json(document))


def _json(document: dict[str, object]) -> str:
    return str(document).replace("'", '"')


def test_fields_that_are_not_there_read_as_their_defaults() -> None:
    poll = Poll({"run_id": "x", "news": 1})
    assert (poll.status, poll.halt_class, poll.polling_backoff_ms_hint) == ("", None, 1000)
    assert poll["news"] == 1
