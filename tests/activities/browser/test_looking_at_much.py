"""A page too large to be taken in full: the useful parts are, and the rest is not called absent."""

import pytest
from playwright.async_api import Page

from activities.browser.snapshot import capture
from inference.decisions import Decision, DontKnow, Question
from inference.dom.detect import detect
from inference.dom.records import item_list
from inference.dom.tier import decide
from plans.step import Params, Step, StepType

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FILL = """(count) => {
  const cards = [];
  for (let i = 1; i <= count; i++) cards.push(`<article class=card><h3><a href="/b/${i}">Boat number
    ${i} for sale</a></h3><p>From owner ${i}, in good shape</p><button>Save</button></article>`);
  document.body.innerHTML = `<style>.card{height:80px}</style><nav><a href=/new>New in</a></nav>
    <main><h1>Boats</h1><section>${cards.join('')}</section></main>
    <footer><a href=/imprint>Imprint</a></footer>`;
}"""


def asked(intent: str) -> Question:
    step = Step(type=StepType.CLICK, intent=intent, params=Params())
    return Question(step=step, intent=intent)


async def test_what_is_in_view_and_single_controls_come_first(page: Page) -> None:
    await page.evaluate(FILL, 5000)
    snapshot = await capture(page)
    seen = snapshot.observation
    assert seen.truncated
    assert len(seen.elements) <= 3000
    names = {element.name for element in seen.elements}
    assert {"New in", "Imprint", "Boat number 1 for sale", "Boat number 12 for sale"} <= names
    assert [group.whole for group in seen.groups if len(group.records) > 20] == [False]
    assert not item_list(seen).whole

    third = decide(seen, asked("Click the title of the third listing"))
    assert isinstance(third, Decision) and third.ref is not None
    assert seen.element(third.ref).name == "Boat number 3 for sale"
    for intent in ("Click the title of the 40th listing", 'Click "Boat number 2500 for sale"'):
        found = decide(seen, asked(intent))
        assert isinstance(found, DontKnow)
        assert "too large" in found.why
    assert detect(seen, "Is a storm warning shown?").verdict == "undecided"


async def test_many_elements_are_cut_by_use_not_by_order(page: Page) -> None:
    await page.evaluate(FILL, 1800)
    snapshot = await capture(page)
    seen = snapshot.observation
    assert seen.truncated
    assert len(seen.elements) == 3000
    assert all(group.whole for group in seen.groups)
    titles = [item.title for item in item_list(seen).items]
    assert titles == [f"Boat number {number} for sale" for number in range(1, 1801)]
    last = next(element for element in seen.elements if element.name == "Imprint")
    assert await (await snapshot.element(last.ref)).inner_text() == "Imprint"
