"""Workers of the pools that are killed, and that end: nothing is paid twice."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from activities.models.arrivals import Arrival, Arrivals
from activities.settings import ActivitySettings
from inference.asking import Answered, Grounded
from inference.decisions import ActKind
from ledger.models import NewModelCall, Reserved
from plans.prices import Usage, cost_of_time
from plans.step import TierName
from tests.activities.models.calling import Caller, until
from tests.activities.models.conftest import StartWorker
from tests.fakes import claude_answers
from tests.fakes.claude_api import ClaudeApi
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Hangs, Says

pytestmark = pytest.mark.timeout(180)

HERE = Says({"x": 500, "y": 250})
EMPTY = {"seen_in": "text", "evidence": "Your cart is empty.", "verdict": "holds"}


async def test_a_worker_killed_while_a_model_is_asked_is_replaced_and_paid_once(
    caller: Caller, holo3: SGLang, environment: dict[str, str], start_worker: StartWorker
) -> None:
    environment["MANTIS_HOLO3_TIMEOUT_S"] = "120"
    worker = await start_worker()
    holo3.then(Hangs(), HERE)
    run = await caller.a_run()
    began = time.monotonic()
    handle = await caller.put(await caller.request(run, await caller.ground(run)))
    await until(lambda: holo3.asked, 30, "it is asked")
    reserved = (await caller.spent(run)).held
    assert reserved == cost_of_time(120_000, 2.5)
    worker.kill()
    await start_worker()
    answer = await handle.result()
    assert answer is not None
    assert answer.failure is None
    assert (len(holo3.asked), len(holo3.done)) == (2, 1)
    spent = await caller.spent(run)
    assert spent.cost == answer.cost
    took_ms = int((time.monotonic() - began) * 1000) + 1
    assert 0 < spent.held <= cost_of_time(took_ms, 2.5), "the time of the lost try stays reserved"
    assert spent.held < reserved


async def test_an_answer_that_had_arrived_is_settled_by_the_next_worker_and_not_asked_again(
    caller: Caller, holo3: SGLang, start_worker: StartWorker, tmp_path: Path
) -> None:
    """Killed after the answer was written down, before the ledger heard of it."""
    run = await caller.a_run()
    request = await caller.request(run, await caller.ground(run))
    call_id = f"{request.call.key}/holo3/ground"
    reserved = await caller.ledger.spending.reserve(
        NewModelCall(
            tenant_id=run.tenant_id,
            run_id=run.run_id,
            call_id=call_id,
            step_index=0,
            tier=TierName.HOLO3,
            model="holo3",
            kind="ground",
            reserved_micro=50_000,
        )
    )
    assert isinstance(reserved, Reserved)
    key = await caller.store.write_answer(
        run,
        Answered(
            reply=Grounded(act=ActKind.CLICK, x=3, y=4, confidence=0.9),
            usage=Usage(tier=TierName.HOLO3, model="holo3", gpu_ms=720),
        ),
    )
    arrivals = Arrivals(ActivitySettings())
    await arrivals.note(run, call_id, Arrival(attempt=reserved.attempt, key=key))
    await start_worker()
    answer = await (await caller.put(request)).result()
    assert answer is not None
    assert (answer.body, answer.cost.gpu) == (key, 500)
    assert holo3.asked == []
    spent = await caller.spent(run)
    assert (spent.cost.gpu, spent.held) == (500, 0)


async def test_killed_at_any_moment_it_is_paid_for_each_answer_once(
    caller: Caller, claude: ClaudeApi, start_worker: StartWorker
) -> None:
    """Kills at random moments around the arrival of answers: the ledger equals the bill."""
    claude.answer = lambda _: claude_answers.Says(EMPTY, after_s=0.1)
    worker = await start_worker()
    run = await caller.a_run()
    answers = 0
    for turn, pause_s in enumerate((0.12, 0.2, 0.3)):
        request = await caller.request(run, caller.check(), TierName.CLAUDE, turn=turn)
        before = len(claude.asked)
        handle = await caller.put(request)
        await until(lambda before=before: len(claude.asked) > before, 30, "it is asked")
        await asyncio.sleep(pause_s)
        worker.kill()
        worker = await start_worker()
        answer = await handle.result()
        assert answer is not None
        assert answer.failure is None
        answers += 1
    spent = await caller.spent(run)
    arrived = claude.bill["key-default"]
    each = claude.done[0].cost
    lost = len(claude.asked) - answers
    assert arrived - lost * each <= spent.cost.claude <= arrived
    assert spent.cost.claude >= answers * min(one.cost for one in claude.done)


async def test_a_worker_that_is_told_to_end_lets_its_question_be_answered(
    caller: Caller, holo3: SGLang, start_worker: StartWorker
) -> None:
    worker = await start_worker()
    holo3.then(Says({"x": 1, "y": 2}, after_s=2.0))
    run = await caller.a_run()
    handle = await caller.put(await caller.request(run, await caller.ground(run)))
    await until(lambda: holo3.asked, 30, "it is asked")
    worker.process.send_signal(signal.SIGTERM)
    answer = await handle.result()
    assert answer is not None
    assert answer.failure is None
    assert len(holo3.asked) == 1
    assert await asyncio.to_thread(worker.process.wait, 30) == 0


async def test_a_question_that_outlasts_the_end_of_its_worker_is_asked_anew(
    caller: Caller, holo3: SGLang, start_worker: StartWorker
) -> None:
    worker = await start_worker()
    holo3.then(Hangs(), HERE)
    run = await caller.a_run()
    handle = await caller.put(await caller.request(run, await caller.ground(run)))
    await until(lambda: holo3.asked, 30, "it is asked")
    worker.process.send_signal(signal.SIGTERM)
    await start_worker()
    answer = await handle.result()
    assert answer is not None
    assert answer.failure is None
    assert len(holo3.aborted) == 1
    spent = await caller.spent(run)
    assert (spent.cost, spent.held) == (answer.cost, 0)


async def test_the_whole_worker_frozen_counts_as_lost(
    caller: Caller, holo3: SGLang, start_worker: StartWorker
) -> None:
    """One that comes back from SIGSTOP changes nothing that another has settled."""
    frozen = await start_worker()
    holo3.then(Says({"x": 1, "y": 2}, after_s=1.0), HERE)
    run = await caller.a_run()
    handle = await caller.put(await caller.request(run, await caller.ground(run)))
    await until(lambda: holo3.asked, 30, "it is asked")
    os.kill(frozen.process.pid, signal.SIGSTOP)
    try:
        await start_worker()
        answer = await handle.result()
    finally:
        os.kill(frozen.process.pid, signal.SIGCONT)
    assert answer is not None
    assert answer.failure is None
    assert len(holo3.asked) == 2
    spent = await caller.spent(run)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while spent.held:
                await asyncio.sleep(0.1)
                spent = await caller.spent(run)
    assert spent.held == 0, "the frozen one accounts for its own try"
    again = await (await caller.put(await caller.request(run, await caller.ground(run)))).result()
    assert again is not None
    assert again.body == answer.body
