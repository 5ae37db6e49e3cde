# ruff: noqa: E501
"""Text painted into a picture is read where nothing else names the target, and clicked in its place."""

import asyncio
import threading
import time
from collections.abc import Sequence
from importlib.util import find_spec

import pytest
from playwright.async_api import Page

from activities.browser.act import perform
from activities.browser.aiming import aim
from activities.browser.picture_texts import PictureTexts
from activities.browser.snapshot import capture
from activities.steps.pictured import decide_in_pictures, with_advice
from inference.cascade import told
from inference.decisions import Decision, DontKnow, Question
from inference.dom.detect import detect
from inference.dom.tier import decide
from inference.observation import Rect
from inference.ocr.equipped import equipped
from inference.ocr.reading import INSTALL, PictureReader, PictureText
from plans.step import Params, Step, StepType

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGE = """<h1>Card game</h1><p>Play well.</p><canvas id=c width=500 height=300 style="margin:30px"></canvas>
<img alt="" width=40 height=40 src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"><button>Help</button>
<script>const x = c.getContext('2d'); x.fillStyle = '#eee'; x.fillRect(0, 0, 500, 300);
x.fillStyle = '#268'; x.fillRect(60, 40, 180, 50); x.fillRect(60, 180, 180, 50);
x.fillStyle = '#fff'; x.font = '22px sans-serif'; x.fillText('Start game', 95, 72); x.fillText('Leave table', 95, 212);
c.onclick = e => { document.title = e.offsetY < 100 ? 'started' : e.offsetY > 170 ? 'left' : 'missed'; x.fillRect(0, 0, 20, 20) }</script>"""
WHERE = {"Start game": Rect(95, 55, 110, 22), "Leave table": Rect(95, 195, 115, 22)}


class FakeReader:
    """Knows what is painted into the canvas; the other picture is empty."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self, png: bytes) -> Sequence[PictureText]:
        self.reads += 1
        width = int.from_bytes(png[16:20], "big")
        if width != 500:
            return ()
        return [PictureText(text, 0.97, box) for text, box in WHERE.items()]


def asked(intent: str) -> Question:
    step = Step(type=StepType.CLICK, intent=intent, params=Params())
    return Question(step=step, intent=intent)


async def click_painted(page: Page, texts: PictureTexts, intent: str) -> str:
    """Decide and act as a step does; the page's title afterwards."""
    snapshot = await capture(page)
    answer = await decide_in_pictures(texts, page, snapshot, asked(intent))
    assert answer is not None
    decision = answer.result
    assert isinstance(decision, Decision) and decision.ref is not None
    assert snapshot.observation.element(decision.ref).role == "image text"
    target = await aim(page, snapshot, decision)
    result = await perform(
        page, target.element, decision.act, at=target.at, called=target.called, timeout_s=5
    )
    assert result.success, result.message
    return await page.title()


@pytest.mark.parametrize("real", [False, True])
async def test_a_painted_button_is_clicked_at_its_point(page: Page, real: bool) -> None:
    if real and find_spec("rapidocr") is None:
        pytest.skip("the ocr extra is not installed")
    await page.set_content(PAGE)
    reader: PictureReader | None = equipped() if real else FakeReader()
    texts = PictureTexts(reader)
    assert await click_painted(page, texts, 'Click "Leave table"') == "left"
    assert await click_painted(page, texts, 'Click "Start game"') == "started"


async def test_pictures_are_read_only_where_words_do_not_name_the_target(page: Page) -> None:
    await page.set_content(PAGE)
    reader = FakeReader()
    texts = PictureTexts(reader)
    snapshot = await capture(page)
    assert await decide_in_pictures(texts, page, snapshot, asked('Click "Help"')) is None
    assert reader.reads == 0
    for _ in range(2):
        absent = await decide_in_pictures(texts, page, snapshot, asked('Click "Settings"'))
        assert absent is None
    assert reader.reads == 2
    with pytest.raises(LookupError):
        await snapshot.element(99)


async def test_a_dont_know_names_the_extra_that_is_missing(page: Page) -> None:
    await page.set_content(PAGE)
    texts, question = PictureTexts(None), asked('Click "Settings"')
    snapshot = await capture(page)
    assert await decide_in_pictures(texts, page, snapshot, question) is None
    answer = told(decide(snapshot.observation, question))
    advised = with_advice(texts, snapshot, question, answer).result
    assert isinstance(advised, DontKnow)
    assert advised.why.endswith(INSTALL)
    await page.set_content("<button>Help</button>")
    snapshot = await capture(page)
    answer = told(decide(snapshot.observation, question))
    assert with_advice(texts, snapshot, question, answer) == answer


async def test_what_is_painted_counts_as_visible(page: Page) -> None:
    await page.set_content(PAGE)
    snapshot = await capture(page)
    assert detect(snapshot.observation, 'Is "Leave table" visible?').verdict != "holds"
    await PictureTexts(FakeReader()).take_in(page, snapshot)
    assert detect(snapshot.observation, 'Is "Leave table" visible?').verdict == "holds"


class SlowReader(FakeReader):
    """Reads once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()
        self.threads: set[str] = set()

    def read(self, png: bytes) -> Sequence[PictureText]:
        self.threads.add(threading.current_thread().name)
        self.let.wait(30)
        return super().read(png)


async def test_a_slow_reader_holds_up_nobody(page: Page) -> None:
    await page.set_content(PAGE)
    reader = SlowReader()
    texts, snapshot = PictureTexts(reader), await capture(page)
    before, started = snapshot.observation, time.monotonic()
    looks = [texts.take_in(page, snapshot, time_s=0.6) for _ in range(3)]
    late = await asyncio.gather(*looks, return_exceptions=True)
    assert [type(one) for one in late] == [TimeoutError] * 3
    assert time.monotonic() - started < 5
    assert snapshot.observation == before
    assert await asyncio.wait_for(asyncio.to_thread(int, "1"), 1) == 1
    reader.let.set()
    assert await texts.take_in(page, snapshot)
    assert reader.reads == 2
    assert len(reader.threads) == 1 and "pictures" in reader.threads.pop()
