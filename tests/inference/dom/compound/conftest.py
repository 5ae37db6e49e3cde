"""Small pages in a real Chromium, and steps played on them look by look."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Page, async_playwright

from activities.browser.act import perform
from activities.browser.aiming import aim
from activities.browser.snapshot import Snapshot, capture
from activities.steps.seeking import absent
from inference.decisions import Decision, Done, DontKnow, Question
from inference.dom.tier import decide
from inference.turns import done_by, targets
from plans.step import Params, Step, StepType

_COMING_S = 3.0
_FEWEST_LOOKS = 5
"""On a busy machine a single look may take all of the time."""
"""How long what an act opened is waited for, as a run does."""


@dataclass
class Played:
    """What a step did: the acts in order, how it ended, and what the page says of itself."""

    acts: list[str] = field(default_factory=list[str])
    end: DontKnow | None = None
    said: object = None


@dataclass
class Player:
    """Plays steps on pages of its own; `said` evaluates a script afterwards."""

    runner: asyncio.Runner
    page: Page

    def show(self, html: str) -> None:
        self.runner.run(self.page.goto("about:blank"))
        self.runner.run(self.page.set_content(html))

    def play(
        self,
        intent: str,
        said: str = "document.title",
        *,
        type: StepType = StepType.CLICK,
        value: str | list[str] | None = None,
        budget: int = 20,
    ) -> Played:
        params = Params(value=list(value) if isinstance(value, list) else value)
        step = Step(type=type, intent=intent, params=params, budget=budget)
        return self.runner.run(_play(self.page, step, said))


async def _play(page: Page, step: Step, said: str) -> Played:
    played = Played()
    done: tuple[Done, ...] = ()
    looks_until, looks = 0.0, 0
    value = step.params.value if isinstance(step.params.value, str) else ""
    while len(done) < step.budget:
        snapshot = await capture(page)
        question = Question(step=step, intent=step.intent, value=value, done=done)
        decision = decide(snapshot.observation, question)
        if isinstance(decision, DontKnow):
            await snapshot.dispose()
            few = looks < _FEWEST_LOOKS or time.monotonic() < looks_until
            if done and absent(decision) and few:
                looks += 1
                await asyncio.sleep(0.2)
                continue
            played.end = decision
            break
        played.acts += await _act(page, snapshot, decision)
        await snapshot.dispose()
        if not decision.goes_on:
            break
        done += done_by(snapshot.observation, decision)
        looks_until, looks = time.monotonic() + _COMING_S, 0
    played.said = await page.evaluate(said)
    return played


async def _act(page: Page, snapshot: Snapshot, decision: Decision) -> list[str]:
    told: list[str] = []
    for one in targets(decision):
        target = await aim(page, snapshot, one)
        result = await perform(
            page, target.element, one.act, one.text, onto=target.onto, at=target.at, timeout_s=5
        )
        name = "" if one.ref is None else snapshot.observation.element(one.ref).name
        assert result.success, (one.act, name, result.message)
        told.append(f"{one.act} {name}".strip())
    return told


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    """One browser and one page a module."""
    with asyncio.Runner() as runner:
        manager = async_playwright()
        driver = runner.run(manager.__aenter__())
        browser = runner.run(driver.chromium.launch(executable_path=shutil.which("chromium")))
        page = runner.run(browser.new_page(viewport={"width": 1000, "height": 700}))
        yield Player(runner, page)
        runner.run(browser.close())
        runner.run(manager.__aexit__(None, None, None))
