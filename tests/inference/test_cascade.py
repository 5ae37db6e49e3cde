from inference.cascade import Cascade
from inference.decisions import ActKind, Decision, DontKnow, DontKnowReason, Question
from inference.observation import Observation
from plans.step import Perception, Step, StepType, TierName

EMPTY = Observation(
    url="", title="", language="", width=0, height=0, scroll_x=0, scroll_y=0, page_height=0,
    frames=(), elements=(), blocks=(), groups=(), notices=(), layers=(),
)  # fmt: skip


class Sure:
    def __init__(self, name: TierName) -> None:
        self.name = name

    async def decide(self, observation: Observation, question: Question) -> Decision | DontKnow:
        return Decision(act=ActKind.CLICK, ref=None, confidence=0.9, tier=self.name)


class Unsure(Sure):
    async def decide(self, observation: Observation, question: Question) -> Decision | DontKnow:
        return DontKnow(reason=DontKnowReason.ABSENT, why="not seen", tier=self.name)


def question(**marks: bool) -> Question:
    step = Step.model_validate({"type": StepType.CLICK, "intent": "Click Go", **marks})
    return Question(step=step, intent=step.intent)


async def test_the_cheapest_sure_tier_answers() -> None:
    cascade = Cascade([Sure(TierName.CLAUDE), Unsure(TierName.DOM), Sure(TierName.HOLO3)])
    answer = await cascade.decide(EMPTY, question(), Perception.AUTO)
    assert isinstance(answer.result, Decision)
    assert answer.result.tier is TierName.HOLO3
    assert [asked.outcome for asked in answer.trail] == ["not_configured", "absent", "answered"]


async def test_without_models_the_last_dont_know_comes_back() -> None:
    answer = await Cascade([Unsure(TierName.DOM)]).decide(EMPTY, question(), Perception.AUTO)
    assert isinstance(answer.result, DontKnow)
    assert answer.models_missing


async def test_as_planned_asks_whom_the_step_names() -> None:
    cascade = Cascade([Sure(TierName.DOM), Sure(TierName.HOLO3), Sure(TierName.CLAUDE)])
    for marks, tier in ((False, TierName.HOLO3), (True, TierName.CLAUDE)):
        answer = await cascade.decide(EMPTY, question(claude_only=marks), Perception.AS_PLANNED)
        assert isinstance(answer.result, Decision)
        assert answer.result.tier is tier


async def test_no_tier_at_all_answers_nothing() -> None:
    assert (await Cascade([]).decide(EMPTY, question(), Perception.AUTO)).result is None
