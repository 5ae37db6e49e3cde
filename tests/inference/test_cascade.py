from dataclasses import replace

import pytest

from inference.cascade import Cascade
from inference.decisions import (
    ActKind,
    Away,
    Candidate,
    Decision,
    DontKnow,
    DontKnowReason,
    Question,
)
from inference.observation import Observation
from plans.calls import Money
from plans.step import Perception, Step, StepType, TierName
from tests.inference.observed import element, page_of
from tests.inference.scripted import ScriptedTier

EMPTY = Observation(
    url="", title="", language="", width=0, height=0, scroll_x=0, scroll_y=0, page_height=0,
    frames=(), elements=(), blocks=(), groups=(), notices=(), layers=(),
)  # fmt: skip
SEEN = (Candidate(ref=3, name="Go on", role="button", score=0.6),)


def sure(name: TierName, confidence: float = 0.9, claude: int = 0) -> ScriptedTier:
    cost = Money(claude=claude)
    decision = Decision(
        act=ActKind.CLICK, ref=None, confidence=confidence, tier=name, cost=cost, why="it says Go"
    )
    return ScriptedTier(name, [decision])


def unsure(name: TierName, claude: int = 0) -> ScriptedTier:
    return ScriptedTier(
        name,
        [
            DontKnow(
                reason=DontKnowReason.ABSENT,
                why="not seen",
                tier=name,
                candidates=SEEN,
                cost=Money(claude=claude),
            )
        ],
    )


def question(**fields: object) -> Question:
    step = Step.model_validate({"type": StepType.CLICK, "intent": "Click Go", **fields})
    return Question(step=step, intent=step.intent)


async def test_the_cheapest_sure_tier_answers() -> None:
    claude = sure(TierName.CLAUDE)
    cascade = Cascade([claude, unsure(TierName.DOM), sure(TierName.HOLO3)])
    answer = await cascade.decide(EMPTY, question(), Perception.AUTO)
    assert isinstance(answer.result, Decision)
    assert answer.result.tier is TierName.HOLO3
    assert [asked.outcome for asked in answer.trail] == ["not_configured", "absent", "answered"]
    assert claude.asked == []


async def test_each_answer_says_why_how_sure_with_which_candidates_and_what_it_cost() -> None:
    cascade = Cascade(
        [unsure(TierName.DOM), unsure(TierName.HOLO3, 7), sure(TierName.CLAUDE, 0.8, 40)]
    )
    answer = await cascade.decide(EMPTY, question(), Perception.AUTO)
    _, dom, holo3, claude = answer.trail
    assert (dom.why, dom.candidates, dom.confidence) == ("not seen", SEEN, None)
    assert holo3.cost == Money(claude=7)
    assert (claude.why, claude.confidence, claude.cost) == ("it says Go", 0.8, Money(claude=40))
    assert answer.cost.total == 47


async def test_the_next_tier_gets_the_candidates_of_the_one_before() -> None:
    holo3 = sure(TierName.HOLO3)
    await Cascade([unsure(TierName.DOM), holo3]).decide(EMPTY, question(), Perception.AUTO)
    assert holo3.asked[0].handed == SEEN


@pytest.mark.parametrize(
    ("step", "confidence", "answers"),
    [
        ({"type": "click"}, 0.72, True),
        ({"type": "click"}, 0.65, False),
        ({"type": "submit", "intent": "Send the form"}, 0.72, False),
        ({"type": "submit", "intent": "Send the form"}, 0.97, True),
    ],
)
async def test_an_act_that_could_do_harm_needs_a_surer_answer(
    step: dict[str, object], confidence: float, answers: bool
) -> None:
    cascade = Cascade([sure(TierName.DOM, confidence), unsure(TierName.CLAUDE)])
    answer = await cascade.decide(EMPTY, question(**step), Perception.AUTO)
    assert isinstance(answer.result, Decision) is answers
    assert answer.trail[1].confidence == confidence
    assert answer.trail[1].outcome == ("answered" if answers else "unsure")


async def test_without_models_the_last_dont_know_comes_back() -> None:
    answer = await Cascade([unsure(TierName.DOM)]).decide(EMPTY, question(), Perception.AUTO)
    assert isinstance(answer.result, DontKnow)


async def test_as_planned_asks_whom_the_step_names() -> None:
    for marks, tier in ((False, TierName.HOLO3), (True, TierName.CLAUDE)):
        tiers = [sure(TierName.DOM), sure(TierName.HOLO3), sure(TierName.CLAUDE)]
        asked = question(claude_only=marks)
        answer = await Cascade(tiers).decide(EMPTY, asked, Perception.AS_PLANNED)
        assert isinstance(answer.result, Decision)
        assert answer.result.tier is tier


async def test_as_planned_without_its_models_the_free_tiers_answer_and_it_says_so() -> None:
    answer = await Cascade([sure(TierName.DOM)]).decide(EMPTY, question(), Perception.AS_PLANNED)
    assert isinstance(answer.result, Decision)
    assert [(one.tier, one.outcome) for one in answer.trail] == [
        (TierName.HOLO3, "not_configured"),
        (TierName.CLAUDE, "not_configured"),
        (TierName.DOM, "answered"),
    ]


async def test_no_tier_at_all_answers_nothing() -> None:
    assert (await Cascade([]).decide(EMPTY, question(), Perception.AUTO)).result is None


async def test_a_decision_about_an_element_that_is_not_there_is_no_answer() -> None:
    wrong = ScriptedTier(
        TierName.HOLO3,
        [Decision(act=ActKind.CLICK, ref=12, confidence=0.99, tier=TierName.HOLO3)],
    )
    answer = await Cascade([wrong]).decide(replace(EMPTY), question(), Perception.AUTO)
    assert isinstance(answer.result, DontKnow)


@pytest.mark.parametrize(
    ("name", "text", "intent", "clicks"),
    [
        ("Save", "Delete account", "Click Save", False),
        ("Save", "Save changes", "Click Save", True),
        ("Remove item", "Delete", "Remove the item", True),
        ("Clear search", "delete", "Clear the search", True),
        ("Close", "×", "Close the window", True),
    ],
)
async def test_a_target_that_shows_another_act_than_its_name_is_handed_on(
    name: str, text: str, intent: str, clicks: bool
) -> None:
    page = page_of([element(0, name, text=text)])
    decision = Decision(act=ActKind.CLICK, ref=0, confidence=0.99, tier=TierName.DOM)
    asked = Question(step=Step(intent=intent, type=StepType.CLICK), intent=intent)
    cascade = Cascade([ScriptedTier(TierName.DOM, [decision])])
    answer = await cascade.decide(page, asked, Perception.AUTO)
    assert isinstance(answer.result, Decision) is clicks


def away(name: TierName) -> ScriptedTier:
    return ScriptedTier(name, [Away(why="no connection", tier=name)])


async def test_a_tier_that_is_away_is_passed_over_with_its_reason() -> None:
    cascade = Cascade((away(TierName.HOLO3), sure(TierName.CLAUDE)))
    answer = await cascade.decide(EMPTY, question(), Perception.AUTO)
    assert isinstance(answer.result, Decision) and answer.result.tier is TierName.CLAUDE
    assert [(one.tier, one.outcome, one.why) for one in answer.trail][2:3] == [
        (TierName.HOLO3, "away", "no connection")
    ]
    nobody = await Cascade((away(TierName.HOLO3), away(TierName.CLAUDE))).decide(
        EMPTY, question(), Perception.AUTO
    )
    assert nobody.result is None


async def test_claude_has_the_last_word_on_a_place_where_the_plan_wants_it_refined() -> None:
    refining = question(grounding=True)
    planned = Perception.AS_PLANNED
    both = Cascade((sure(TierName.HOLO3), sure(TierName.CLAUDE), sure(TierName.DOM)))
    answer = await both.decide(EMPTY, refining, planned)
    assert isinstance(answer.result, Decision) and answer.result.tier is TierName.CLAUDE
    assert [one.outcome for one in answer.trail] == ["refined", "answered"]
    alone = Cascade((sure(TierName.HOLO3), sure(TierName.DOM)))
    answer = await alone.decide(EMPTY, refining, planned)
    assert isinstance(answer.result, Decision) and answer.result.tier is TierName.HOLO3
    missing = Cascade((sure(TierName.HOLO3), away(TierName.CLAUDE), sure(TierName.DOM)))
    answer = await missing.decide(EMPTY, refining, planned)
    assert isinstance(answer.result, Decision) and answer.result.tier is TierName.HOLO3
    answer = await both.decide(EMPTY, question(), planned)
    assert isinstance(answer.result, Decision) and answer.result.tier is TierName.HOLO3
    answer = await Cascade((sure(TierName.HOLO3), sure(TierName.CLAUDE))).decide(
        EMPTY, refining, Perception.AUTO
    )
    assert isinstance(answer.result, Decision) and answer.result.tier is TierName.HOLO3


async def test_what_is_no_act_needs_no_certainty() -> None:
    for act in (ActKind.WAIT, ActKind.DONE, ActKind.INPUT):
        decision = Decision(act=act, ref=None, confidence=0.1, tier=TierName.HOLO3)
        cascade = Cascade((ScriptedTier(TierName.HOLO3, [decision]),))
        answer = await cascade.decide(EMPTY, question(), Perception.AUTO)
        assert answer.result == decision


async def test_only_models_are_asked_what_the_plan_wants_of_models() -> None:
    dom = sure(TierName.DOM)
    cascade = Cascade((dom, unsure(TierName.HOLO3)))
    answer = await cascade.planned(EMPTY, question())
    assert isinstance(answer.result, DontKnow) and dom.asked == []
    assert [one.tier for one in answer.trail] == [TierName.HOLO3, TierName.CLAUDE]
