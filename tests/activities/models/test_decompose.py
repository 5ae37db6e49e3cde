"""A plan in words becomes the steps of its run: paid once, cached, refused where it must be."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError

from ledger.content import plan_document, read_content
from ledger.models import Document, EventRow, RunStatus
from plans.plan import Plan, PlanText
from plans.step import HaltClass
from tests.activities.models.calling import Caller, until
from tests.fakes import claude_answers
from tests.fakes.claude_answers import Says
from tests.fakes.claude_api import ClaudeApi
from workflows.interfaces import RunKey

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("pools")]

WORDS = "Go to https://shop.test/ and click Save"
CHECKED: Document = {"required": False, "gate": False, "verify": "", "guard": ""}
STEPS: Document = {
    "problem": "",
    "name": "save",
    "steps": [
        {
            "type": "navigate",
            "intent": "Go to the shop",
            "url": "https://shop.test/",
            "required": True,
            "gate": False,
            "verify": "",
            "guard": "",
        },
        {
            "type": "click",
            "intent": "Click Save",
            "required": False,
            "gate": False,
            "verify": "",
            "guard": "",
        },
    ],
}


NO_PLAN: Document = STEPS | {
    "steps": [{**CHECKED, "type": "navigate", "intent": "Go there", "url": "{{nowhere}}"}]
}


async def in_words(caller: Caller, text: str = WORDS, **fields: object) -> RunKey:
    return await caller.a_run(plan=plan_document(PlanText(text=text)), **fields)


async def plan_of(caller: Caller, run: RunKey) -> Plan | None:
    row = await caller.ledger.runs.get(run.tenant_id, run.run_id)
    assert row is not None
    content = read_content(row.plan)
    return content if isinstance(content, Plan) else None


async def told(caller: Caller, run: RunKey) -> list[EventRow]:
    events = await caller.ledger.events.read(run.tenant_id, run.run_id)
    return [event for event in events if event.kind == "step"]


async def test_words_become_the_steps_of_the_run_and_its_first_step_tells_so(
    caller: Caller, claude: ClaudeApi
) -> None:
    claude.then(Says(STEPS))
    run = await in_words(caller)
    made = await caller.decompose(run)
    assert (made.refusal, made.steps, made.cached) == (None, 2, False)
    plan = await plan_of(caller, run)
    assert plan is not None
    assert [step.type.value for step in plan.steps] == ["navigate", "click"]
    (event,) = await told(caller, run)
    assert event.step_index == -1
    assert (event.body["type"], event.body["index"]) == ("decompose", -1)
    assert (event.body["success"], event.body["tier"]) == (True, "claude")
    assert event.body["cost"] == made.cost.total / 1_000_000 > 0
    assert claude.bill["key-default"] == made.cost.total
    assert (await caller.spent(run)).cost == made.cost


async def test_the_same_words_of_a_tenant_are_asked_for_once(
    caller: Caller, claude: ClaudeApi, secrets_dir: Path
) -> None:
    (secrets_dir / "acme_key").write_text("key-acme")
    claude.answer = lambda _: Says(STEPS)
    await caller.decompose(await in_words(caller))
    run = await in_words(caller)
    again = await caller.decompose(run)
    assert (again.cached, again.steps, again.cost.total) == (True, 2, 0)
    assert len(claude.asked) == 1
    (event,) = await told(caller, run)
    assert (event.body["tier"], event.body["cost"]) == (None, 0)
    other = await in_words(caller, tenant="acme", anthropic_secret_name="acme_key")
    assert not (await caller.decompose(other)).cached
    assert [one.key for one in claude.asked] == ["key-default", "key-acme"]
    assert not (await caller.decompose(await in_words(caller, f"{WORDS} twice"))).cached


async def test_done_again_it_changes_nothing(caller: Caller, claude: ClaudeApi) -> None:
    claude.then(Says(STEPS))
    run = await in_words(caller)
    await caller.decompose(run)
    again = await caller.decompose(run)
    assert (again.refusal, again.steps) == (None, 2)
    assert len(claude.asked) == 1
    assert len(await told(caller, run)) == 1


async def test_steps_outside_the_allowlist_are_refused_cached_ones_too(
    caller: Caller, claude: ClaudeApi
) -> None:
    """
    > and passes the same caps and allowlist.

    > what it decomposes into passes the same caps and allowlist, else the run ends `failed` with
    > `plan_rejected`;
    """
    claude.then(Says(STEPS))
    for _ in range(2):
        run = await in_words(caller, allowed_hosts=("only.test",))
        made = await caller.decompose(run)
        assert made.refusal is not None
        assert made.refusal.halt_class is HaltClass.PLAN_REJECTED
        assert "shop.test" in made.refusal.message
        assert await plan_of(caller, run) is None
        (event,) = await told(caller, run)
        assert event.body["success"] is False
        assert "shop.test" in str(event.body["error"])
    assert len(claude.asked) == 1


async def test_more_steps_than_the_operator_allows_are_refused(
    caller: Caller, claude: ClaudeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """> and passes the same caps and allowlist."""
    claude.answer = lambda _: Says(STEPS | {"steps": [*STEPS["steps"]] * 101})  # pyright: ignore
    made = await caller.decompose(await in_words(caller))
    assert made.refusal is not None
    assert made.refusal.halt_class is HaltClass.PLAN_REJECTED
    assert "202 steps" in made.refusal.message
    assert made.cost.total == claude.bill["key-default"]


async def test_without_a_key_or_an_answer_no_model_is_available(
    caller: Caller, claude: ClaudeApi
) -> None:
    no_key = await caller.decompose(await in_words(caller, tenant="acme"))
    assert no_key.refusal is not None
    assert no_key.refusal.halt_class is HaltClass.MODEL_UNAVAILABLE
    claude.answer = lambda _: claude_answers.overloaded()
    run = await in_words(caller)
    away = await caller.decompose(run)
    assert away.refusal is not None
    assert away.refusal.halt_class is HaltClass.MODEL_UNAVAILABLE
    spent = await caller.spent(run)
    assert (spent.cost.total, spent.held) == (0, 0)


async def test_words_that_name_a_secret_show_it_to_nobody(
    caller: Caller, claude: ClaudeApi
) -> None:
    claude.answer = lambda _: claude_answers.refusal()
    run = await in_words(
        caller,
        "Sign in with {{secret.1}} at https://shop.test/",
        secrets={"secret.1": "hunter2hunter2"},
    )
    made = await caller.decompose(run)
    assert made.refusal is not None
    assert made.refusal.halt_class is HaltClass.MODEL_UNAVAILABLE
    assert "hunter2" not in str(claude.asked[0].body)
    (event,) = await told(caller, run)
    assert "secret.1" not in str(event.body)
    assert (await caller.spent(run)).cost.total == claude.bill["key-default"]


async def test_a_run_without_money_is_told_so(caller: Caller, claude: ClaudeApi) -> None:
    claude.answer = lambda _: claude_answers.prose()
    run = await in_words(caller, max_cost_micro=1)
    made = await caller.decompose(run)
    assert made.refusal is not None
    assert made.refusal.halt_class in (HaltClass.MAX_COST_EXCEEDED, HaltClass.MODEL_UNAVAILABLE)
    assert len(claude.asked) <= 2


async def test_a_run_is_running_while_its_words_are_decomposed(
    caller: Caller, claude: ClaudeApi
) -> None:
    claude.then(claude_answers.overloaded(), Says(STEPS))
    run = await in_words(caller)
    assert await caller.status(run) is RunStatus.QUEUED
    await caller.decompose(run)
    assert await caller.status(run) is RunStatus.RUNNING


async def test_what_failed_tries_cost_stands_in_the_step(caller: Caller, claude: ClaudeApi) -> None:
    claude.then(claude_answers.refusal())
    run = await in_words(caller)
    made = await caller.decompose(run)
    (event,) = await told(caller, run)
    assert made.refusal is not None
    assert round(float(str(event.body["cost"])) * 1e6) == claude.bill["key-default"] > 0


async def test_a_first_answer_that_was_no_plan_is_paid_where_the_second_is_cut(
    caller: Caller, claude: ClaudeApi
) -> None:
    claude.then(Says(NO_PLAN))
    claude.answer = lambda _: claude_answers.Hangs()
    run = await in_words(caller)
    with suppress(WorkflowFailureError):
        await caller.decompose(run, time_left_ms=8_000)
    await until(lambda: claude.aborted, 10, "the request is ended")
    assert claude.asked[1].turns[1][0] == "assistant"
    async with asyncio.timeout(10):
        while (await caller.spent(run)).held:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await caller.spent(run)).cost.claude == claude.bill["key-default"] > 0
