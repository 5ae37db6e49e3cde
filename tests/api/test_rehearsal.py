"""Dry runs and submissions of plans whose cost, or whose steps, are known from before."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from ledger.clock import now_micros
from ledger.content import plan_document, read_content
from ledger.ledger import Ledger
from ledger.models import Ending, NewDecomposition, NewEvent, NewModelCall, Reserved, RunStatus
from ledger.settings import LedgerSettings
from plans.calls import Money
from plans.decomposition import PROMPT_VERSION
from plans.plan import Plan, PlanText
from plans.prices import Usage
from plans.step import Params, Step, StepType, TierName
from plans.words import words_key

WORDS = "Open the shop at good.example and read every boat."
TENANT = {"X-Mantis-Token": "narrow-1"}


@pytest.fixture
async def kept(
    tenants_app: FastAPI, ledger_settings: LedgerSettings, tmp_path: Path
) -> AsyncIterator[Ledger]:
    """The application's ledger; the tenant has a key for Claude."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "anthropic_api_key").write_text("sk-canary\n")
    opened = await Ledger.open(ledger_settings.url)
    yield opened
    await opened.close()


async def remember(
    ledger: Ledger, *steps: Step, model: str = "claude-opus-5-5", version: str = PROMPT_VERSION
) -> None:
    await ledger.decompositions.put(
        NewDecomposition(
            tenant_id="narrow",
            words=words_key(PlanText(text=WORDS), ["city", "demo_site"]),
            model=model,
            prompt_version=version,
            plan=plan_document(Plan(steps=steps)),
        )
    )


def go(url: str) -> Step:
    return Step(intent=f"Go to {url}", type=StepType.NAVIGATE, params=Params(url=url))


async def submit(client: httpx.AsyncClient, **fields: object) -> httpx.Response:
    body = {"plan_text": WORDS, "inputs": {"city": "Miami"}, **fields}
    return await client.post("/v1/predict", json=body, headers=TENANT)


async def test_a_dry_run_shows_the_steps_that_the_words_were_made_into(
    tenants: httpx.AsyncClient, kept: Ledger
):
    before = (await submit(tenants, dry_run=True)).json()
    assert before["plan"] == {"text": WORDS}
    assert before["estimated_cost"] == 0.0296
    assert any("making steps of the words" in note for note in before["notes"])
    loop = Step(intent="Again", type=StepType.LOOP, loop_target=0, loop_count=999)
    read = Step(intent="Read {{city}}", type=StepType.EXTRACT_DATA, claude_only=True)
    await remember(kept, go("https://good.example/list"), read, loop)
    view = (await submit(tenants, dry_run=True)).json()
    assert [step["intent"] for step in view["plan"]["steps"]] == [
        "Go to https://good.example/list",
        "Read {{city}}",
        "Again",
    ]
    assert view["plan"]["steps"][2]["loop_count"] == 50
    assert view["max_steps"] == 100
    assert "good.example" in view["hosts"]
    assert view["estimated_cost"] == 0.45
    assert any("were made into steps before, by claude-opus-5-5" in note for note in view["notes"])
    assert (await kept.runs.page("narrow", None, 5, None)).runs == ()


async def test_known_steps_that_leave_the_allowlist_are_refused_at_submission(
    tenants: httpx.AsyncClient, kept: Ledger
):
    """> a cached decomposition is checked at submission."""
    await remember(kept, go("https://good.example"), go("https://elsewhere.example"))
    for fields in ({}, {"dry_run": True}):
        answer = await submit(tenants, **fields)
        assert answer.status_code == 403
        assert "elsewhere.example" in answer.json()["detail"]


async def test_known_steps_that_break_the_caps_are_refused_at_submission(
    tenants: httpx.AsyncClient, kept: Ledger
):
    """> a cached decomposition is checked at submission."""
    await remember(kept, *(go("https://good.example") for _ in range(201)))
    answer = await submit(tenants)
    assert answer.status_code == 400
    assert "201 steps, more than the 200 allowed" in answer.json()["detail"]


async def test_steps_of_another_model_or_of_other_inputs_are_not_this_runs(
    tenants: httpx.AsyncClient, kept: Ledger
):
    await remember(kept, go("https://elsewhere.example"), model="claude-sonnet-5-5")
    assert (await submit(tenants)).status_code == 200
    await remember(kept, go("https://elsewhere.example"))
    assert (await submit(tenants)).status_code == 403
    assert (await submit(tenants, inputs={})).status_code == 200


async def test_steps_that_another_prompt_has_led_to_are_not_this_runs(
    tenants: httpx.AsyncClient, kept: Ledger
):
    await remember(kept, go("https://elsewhere.example"), version="0")
    view = (await submit(tenants, dry_run=True)).json()
    assert view["plan"] == {"text": WORDS}
    assert (await submit(tenants)).status_code == 200


async def test_a_run_knows_its_words_by_the_same_key(tenants: httpx.AsyncClient, kept: Ledger):
    run_id = (await submit(tenants)).json()["run_id"]
    row = await kept.runs.get("narrow", run_id)
    assert row is not None
    inputs, text = row.payload["inputs"], read_content(row.plan)
    assert isinstance(inputs, dict) and isinstance(text, PlanText)
    assert words_key(text, inputs) == words_key(PlanText(text=WORDS), ["city", "demo_site"])


STOOD = Ending(status=RunStatus.FAILED, halt_class="step_failed", state={"pc": 0})


@pytest.mark.parametrize(
    ("steps", "status", "told"),
    [
        ([go("https://elsewhere.example")], 403, "elsewhere.example"),
        ([go("https://good.example")] * 201, 400, "201 steps, more than the 200 allowed"),
        ([go("https://good.example/{{year}}")], 400, "year"),
    ],
)
async def test_steps_that_a_run_goes_on_in_pass_the_caps_and_the_allowlist_of_now(
    tenants: httpx.AsyncClient, kept: Ledger, steps: list[Step], status: int, told: str
):
    first = (await submit(tenants, workflow_id="boats")).json()["run_id"]
    event = NewEvent(dedup_key="decompose", kind="step", step_index=-1)
    await kept.decompositions.give("narrow", first, plan_document(Plan(steps=tuple(steps))), event)
    await kept.runs.finish("narrow", first, STOOD, now_micros())
    answer = await submit(tenants, workflow_id="boats", resume_state=True)
    assert answer.status_code == status
    assert told in answer.json()["detail"]
    assert len((await kept.runs.page("narrow", None, 5, None)).runs) == 1


async def test_steps_that_a_run_goes_on_in_are_clamped(tenants: httpx.AsyncClient, kept: Ledger):
    first = (await submit(tenants, workflow_id="boats")).json()["run_id"]
    loop = Step(intent="Again", type=StepType.LOOP, loop_target=0, loop_count=999)
    plan = plan_document(Plan(steps=(go("https://good.example"), loop)))
    event = NewEvent(dedup_key="decompose", kind="step", step_index=-1)
    await kept.decompositions.give("narrow", first, plan, event)
    await kept.runs.finish("narrow", first, STOOD, now_micros())
    second = await submit(tenants, workflow_id="boats", resume_state=True)
    row = await kept.runs.get("narrow", second.json()["run_id"])
    assert row is not None
    content = read_content(row.plan)
    assert isinstance(content, Plan) and content.steps[1].loop_count == 50


async def test_the_name_of_the_key_is_kept_with_the_run(tenants: httpx.AsyncClient, kept: Ledger):
    run_id = (await submit(tenants)).json()["run_id"]
    row = await kept.runs.get("narrow", run_id)
    assert row is not None and row.anthropic_secret_name == "anthropic_api_key"


STEPS = {"task_suite": [{"intent": "Go to https://good.example", "type": "navigate"}]}


async def ended(client: httpx.AsyncClient, ledger: Ledger, cost: int, **fields: object) -> None:
    answer = await client.post("/v1/predict", json={**STEPS, **fields}, headers=TENANT)
    run_id = answer.json()["run_id"]
    ticket = await ledger.spending.reserve(
        NewModelCall(
            tenant_id="narrow",
            run_id=run_id,
            call_id="a/claude/ground",
            tier=TierName.CLAUDE,
            model="claude-sonnet-5-5",
            kind="ground",
            reserved_micro=0,
        )
    )
    assert isinstance(ticket, Reserved)
    used = Usage(tier=TierName.CLAUDE, model="claude-sonnet-5-5")
    await ledger.spending.settle(ticket, used, Money(claude=cost), "")
    await ledger.runs.finish("narrow", run_id, Ending(status=RunStatus.SUCCEEDED), now_micros())


async def test_what_earlier_runs_of_the_plan_cost_is_the_estimate(
    tenants: httpx.AsyncClient, kept: Ledger
):
    async def rehearsed(**fields: object) -> dict[str, object]:
        body = {**STEPS, "dry_run": True, **fields}
        return (await tenants.post("/v1/predict", json=body, headers=TENANT)).json()

    first = await rehearsed()
    assert first["estimated_cost"] == 0.0
    assert any("asked for certain" in note for note in first["notes"])
    await ended(tenants, kept, 1_000)
    await ended(tenants, kept, 2_001)
    view = await rehearsed()
    assert view["estimated_cost"] == 0.0015
    assert any("the last 2 runs of this plan" in note for note in view["notes"])
    assert (await rehearsed(max_cost=0.001))["estimated_cost"] == 0.001
    assert (await rehearsed(workflow_id="another"))["estimated_cost"] == 0.0
