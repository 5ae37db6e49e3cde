from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from inference.claude.client import ClaudeModel
from inference.claude.decompose import Decomposition, decompose, most
from inference.errors import CutShort, Declined, Malformed, ModelAway
from inference.settings import ModelSettings
from plans.caps import Caps
from plans.parse import read_document
from plans.plan import Plan
from plans.prices import cost_of
from plans.step import StepType
from tests.fakes.claude_answers import Says, cut_short, overloaded, paused, refusal, truncated
from tests.fakes.claude_api import KEY, ClaudeApi
from tests.waiting import until

TEXT = """Open {{demo_site}}/boats, show private sellers only, and read year, make and price of the
first ten boats, page after page."""
CHECKED = {"required": False, "gate": False, "verify": "", "guard": ""}


def plan_of(*steps: dict[str, Any], problem: str = "") -> dict[str, Any]:
    return {"problem": problem, "name": "Boats", "steps": list(steps)}


def navigate(url: str = "{{demo_site}}/boats") -> dict[str, Any]:
    return {"type": "navigate", "intent": f"Open {url}", "url": url, **CHECKED, "required": True}


def loop(target: int, count: int = 0) -> dict[str, Any]:
    return {"type": "loop", "intent": "Repeat", "loop_target": target, "loop_count": count}


CLICK = {"type": "click", "intent": "Click the title of the next listing", **CHECKED}
FIELD = {"name": "price", "type": "price", "required": True}
READ = {
    "type": "extract_data", "intent": "Extract the price", "entity_name": "boat",
    "fields": [FIELD], "max_items": 10, "required": False, "out_var": "",
}  # fmt: skip
FILL = {"type": "fill_field", "intent": "Fill in", "label": "Password", "value": "x", **CHECKED}


@pytest.fixture
def claude() -> Iterator[ClaudeApi]:
    with ClaudeApi() as served:
        yield served
        assert served.complaints == []
        assert served.refused == []


@pytest.fixture
async def model(claude: ClaudeApi) -> AsyncIterator[ClaudeModel]:
    settings = ModelSettings(anthropic_base_url=claude.url, claude_timeout_s=20)
    async with ClaudeModel(KEY, settings) as made:
        yield made


async def made(model: ClaudeModel, text: str = TEXT, caps: Caps | None = None) -> Decomposition:
    return await decompose(text, ["demo_site"], model, caps or Caps())


async def test_a_plan_in_words_becomes_steps(claude: ClaudeApi, model: ClaudeModel) -> None:
    filter_step = {
        "type": "filter", "intent": "Show private sellers", "label": "Seller", "value": "Private",
        "required": True, "gate": True, "verify": "The page shows private sellers", "guard": "",
    }  # fmt: skip
    back = {"type": "navigate_back", "intent": "Go back to the list", **CHECKED}
    further = {"type": "paginate", "intent": "Go to the next page", **CHECKED}
    claude.then(
        Says(plan_of(navigate(), filter_step, CLICK, READ, back, loop(2), further, loop(2, 5)))
    )
    result = await made(model)
    assert result.plan is not None
    assert (result.tries, result.refusal) == (1, "")
    assert claude.asked[0].model == "claude-opus-5-5"
    kinds = [step.type for step in result.plan.steps]
    assert kinds == [
        StepType.NAVIGATE, StepType.FILTER, StepType.CLICK, StepType.EXTRACT_DATA,
        StepType.NAVIGATE_BACK, StepType.LOOP, StepType.PAGINATE, StepType.LOOP,
    ]  # fmt: skip
    first, chosen, _, read, *_, last = result.plan.steps
    assert (first.url, first.required, first.gate) == ("{{demo_site}}/boats", True, False)
    assert (chosen.params.label, chosen.params.value, chosen.gate) == ("Seller", "Private", True)
    assert read.extract is not None
    assert (read.extract.max_items, read.extract.fields[0].name) == (10, "price")
    assert (last.loop_target, last.loop_count, result.plan.steps[5].loop_count) == (2, 5, None)


async def test_the_plan_can_be_submitted_again_as_it_is(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(plan_of(navigate(), CLICK, READ, loop(1, 3))))
    plan = (await made(model)).plan
    assert plan is not None
    document = {
        "name": plan.name,
        "steps": [step.model_dump(mode="json", exclude_defaults=True) for step in plan.steps],
    }
    again = read_document(document, "task_suite", Caps())
    assert isinstance(again, Plan)
    assert again.signature() == plan.signature()


async def test_every_type_of_step_can_be_planned(claude: ClaudeApi, model: ClaudeModel) -> None:
    steps = [
        navigate(),
        {"type": "detect_visible", "intent": "A banner", "out_var": "banner"},
        {
            "type": "if_else", "intent": "x", "condition_var": "banner",
            "then_target": 3, "else_target": -1,
        },
        {"type": "wait", "intent": "Wait", "seconds": 1.5, "guard": "!banner"},
        {"type": "key_press", "intent": "Press Enter", "keys": "Enter", **CHECKED},
        {"type": "select_option", "intent": "x", "label": "Colour", "value": "Red", **CHECKED},
        {"type": "type_text", "intent": "x", "label": "Search", "value": "boats", **CHECKED},
        {"type": "request_user_input", "intent": "x", "prompt": "The code?", "guard": ""},
        FILL | {"value": "{{user_input}}"},
        {"type": "extract_url", "intent": "x", "out_var": "address"},
        READ | {"type": "extract_rows", "out_var": "rows"},
        navigate("{{address}}"),
    ]  # fmt: skip
    steps += [{"type": kind, "intent": "x", **CHECKED} for kind in ("scroll", "submit")]
    claude.then(Says(plan_of(*steps)))
    plan = (await made(model)).plan
    assert plan is not None
    by_type = {step.type: step for step in plan.steps}
    assert by_type[StepType.IF_ELSE].then_target == 3
    assert by_type[StepType.IF_ELSE].else_target is None
    assert by_type[StepType.WAIT].guard == "!banner"
    assert by_type[StepType.WAIT].params.seconds == 1.5
    assert by_type[StepType.KEY_PRESS].params.keys == "Enter"
    assert by_type[StepType.SELECT_OPTION].params.option_label == "Red"
    assert by_type[StepType.REQUEST_USER_INPUT].params.prompt == "The code?"
    assert by_type[StepType.EXTRACT_ROWS].out_var == "rows"


async def test_secrets_of_the_text_stay_references(claude: ClaudeApi, model: ClaudeModel) -> None:
    text = "Open https://a.example and sign in with the password {{secret.1}}."
    claude.then(Says(plan_of(navigate("https://a.example"), FILL | {"value": "{{secret.1}}"})))
    result = await made(model, text)
    assert result.plan is not None
    assert result.plan.steps[1].params.value == "{{secret.1}}"
    assert "{{secret.1}}" in claude.asked[0].last_text


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([navigate(), loop(5)], "loop_target out of range"),
        ([navigate("{{city}}")], "{{city}}"),
        ([navigate("{{secret.9}}")], "{{secret.9}}"),
        ([navigate(), CLICK | {"gate": True}], "gate without a condition"),
        ([navigate(), CLICK, READ, loop(1), CLICK, loop(2)], "cross"),
        ([navigate() | {"intent": " "}], "missing required field 'intent'"),
        ([navigate(), {"type": "wait", "intent": "x", "seconds": -3, "guard": ""}], "seconds"),
        ([navigate(), *[CLICK] * 6], "more than the 6 allowed"),
    ],
)
async def test_what_is_wrong_is_told_to_the_planner_once(
    claude: ClaudeApi, model: ClaudeModel, steps: list[dict[str, Any]], told: str
) -> None:
    claude.then(Says(plan_of(*steps)), Says(plan_of(navigate())))
    result = await made(model, caps=Caps(max_steps_per_plan=6))
    assert result.plan is not None
    assert (len(result.plan.steps), result.tries) == (1, 2)
    assert told in claude.asked[1].last_text
    assert [role for role, _ in claude.asked[1].turns] == ["user", "assistant", "user"]
    spent = cost_of(result.usage, 0).claude
    await until(lambda: len(claude.done) == 2)
    assert abs(spent - claude.bill[KEY]) <= 1


async def test_a_secret_that_is_left_out_is_asked_for(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    text = "Open https://a.example and sign in with {{secret.1}}."
    with_it = plan_of(navigate("https://a.example"), FILL | {"value": "{{secret.1}}"})
    claude.then(Says(plan_of(navigate("https://a.example"))), Says(with_it))
    result = await made(model, text)
    assert result.tries == 2
    assert "{{secret.1}}" in claude.asked[1].last_text


async def test_after_the_second_answer_it_is_refused_with_the_reason(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.answer = lambda _: Says(plan_of(navigate("{{city}}")))
    result = await made(model)
    assert result.plan is None
    assert result.tries == len(claude.asked) == 2
    assert result.refusal.startswith("the plan in words could not be made into steps: step 0 uses")


async def test_words_that_are_no_plan_are_refused_in_the_planners_words(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.answer = lambda _: Says(plan_of(problem="It names no website."))
    result = await made(model, "do the thing")
    assert result.plan is None
    assert "It names no website." in result.refusal


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([refusal()], Declined),
        ([cut_short()], CutShort),
        ([overloaded()], ModelAway),
        ([truncated(plan_of(navigate()))], Malformed),
        ([paused(), overloaded()], ModelAway),
        ([Says(plan_of(navigate("{{city}}"))), overloaded()], ModelAway),
        ([Says(plan_of(navigate("{{city}}"))), refusal()], Declined),
        ([Says(plan_of(navigate("{{city}}"))), truncated(plan_of(navigate()))], Malformed),
    ],
)
async def test_a_planner_that_fails_tells_all_that_was_used(
    claude: ClaudeApi, model: ClaudeModel, answers: list[Any], kind: type[Exception]
) -> None:
    claude.then(*answers)
    with pytest.raises(kind) as caught:
        await made(model)
    used = caught.value.usage  # type: ignore[attr-defined]
    delivered = sum(isinstance(answer, Says) for answer in answers)
    await until(lambda: len(claude.done) == delivered)
    assert abs((cost_of(used, 0).claude if used else 0) - claude.bill[KEY]) <= 1


async def test_it_never_costs_more_than_was_said_before(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    long = [CLICK | {"intent": "Click this and that " * 40} for _ in range(60)]
    claude.answer = lambda _: Says(plan_of(navigate("{{city}}"), *long), thinks=2000)
    result = await made(model)
    assert result.tries == 2
    assert cost_of(result.usage, 0).claude <= most(TEXT, ["demo_site"], model, Caps())
