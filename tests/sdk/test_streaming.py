"""Following events over a network that cuts, stalls and goes away."""

import random
import threading
import time
from typing import Any

import pytest

from mantis_agent import MantisAPIError, MantisAuthError, MantisConnectionError, RetryPolicy
from plans.step import HaltClass
from tests.sdk.conftest import Makes
from tests.sdk.faulty import Answer, Cut, FaultyProxy
from tests.sdk.served import Served
from tests.sdk.story import Story
from tests.sdk.test_client_calls import NO_RUN, PLAN

EVENTS = 120


def told_run(mantis: Any, story: Story, count: int = EVENTS) -> str:
    """A run that is over, with `count` log lines."""
    run_id = mantis.predict(PLAN).run_id
    story.begin(run_id)
    story.say(run_id, *(f"line {number}" for number in range(count)))
    story.end(run_id)
    return run_id


def lines(events: list[Any]) -> list[str]:
    messages = (event["data"].get("message", "") for event in events)
    return [message for message in messages if message.startswith("line ")]


def in_order(count: int = EVENTS) -> list[str]:
    return [f"line {number}" for number in range(count)]


def test_a_finished_run_is_replayed_and_the_stream_ends(mantis: Any, story: Story) -> None:
    events = list(mantis.stream_events(told_run(mantis, story)))
    assert lines(events) == in_order()
    assert all(set(event) == {"event", "id", "data"} for event in events)
    assert (events[0]["event"], events[0]["id"]) == ("phase", "")
    assert (events[-1]["event"], events[-1]["id"]) == ("terminal", "")
    assert events[-1]["data"]["phase"] == "complete"
    ids = [event["id"] for event in events if event["id"]]
    assert ids == sorted(set(ids))


def test_a_cursor_skips_what_it_names(mantis: Any, story: Story) -> None:
    run_id = told_run(mantis, story, 10)
    whole = [event for event in mantis.stream_events(run_id) if event["id"]]
    rest = [event for event in mantis.stream_events(run_id, whole[4]["id"]) if event["id"]]
    assert rest == whole[5:]


def test_events_arrive_as_they_happen(mantis: Any, story: Story) -> None:
    run_id = mantis.predict(PLAN).run_id
    seen: list[str] = []
    for event in mantis.stream_events(run_id):
        seen.append(event["event"])
        if event["event"] == "phase" and event["data"]["phase"] == "queued":
            story.begin(run_id)
        if event["data"].get("message") == "run started":
            story.end(run_id, HaltClass.STEP_FAILED)
    assert seen[-1] == "terminal"
    assert "halted" in str(event["data"])


@pytest.mark.parametrize("seed", range(3))
def test_cuts_at_any_byte_lose_and_repeat_nothing(
    behind: Any, proxy: FaultyProxy, mantis: Any, story: Story, seed: int
) -> None:
    run_id = told_run(mantis, story)
    chance = random.Random(seed)
    proxy.faults.extend(Cut(after=chance.randrange(0, 4000)) for _ in range(12))
    events = list(behind.stream_events(run_id))
    assert lines(events) == in_order()
    phases = [event["data"] for event in events if event["event"] == "phase"]
    assert phases == phases[:1]
    assert len(proxy.heads("/events")) > 5


def test_an_event_cut_off_after_its_id_comes_again(
    behind: Any, proxy: FaultyProxy, mantis: Any, story: Story
) -> None:
    run_id = told_run(mantis, story, 5)
    proxy.faults.append(Cut(text=b'"message":"line 2'))
    proxy.faults.append(Cut(text=b'"message":"line 2"'))
    assert lines(list(behind.stream_events(run_id))) == in_order(5)
    cursors = [head for head in proxy.heads("/events") if "last-event-id" in head.lower()]
    assert len(cursors) == 2


def test_a_gateway_in_between_that_is_away_or_busy(
    behind: Any, proxy: FaultyProxy, mantis: Any, story: Story
) -> None:
    run_id = told_run(mantis, story, 5)
    proxy.faults.extend(
        [
            Answer("502 Bad Gateway"),
            Answer("429 Slow", headers="Retry-After: 0\r\n"),
            Answer("503 Away", headers="Retry-After: 0\r\n"),
            Answer("504 Late"),
        ]
    )
    assert lines(list(behind.stream_events(run_id))) == in_order(5)


def test_the_service_goes_away_in_the_middle(
    behind: Any, proxy: FaultyProxy, mantis: Any, story: Story
) -> None:
    run_id = mantis.predict(PLAN).run_id
    story.begin(run_id)
    story.say(run_id, "line 0")
    seen: list[Any] = []

    def outage() -> None:
        proxy.down()
        story.say(run_id, "line 1", "line 2")
        time.sleep(0.5)
        proxy.up()
        story.say(run_id, "line 3")
        story.end(run_id)

    thread = threading.Thread(target=outage)
    for event in behind.stream_events(run_id):
        seen.append(event)
        if event["data"].get("message") == "line 0":
            thread.start()
    thread.join()
    assert lines(seen) == in_order(4)


def test_a_killed_api_is_found_again(
    connect: Makes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = Served(tmp_path_factory.mktemp("killed"))
    client = connect(own.url)
    run_id = client.predict(PLAN).run_id
    own.story.begin(run_id)
    own.story.say(run_id, "line 0")
    seen: list[Any] = []

    def restart() -> None:
        own.kill()
        own.story.say(run_id, "line 1")
        own.start()
        own.story.end(run_id)

    thread = threading.Thread(target=restart)
    try:
        for event in client.stream_events(run_id):
            seen.append(event)
            if event["data"].get("message") == "line 0":
                thread.start()
        assert lines(seen) == in_order(2)
        assert client.wait_for_completion(run_id).status == "succeeded"
    finally:
        thread.join()
        own.stop()


def test_an_outage_is_borne_only_so_long(
    connect: Makes, proxy: FaultyProxy, mantis: Any, story: Story
) -> None:
    run_id = mantis.predict(PLAN).run_id
    patience = RetryPolicy(first_s=0.01, most_s=0.05, outage_s=0.3)
    client = connect(proxy.url, retry=patience)
    with pytest.raises(MantisConnectionError, match="nothing answers"):
        for _ in client.stream_events(run_id):
            proxy.down()


def test_what_no_coming_back_would_change_is_raised(
    mantis: Any, connect: Makes, served: Served, behind: Any, proxy: FaultyProxy
) -> None:
    with pytest.raises(MantisAPIError, match="unknown run_id"):
        list(mantis.stream_events(NO_RUN))
    with pytest.raises(MantisAuthError):
        list(connect(served.url, mantis_token="nobody").stream_events(NO_RUN))
    proxy.faults.append(Answer("200 OK"))
    with pytest.raises(MantisAPIError, match="no event stream"):
        list(behind.stream_events(NO_RUN))


def test_leaving_early_lets_go_of_the_connection(behind: Any, proxy: FaultyProxy, mantis: Any):
    run_id = mantis.predict(PLAN).run_id
    stream = behind.stream_events(run_id)
    assert next(stream)["event"] == "phase"
    stream.close()
    assert behind.status(run_id).status == "queued"
