"""Pauses as the ledger keeps them: asked for, opened once, answered once."""

import asyncio
from collections.abc import Callable

import pytest

from ledger.errors import UnknownPause, UnknownRun
from ledger.gates import Admitted, Gate, TooManyRuns
from ledger.ledger import Ledger
from ledger.models import (
    Ending,
    NewPause,
    NewPhase,
    NewRun,
    PauseAnswer,
    Phase,
    RunStatus,
)
from plans.step import HaltClass

MakeRun = Callable[..., NewRun]
RUN = ("acme", "20260101_000000_0000abcd")
ASKED = NewPause(
    pause_id="p1", prompt="Which code?", reason="user_input", needs_input=True, step_index=3
)
CODE = PauseAnswer(
    pause_id="p1",
    answer_name="secret.answer.p1.0123abcd",
    fingerprint="f" * 64,
    variables={"user_input": "{{secret.answer.p1.0123abcd}}", "code": "x"},
    call_key="pause:3:0:1",
    outcome={"success": True},
)


@pytest.fixture
async def running(ledger: Ledger, new_run: MakeRun) -> Ledger:
    await ledger.runs.admit(new_run())
    await ledger.runs.begin(*RUN, 2_000_000)
    return ledger


async def status(ledger: Ledger) -> tuple[RunStatus, Phase]:
    row = await ledger.runs.get(*RUN)
    assert row is not None
    return row.status, row.phase


async def test_a_pause_is_opened_once(running: Ledger):
    opened = await running.pauses.open(*RUN, ASKED, 3_000_000)
    again = await running.pauses.open(*RUN, ASKED, 4_000_000)
    assert opened == again == await running.pauses.newest(*RUN)
    assert (opened.paused_at, opened.answered_at) == (3_000_000, None)
    assert await status(running) == (RunStatus.PAUSED, Phase.RUNNING)
    (event,) = await running.events.of_kind(*RUN, "pause")
    assert event.step_index == 3
    assert event.body["prompt"] == "Which code?"


async def test_a_pause_is_answered_once(running: Ledger):
    await running.pauses.open(*RUN, ASKED, 3_000_000)
    first = await running.pauses.answer(*RUN, CODE, 5_000_000)
    other = CODE.model_copy(update={"fingerprint": "e" * 64, "variables": {"code": "y"}})
    assert await running.pauses.answer(*RUN, other, 6_000_000) == first
    assert (first.answered_at, first.answer_name) == (5_000_000, CODE.answer_name)
    assert first == await running.pauses.newest(*RUN)
    assert await status(running) == (RunStatus.RUNNING, Phase.RUNNING)
    assert await running.variables.get_all(*RUN) == CODE.variables
    (outcome,) = await running.outcomes.read(*RUN)
    assert (outcome.call_key, outcome.outcome) == ("pause:3:0:1", {"success": True})
    assert len(await running.events.of_kind(*RUN, "resume")) == 1


async def test_many_answers_at_once_are_one(running: Ledger, url: str):
    await running.pauses.open(*RUN, ASKED, 3_000_000)
    other = await Ledger.open(url)
    answers = await asyncio.gather(
        *(
            one.pauses.answer(*RUN, CODE.model_copy(update={"fingerprint": str(n)}), 5_000_000 + n)
            for n, one in enumerate((running, other, running, other))
        )
    )
    await other.close()
    assert len({answer.fingerprint for answer in answers}) == 1


async def test_a_run_pauses_many_times(running: Ledger):
    for number in range(1, 13):
        asked = ASKED.model_copy(update={"pause_id": f"p{number}"})
        await running.pauses.open(*RUN, asked, 3_000_000)
        newest = await running.pauses.newest(*RUN)
        assert newest is not None and newest.pause_id == f"p{number}"
        answer = PauseAnswer(pause_id=f"p{number}")
        await running.pauses.answer(*RUN, answer, 3_000_000)
    assert len(await running.events.of_kind(*RUN, "resume")) == 12


async def test_a_run_that_is_over_is_neither_paused_nor_resumed(running: Ledger):
    await running.pauses.open(*RUN, ASKED, 3_000_000)
    cancelled = Ending(status=RunStatus.CANCELLED, halt_class=HaltClass.CANCELLED)
    await running.runs.finish(*RUN, cancelled, 4_000_000)
    late = await running.pauses.answer(*RUN, CODE, 5_000_000)
    assert late.answered_at is None
    await running.pauses.open(*RUN, ASKED.model_copy(update={"pause_id": "p2"}), 6_000_000)
    assert await status(running) == (RunStatus.CANCELLED, Phase.CANCELLED)
    assert len(await running.events.of_kind(*RUN, "pause")) == 1


async def test_what_nobody_knows_is_not_answered(running: Ledger):
    with pytest.raises(UnknownPause):
        await running.pauses.answer(*RUN, CODE, 3)
    with pytest.raises(UnknownRun):
        await running.pauses.open("acme", "none", ASKED, 3)
    assert await running.pauses.newest("acme", "none") is None


async def test_a_pause_is_asked_for_once_until_it_comes(running: Ledger):
    asked = await running.runs.request_pause(*RUN, "look at it", 3_000_000)
    assert asked.pause_requested
    assert await running.runs.request_pause(*RUN, "again", 4_000_000) == asked
    errands = [
        (errand.kind, errand.reason)
        for errand in await running.outbox.pending(9, 10**16)
        if errand.kind != "start"
    ]
    assert errands == [("pause", "look at it")]
    await running.pauses.open(*RUN, ASKED, 5_000_000)
    paused = await running.runs.request_pause(*RUN, "paused already", 6_000_000)
    assert (paused.status, paused.pause_requested) == (RunStatus.PAUSED, False)
    await running.pauses.answer(*RUN, PauseAnswer(pause_id="p1"), 7_000_000)
    assert (await running.runs.request_pause(*RUN, "", 8_000_000)).pause_requested


async def test_only_a_running_run_can_be_asked_to_pause(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    assert not (await ledger.runs.request_pause(*RUN, "", 2)).pause_requested
    await ledger.runs.begin(*RUN, 3)
    await ledger.runs.request_cancel(*RUN, "", 4)
    assert not (await ledger.runs.request_pause(*RUN, "", 5)).pause_requested


async def test_a_paused_run_takes_no_place(running: Ledger, new_run: MakeRun):
    gate = Gate(max_concurrent_runs=1)
    second = new_run(run_id="20260101_000000_00000002")
    assert isinstance(await running.runs.admit(second, gate), TooManyRuns)
    await running.pauses.open(*RUN, ASKED, 3_000_000)
    assert isinstance(await running.runs.admit(second, gate), Admitted)
    await running.pauses.answer(*RUN, CODE, 4_000_000)
    assert await running.runs.concurrent() == {"acme": 2}


async def test_a_phase_can_be_marked_after_a_pause(running: Ledger):
    await running.pauses.open(*RUN, ASKED, 3_000_000)
    await running.pauses.answer(*RUN, CODE, 4_000_000)
    lost = NewPhase(number=1, phase=Phase.RECOVERING, message="the browser is gone")
    await running.runs.mark_phase(*RUN, lost, 5_000_000)
    assert await status(running) == (RunStatus.RUNNING, Phase.RECOVERING)
