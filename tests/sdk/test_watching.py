"""`run --watch` where a run pauses, played by a gateway."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from mantis_agent import MantisClient
from mantis_agent.cli.terminal import Terminal
from mantis_agent.cli.watch import Watch, event_line
from mantis_agent.types import Event
from tests.sdk.conftest import QUICK, Makes
from tests.sdk.faulty import Answer, FaultyProxy
from tests.sdk.served import TOKEN
from tests.sdk.test_client_calls import NO_RUN

PAUSED = {"run_id": NO_RUN, "status": "paused", "prompt": "The code?\x1b[2J", "needs_input": True}


def plays(document: dict[str, Any], status: str = "200 OK") -> Answer:
    return Answer(status, body=json.dumps(document))


def stream(*events: tuple[str, dict[str, Any]]) -> Answer:
    body = "".join(
        f"id: 2026-01-01T00:00:00.{number:06}Z\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
        for number, (kind, data) in enumerate(events)
    )

    class Stream(Answer):
        def encoded(self) -> bytes:
            return super().encoded().replace(b"application/json", b"text/event-stream")

    return Stream("200 OK", body)


PAUSE = ("pause", {"kind": "pause", "prompt": "The code?"})
TERMINAL = ("terminal", {"phase": "complete"})


class Person(Terminal):
    """Somebody at the keyboard."""

    @property
    def asks(self) -> bool:
        return True


@pytest.fixture
def client(proxy: FaultyProxy) -> Iterator[MantisClient]:
    with MantisClient(proxy.url, mantis_token=TOKEN, retry=QUICK) as made:
        yield made


def test_a_pause_is_answered_on_the_spot(client: MantisClient, proxy: FaultyProxy) -> None:
    answers = iter(["", "wrong", "1234"])
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    pause = PAUSED | {"pause_id": "p1"}
    proxy.faults.extend(
        [
            stream(PAUSE, TERMINAL),
            plays(pause),
            plays({"detail": "that is no code"}, "400 Bad"),
            plays(pause),
            plays({"run_id": NO_RUN, "status": "running", "resumed_at": "now"}),
        ]
    )
    out = io.StringIO()
    Watch(client, Person(out, out), ask).follow(NO_RUN)
    assert asked == ["? The code? [2J\n> "] * 3
    assert "that is no code" in out.getvalue()
    assert '"user_input":"1234"' in proxy.requests[-1].decode()
    assert '"pause_id":"p1"' in proxy.requests[-1].decode()


def test_a_pause_from_outside_needs_no_answer(client: MantisClient, proxy: FaultyProxy) -> None:
    asked: list[str] = []
    looked_at = {"status": "paused", "prompt": "On request", "pause_id": "p1", "needs_input": False}
    resumed = {"run_id": NO_RUN, "status": "running", "resumed_at": "now"}
    proxy.faults.extend([stream(PAUSE, TERMINAL), plays(looked_at), plays(resumed)])

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return ""

    Watch(client, Person(io.StringIO(), io.StringIO()), ask).follow(NO_RUN)
    assert asked == ["? On request (Enter lets it go on)\n> "]
    assert proxy.requests[-1].decode().endswith('{"pause_id":"p1"}')


def test_nobody_at_the_keyboard_is_told_how_to_go_on(
    client: MantisClient, proxy: FaultyProxy
) -> None:
    proxy.faults.extend([stream(PAUSE, TERMINAL), plays(PAUSED)])
    out = io.StringIO()
    Watch(client, Terminal(out, out), pytest.fail).follow(NO_RUN)
    assert f"go on     mantis resume {NO_RUN} --input ANSWER" in out.getvalue()


def test_a_pause_that_somebody_else_has_answered(client: MantisClient, proxy: FaultyProxy) -> None:
    proxy.faults.extend([stream(PAUSE, TERMINAL), plays(PAUSED | {"status": "running"})])
    Watch(client, Person(io.StringIO(), io.StringIO()), pytest.fail).follow(NO_RUN)


def test_a_stream_that_ends_before_the_run_is_opened_again(
    connect: Makes, proxy: FaultyProxy
) -> None:
    first = stream(("log", {"message": "one"}))
    proxy.faults.extend([first, stream(), stream(("log", {"message": "two"}), TERMINAL)])
    events = list(connect(proxy.url).stream_events(NO_RUN))
    assert [event["data"].get("message") for event in events] == ["one", "two", None]
    cursors = [head.count("2026-01-01T00:00:00.000000Z") for head in proxy.heads("/events")]
    assert cursors[0] == 0
    assert all(cursors[1:])


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"step_index": None, "success": None, "intent": None, "tier": None, "duration": None},
        {"step_index": "x", "success": "yes", "intent": {"a": 1}, "duration": "long", "error": 5},
        {"row": 5, "phase": 5, "halt_class": [1], "message": {"a": 1}, "intent": "x" * 10_000},
        {"row": {"a": None, "b": [1], "_c": 1}},
    ],
)
@pytest.mark.parametrize("kind", ["step", "action", "extract", "phase", "terminal", "log", "new"])
def test_no_event_breaks_the_display(kind: str, data: dict[str, Any]) -> None:
    line = event_line(Terminal(io.StringIO(), io.StringIO()), Event(event=kind, id="", data=data))
    assert len(line) < 300
    assert line.isprintable()
