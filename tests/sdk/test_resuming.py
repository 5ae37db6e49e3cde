"""Pauses as a client sees them, and the answers that it gives."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mantis_agent import MantisAPIError
from tests.sdk.faulty import FaultyProxy
from tests.sdk.served import TOKEN
from tests.sdk.story import Story
from tests.sdk.test_cli import MANTIS
from tests.sdk.test_client_calls import NO_RUN, PLAN
from tests.sdk.test_watching import PAUSED, plays

ROOT = Path(__file__).parents[2]
RESUMED = {"run_id": NO_RUN, "status": "running", "resumed_at": "2026-01-01T00:00:00.000Z"}


def sent(proxy: FaultyProxy) -> dict[str, Any]:
    return json.loads(proxy.requests[-1].decode().partition("\r\n\r\n")[2])


def test_a_pause_shows_on_the_status_until_it_is_answered(mantis: Any, story: Story) -> None:
    run_id = mantis.predict(PLAN).run_id
    story.begin(run_id)
    asked = mantis.pause(run_id, "look at it")
    assert (asked.status, asked.pause_requested) == ("running", True)
    story.pause(run_id)
    status = mantis.status(run_id)
    assert (status.status, status.prompt, status.needs_input) == ("paused", "The code?", True)
    assert (status.pause_id, bool(status.pause_state), status.terminal) == ("p1", True, False)
    assert mantis.poll(run_id).phase == "running"
    with pytest.raises(MantisAPIError, match="paused for input"):
        mantis.resume(run_id)
    with pytest.raises(MantisAPIError, match="answer p1"):
        mantis.resume(run_id, user_input="1", pause_id="p0")
    story.answer(run_id)
    assert (mantis.status(run_id).status, mantis.status(run_id).prompt) == ("running", "")
    again = mantis.resume(run_id, pause_id="p1")
    assert (again.status, again.run_id) == ("running", run_id)


def test_waiting_goes_on_past_pauses(mantis: Any, story: Story) -> None:
    run_id = mantis.predict(PLAN).run_id
    story.begin(run_id)
    story.pause(run_id, needs_input=False)
    told: list[str] = []

    def hear(status: Any) -> None:
        told.append(status.status)
        if status.pause_id == "p1":
            story.answer(run_id)
            story.pause(run_id, "p2", needs_input=False)
        elif status.pause_id == "p2":
            story.answer(run_id, "p2")
            story.end(run_id)

    end = mantis.wait_for_completion(run_id, on_status=hear, poll_interval_s=0.02, timeout_s=40)
    assert (end.status, told) == ("succeeded", ["paused", "paused", "succeeded"])


@pytest.mark.parametrize("answer", ["482913", None, 0, False, "", {"a": [1]}])
def test_an_answer_may_be_any_value(behind: Any, proxy: FaultyProxy, answer: Any) -> None:
    proxy.faults.append(plays(RESUMED))
    assert behind.resume(NO_RUN, user_input=answer, pause_id="p1").status == "running"
    assert sent(proxy) == {"user_input": answer, "pause_id": "p1"}


def test_no_answer_is_none_at_all(behind: Any, proxy: FaultyProxy) -> None:
    proxy.faults.append(plays(RESUMED))
    behind.resume(NO_RUN)
    assert sent(proxy) == {}


def until(terminal: int, text: bytes) -> bytes:
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 4096)
    return seen


def test_the_command_asks_at_the_terminal_and_shows_no_answer(proxy: FaultyProxy) -> None:
    proxy.faults.extend([plays(PAUSED | {"pause_id": "p1"}), plays(RESUMED)])
    master, slave = pty.openpty()
    environment = {
        **os.environ,
        "MANTIS_ENDPOINT": proxy.url,
        "MANTIS_API_TOKEN": TOKEN,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
    }
    process = subprocess.Popen(
        [*MANTIS, "resume", NO_RUN],
        env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        seen = until(master, b"The code?")
        seen += until(master, b"> ") if b"> " not in seen else b""
        os.write(master, b"482913\n")
        seen += until(master, b"running since")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert b"482913" not in seen
    assert sent(proxy) == {"user_input": "482913", "pause_id": "p1"}
