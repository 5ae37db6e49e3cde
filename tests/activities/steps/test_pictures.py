"""Steps read pictures last of what costs nothing, and never for long."""

import threading
from collections.abc import Sequence

import pytest

from activities.browser.picture_texts import PictureTexts
from activities.steps import context, looking
from activities.steps.runner import StepRunner
from inference.cascade import Cascade
from inference.decisions import ActKind, Decision, DontKnow, DontKnowReason, Question
from inference.dom.tier import DomTier
from inference.observation import Observation
from inference.ocr.reading import PictureText
from plans.step import FailureClass, TierName
from tests.activities.steps.conftest import Bench, step_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGE = """<!doctype html><title>Cards</title><h1>Card game</h1>
<canvas width=300 height=200></canvas><button onclick="this.textContent = 'Left'">Help</button>
<script>document.querySelector('canvas').getContext('2d').fillRect(9, 9, 99, 20)</script>"""


class Reader:
    """Finds nothing, as soon as it is let."""

    def __init__(self, *, slow: bool) -> None:
        self.reads = 0
        self.let = threading.Event()
        if not slow:
            self.let.set()

    def read(self, png: bytes) -> Sequence[PictureText]:
        self.reads += 1
        self.let.wait(30)
        return ()


class Remembers:
    """A memory that knows one intent."""

    name = TierName.MEMORY

    async def decide(self, observation: Observation, question: Question) -> Decision | DontKnow:
        if "game" not in question.intent:
            return DontKnow(reason=DontKnowReason.ABSENT, why="nothing", tier=self.name)
        ref = next(one.ref for one in observation.elements if one.name == "Help")
        return Decision(act=ActKind.CLICK, ref=ref, confidence=0.99, tier=self.name)


async def on_cards(bench: Bench, monkeypatch: pytest.MonkeyPatch, reader: Reader) -> None:
    runner = StepRunner(
        bench.ledger,
        bench.registry,
        Cascade((Remembers(), DomTier())),
        bench.settings,
        pictures=PictureTexts(reader),
    )
    monkeypatch.setattr(bench, "runner", runner)
    bench.shop.site.pages["/here"] = PAGE
    await bench.open("/here")


async def test_pictures_are_read_only_where_memory_does_not_know(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(slow=False)
    await on_cards(bench, monkeypatch, reader)
    outcome = await bench.do(bench.call(step_of("Click 'Leave the game'"), index=1))
    assert outcome.success and outcome.tier is TierName.MEMORY, outcome
    assert reader.reads == 0
    outcome = await bench.do(bench.call(step_of("Click 'Settings'"), index=2))
    assert outcome.failure_class is FailureClass.SELECTOR_MISS, outcome
    assert reader.reads > 0


async def test_a_step_goes_on_without_pictures_that_are_not_read_in_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(slow=True)
    for module in (context, looking):
        monkeypatch.setattr(module, "TIME_S", 0.3)
    await on_cards(bench, monkeypatch, reader)
    try:
        outcome = await bench.do(bench.call(step_of("Click 'Settings'"), index=1))
        assert outcome.failure_class is FailureClass.SELECTOR_MISS, outcome
        assert outcome.duration_ms < 15_000
        seen = step_of("Is 'Leave table' visible?", "detect_visible")
        outcome = await bench.do(bench.call(seen, index=2))
        assert outcome.success and outcome.duration_ms < 15_000, outcome
        run = bench.run
        events = await bench.ledger.events.tail(run.tenant_id, run.run_id, 20)
        noted = [event for event in events if "was not read in time" in str(event.body)]
        assert len(noted) == 2
    finally:
        reader.let.set()
