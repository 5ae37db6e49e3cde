"""Where older histories ended: their documents are read by the code of now."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from plans.calls import Call
from plans.interpreter import Interpreter
from plans.state import RunLimits
from tests.workflows.scripted import LISTING, LOGIN
from workflows.carried import Carried

STATES = {path.stem: path.read_text() for path in (Path(__file__).parent / "states").glob("*.json")}
LIMITS = RunLimits(max_run_steps=99, max_loop_iterations=9, max_cost_micro=99, max_time_ms=10**9)


def read(name: str) -> Carried:
    return Carried.model_validate_json(STATES[name])


def test_every_shape_is_kept() -> None:
    assert set(STATES) == {
        f"v1_{shape}"
        for shape in ("queued", "running", "recovering", "paused", "paused_from_outside",
                      "stepping_back", "cancelling", "halted")
    }  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_an_older_document_is_read_whole(name: str) -> None:
    carried = read(name)
    document = json.loads(STATES[name])
    for part in ("state", "anchor", "session", "cancel", "pause_request"):
        assert carried.model_dump(mode="json", exclude_unset=True)[part] == document[part]
    assert Carried.model_validate_json(carried.model_dump_json()) == carried


def test_a_running_one_goes_on_with_its_call() -> None:
    call = Interpreter(LISTING, LIMITS, read("v1_running").state).next()
    assert isinstance(call, Call) and call.key == "step:2:1:1"


def test_a_paused_one_waits_for_its_pause() -> None:
    carried = read("v1_paused")
    call = Interpreter(LOGIN, LIMITS, carried.state).next()
    assert carried.pause is not None and carried.pause.call == call


def test_one_that_went_back_makes_its_calls_anew() -> None:
    carried = read("v1_stepping_back")
    call = Interpreter(LISTING, LIMITS, carried.state).next()
    assert isinstance(call, Call) and call.key == "step:1:0:1:r2"


def test_a_halted_one_goes_on_before_the_call_that_ended_it() -> None:
    on = read("v1_halted").state.go_on()
    assert on is not None and (on.pc, on.attempt, on.finish) == (1, 1, None)


def test_a_document_of_newer_code_is_refused() -> None:
    newer = json.loads(STATES["v1_running"]) | {"version": 2}
    with pytest.raises(ValidationError):
        Carried.model_validate(newer)
