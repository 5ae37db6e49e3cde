"""What the tiers saw, as a file for people and for programs."""

import json

import pytest

from inference.cascade import Cascade
from inference.decisions import ActKind, Candidate, Decision, DontKnow, DontKnowReason, Question
from inference.sight import Sight, sight_of
from inference.sight_page import Look, read_sights, sight_page
from plans.step import Perception, Step, StepType, TierName
from tests.inference.observed import page_of
from tests.inference.scripted import ScriptedTier

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">&"'


async def _sight(decision: Decision | DontKnow) -> Sight:
    page = page_of(["Go", HOSTILE])
    step = Step(type=StepType.CLICK, intent=f"Click {HOSTILE}")
    question = Question(step=step, intent=step.intent)
    cascade = Cascade([ScriptedTier(TierName.DOM, [decision])])
    answer = await cascade.decide(page, question, Perception.AUTO)
    return sight_of(page, question, Perception.AUTO, answer)


CANDIDATES = (
    Candidate(ref=1, name=HOSTILE, role="button", score=0.9),
    Candidate(ref=0, name="Go", role="button", score=0.4),
)


async def test_a_file_is_read_back_as_it_was_written() -> None:
    decision = Decision(
        act=ActKind.CLICK, ref=1, confidence=0.9, tier=TierName.DOM, candidates=CANDIDATES
    )
    sight = await _sight(decision)
    assert sight.chosen is not None
    assert sight.chosen.targets[0].box is not None
    assert [one.tier for one in sight.trail] == [TierName.MEMORY, TierName.DOM]
    assert read_sights(sight_page("Step 1", [Look(sight), Look(sight, b"jpeg")])) == (sight, sight)


async def test_nothing_of_the_page_is_markup_in_the_file() -> None:
    unsure = DontKnow(
        reason=DontKnowReason.ABSENT, why=HOSTILE, tier=TierName.DOM, candidates=CANDIDATES
    )
    text = sight_page(HOSTILE, [Look(await _sight(unsure), b"jpeg")])
    assert text.count("<script") == 1
    assert "<img" not in text
    assert "default-src 'none'" in text


async def test_candidates_are_drawn_where_they_lay_and_the_target_stands_out() -> None:
    decision = Decision(
        act=ActKind.CLICK, ref=1, confidence=0.9, tier=TierName.DOM, candidates=CANDIDATES
    )
    sight = await _sight(decision)
    text = sight_page("Step 1", [Look(sight, b"jpeg")])
    assert text.count('class="box target"') == 1
    assert text.count('class="box "') == 1
    without = sight_page("Step 1", [Look(sight)])
    assert "No picture was kept" in without


@pytest.mark.parametrize(
    "text",
    ["", "<p>", '<script type="application/json" id="looks">[{"url": 1}]</script>', "x" * 100_000],
)
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_sights(text)


def test_the_data_is_json_of_its_own() -> None:
    text = sight_page("Step 1", [])
    assert json.loads(text.split('id="looks">')[1].split("</script>")[0]) == []
