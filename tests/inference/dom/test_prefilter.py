from inference.decisions import Question
from inference.dom.intent import read
from inference.dom.prefilter import MANY, worth_scoring
from inference.dom.scene import Scene
from plans.step import Params, Step, StepType
from tests.inference.observed import page_of

MUCH = [f"Open order {number}" for number in range(MANY)]


def kept(names: list[str], intent: str) -> list[str]:
    step = Step(type=StepType.CLICK, intent=intent, params=Params())
    scene = Scene(page_of(names))
    units = read(Question(step=step, intent=intent)).units
    elements = scene.observation.elements
    return [one.name for one in worth_scoring(scene, units, elements, opens=False)]


def test_only_what_says_anything_of_the_intent_is_kept_on_a_large_page() -> None:
    page = [*MUCH, "Sign in", "Subscribe to the newsletter", "Newsleter archive"]
    assert kept(page, 'Click "newsletter"') == ["Subscribe to the newsletter", "Newsleter archive"]
    assert kept(page, "Click Log in") == ["Sign in"]


def test_nothing_is_left_out_where_nothing_fits_or_few_are_there() -> None:
    assert len(kept([*MUCH, "Go"], 'Click "Imprint"')) == MANY + 1
    assert kept(["Go", "Stop"], "Click Go") == ["Go", "Stop"]
