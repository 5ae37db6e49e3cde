"""Faults around a question: files that are gone, a disk and a ledger that fail in between."""

import sqlite3
import traceback
from pathlib import Path

import pytest
from pydantic import JsonValue
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, DefaultPayloadConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.models.activities import tries
from activities.models.patience import AskAgain, Patience, Tried
from activities.models.settings import PatienceSettings
from inference.asking import TaskAsk
from plans.answers import answer_name
from plans.placeholders import reference
from plans.step import TierName
from tests.activities.models.calling import Caller, until
from tests.fakes import claude_answers
from tests.fakes.claude_api import ClaudeApi
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Says
from workflows.interfaces import RunKey

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("pools")]

HERE = Says({"x": 500, "y": 250}, after_s=1.0)


def asks_of(tmp_path: Path, run: RunKey) -> Path:
    return tmp_path / "data" / "tenants" / run.tenant_id / "runs" / run.run_id / "asks"


@pytest.mark.parametrize(
    "key", ["", "asks/../../../../../etc/passwd", "asks/" + "0" * 64 + ".json", "/etc/passwd"]
)
async def test_a_question_that_is_not_there_asks_nothing_and_reserves_nothing(
    caller: Caller, holo3: SGLang, key: str
) -> None:
    run = await caller.a_run()
    request = await caller.request(run, await caller.ground(run))
    lost = request.model_copy(update={"ask": request.ask.model_copy(update={"body": key})})
    answer = await (await caller.put(lost)).result()
    assert answer is not None
    assert answer.failure == "unavailable"
    assert "etc/passwd" not in answer.message
    assert holo3.asked == []
    spent = await caller.spent(run)
    assert (spent.cost.total, spent.held) == (0, 0)


async def test_another_runs_question_can_not_be_read(caller: Caller, holo3: SGLang) -> None:
    mine, other = await caller.a_run("acme"), await caller.a_run("other")
    request = await caller.request(other, await caller.ground(other))
    stolen = request.model_copy(update={"run": mine})
    answer = await (await caller.put(stolen)).result()
    assert answer is not None
    assert answer.failure == "unavailable"
    assert holo3.asked == []


async def test_a_picture_that_is_gone_gives_the_reservation_back(
    caller: Caller, holo3: SGLang, tmp_path: Path
) -> None:
    run = await caller.a_run()
    request = await caller.request(run, await caller.ground(run))
    for picture in asks_of(tmp_path, run).glob("*.png"):
        picture.unlink()
    answer = await (await caller.put(request)).result()
    assert answer is not None
    assert answer.failure == "unavailable"
    spent = await caller.spent(run)
    assert (spent.cost.total, spent.held, holo3.asked) == (0, 0, [])


async def test_an_answer_that_cant_be_kept_is_paid_and_not_asked_for_again(
    caller: Caller, claude: ClaudeApi, tmp_path: Path
) -> None:
    claude.answer = lambda _: claude_answers.Says(
        {"seen_in": "text", "evidence": "Your cart is empty.", "verdict": "holds"}, after_s=1.0
    )
    run = await caller.a_run()
    handle = await caller.put(await caller.request(run, caller.check(), TierName.CLAUDE))
    await until(lambda: claude.asked, 30, "it is asked")
    folder = asks_of(tmp_path, run)
    folder.rename(folder.with_name("moved"))
    folder.write_text("no folder any more")
    answer = await handle.result()
    assert answer is not None
    assert answer.failure == "unavailable"
    assert "kept" in answer.message
    spent = await caller.spent(run)
    assert (spent.cost.claude, spent.held) == (claude.bill["key-default"], 0)
    assert len(claude.asked) == 1


async def test_a_ledger_that_hangs_as_the_answer_comes_settles_it_later_and_once(
    caller: Caller, holo3: SGLang, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    holo3.then(HERE)
    run = await caller.a_run()
    handle = await caller.put(await caller.request(run, await caller.ground(run)))
    await until(lambda: holo3.asked, 30, "it is asked")
    locker = sqlite3.connect(tmp_path / "data" / "ledger.db", isolation_level=None, timeout=60)
    locker.execute("BEGIN IMMEDIATE")
    try:
        await until(lambda: "LedgerAway" in caplog.text, 90, "the ledger is given up")
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    answer = await handle.result()
    assert answer is not None
    assert answer.failure is None
    assert len(holo3.asked) == 1
    spent = await caller.spent(run)
    assert (spent.cost, spent.held) == (answer.cost, 0)


async def _reads_what_is_none(patience: Patience, tried: Tried) -> AskAgain:
    return AskAgain.model_validate({"tried": tried, "after_s": "hunter2", "message": ""})


async def test_a_fault_of_ours_is_told_without_what_was_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ApplicationError) as raised:
        await ActivityEnvironment().run(tries, _reads_what_is_none, PatienceSettings(), 60_000)
    assert (raised.value.type, raised.value.non_retryable) == ("Fault", True)
    assert "ValidationError" in raised.value.message
    assert "_reads_what_is_none" in caplog.text
    shown = "".join(traceback.format_exception(raised.value))
    assert "hunter2" not in shown.replace('"after_s": "hunter2"', "")
    assert "hunter2" not in caplog.text.replace('"after_s": "hunter2"', "")
    failure = Failure()
    DefaultFailureConverter().to_failure(raised.value, DefaultPayloadConverter(), failure)
    assert not failure.HasField("cause")


async def test_an_answer_that_arrived_is_not_lost_where_its_secrets_cant_be_kept_at_once(
    caller: Caller, claude: ClaudeApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = answer_name("p1", "ab" * 16)
    claude.answer = lambda _: claude_answers.Says("The code is 333444.", after_s=1.0)
    run = await caller.a_run(secrets={code: {"codes": ["111222", "333444"]}})
    message: dict[str, JsonValue] = {"role": "user", "content": "Which code?"}
    ask = TaskAsk(system="", messages=(message,), tools=())
    handle = await caller.put(await caller.request(run, ask, TierName.CLAUDE))
    await until(lambda: claude.asked, 30, "it is asked")
    locker = sqlite3.connect(tmp_path / "data" / "ledger.db", isolation_level=None, timeout=60)
    locker.execute("BEGIN IMMEDIATE")
    try:
        await until(lambda: "LedgerAway" in caplog.text, 90, "the ledger is given up")
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    answer = await handle.result()
    assert answer is not None
    kept = (await caller.answer(run, answer)).model_dump_json()
    assert "333444" not in kept
    assert reference(f"{code}.1") in kept
    assert (await caller.ledger.secrets.read(run.tenant_id, run.run_id))[f"{code}.1"] == "333444"
    assert len(claude.asked) == 1
    assert (await caller.spent(run)).cost.claude == claude.bill["key-default"]
