from collections.abc import Callable

import pytest

from ledger.content import plan_document, read_content
from ledger.errors import UnknownRun
from ledger.ledger import Ledger
from ledger.models import Ending, NewDecomposition, NewEvent, NewRun, RunStatus
from plans.plan import Plan, PlanText
from plans.step import Step, StepType
from plans.words import words_key

RUN = "20260101_000000_0000abcd"
WORDS = PlanText(text="Open the shop and read the first boat")
STEPS = Plan(steps=(Step(intent="Open the shop", type=StepType.NAVIGATE),))
EVENT = NewEvent(dedup_key="decompose", kind="step", step_index=-1, body={"type": "decompose"})


def made(**changes: str) -> NewDecomposition:
    new = NewDecomposition(
        tenant_id="acme",
        words=words_key(WORDS, ["city"]),
        model="claude-opus-5-5",
        prompt_version="1",
        plan=plan_document(STEPS),
    )
    return new.model_copy(update=changes)


def test_the_words_and_the_names_of_inputs_tell_plans_apart():
    assert words_key(WORDS, ["b", "a"]) == words_key(WORDS, ["a", "b", "a"])
    assert words_key(WORDS, ["a"]) != words_key(WORDS, [])
    assert words_key(WORDS, []) != words_key(PlanText(text="another"), [])


async def test_a_decomposition_is_found_by_tenant_words_model_and_prompt(ledger: Ledger):
    """> cached by signature (tenant, model and prompt version in it);"""
    new = made()
    await ledger.decompositions.put(new)
    found = await ledger.decompositions.get("acme", new.words, new.model, "1")
    assert found is not None
    assert read_content(found.plan) == STEPS
    for tenant, words, model, version in (
        ("other", new.words, new.model, "1"),
        ("acme", words_key(WORDS, []), new.model, "1"),
        ("acme", new.words, "claude-sonnet-5-5", "1"),
        ("acme", new.words, new.model, "2"),
    ):
        assert await ledger.decompositions.get(tenant, words, model, version) is None


async def test_the_first_decomposition_stays(ledger: Ledger):
    new = made()
    await ledger.decompositions.put(new)
    await ledger.decompositions.put(new.model_copy(update={"plan": {"steps": []}}))
    found = await ledger.decompositions.get("acme", new.words, new.model, "1")
    assert found is not None and read_content(found.plan) == STEPS


async def test_a_run_in_words_gets_its_steps_once(ledger: Ledger, new_run: Callable[..., NewRun]):
    new = new_run(run_id=RUN).model_copy(update={"plan": plan_document(WORDS)})
    await ledger.runs.admit(new)
    assert await ledger.decompositions.give("acme", RUN, plan_document(STEPS), EVENT)
    assert not await ledger.decompositions.give("acme", RUN, {"steps": []}, EVENT)
    row = await ledger.runs.get("acme", RUN)
    assert row is not None and read_content(row.plan) == STEPS
    assert row.signature == new.signature
    steps = await ledger.events.of_kind("acme", RUN, "step")
    assert [(step.step_index, step.body) for step in steps] == [(-1, {"type": "decompose"})]


async def test_a_run_that_is_over_gets_no_steps(ledger: Ledger, new_run: Callable[..., NewRun]):
    await ledger.runs.admit(new_run(run_id=RUN).model_copy(update={"plan": plan_document(WORDS)}))
    await ledger.runs.finish("acme", RUN, Ending(status=RunStatus.SUCCEEDED), 9_000_000)
    assert not await ledger.decompositions.give("acme", RUN, plan_document(STEPS), EVENT)


async def test_steps_for_no_run_are_refused(ledger: Ledger):
    with pytest.raises(UnknownRun):
        await ledger.decompositions.give("acme", RUN, plan_document(STEPS), EVENT)
