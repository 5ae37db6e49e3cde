"""From the picture of a real page to the element, whatever the density of the screen."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from activities.browser.content import capture_content
from activities.browser.picture import picture_for_model, size_of_jpeg
from activities.browser.snapshot import capture
from inference.asking import Grounded, Look, Picture
from inference.fresh import Stale, resolve
from inference.looks import look_of, visible_text
from inference.observation import Observation
from plans.step import TierName
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Asked, Says
from tests.inference.holo3.asks import asking, ground

pytestmark = [pytest.mark.browser]

PAGE = """<!doctype html><title>Board</title><style>body { margin: 0; height: 3000px }
button { position: absolute; width: 30px; height: 30px }</style>
<button style="left: 40px; top: 50px" aria-label="Save">S</button>
<button style="left: 990px; top: 555px" aria-label="Print">P</button>
<canvas width=300 height=200 style="position: absolute; left: 400px; top: 300px"></canvas>"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        path = shutil.which("chromium") or None
        started = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        await started.close()


class Taken:
    """A store that holds one picture."""

    def __init__(self, picture: bytes) -> None:
        self._picture = picture

    async def read(self, key: str) -> bytes:
        return self._picture


async def seen_page(
    browser: Browser, scale: float, scrolled: int
) -> tuple[Look, Observation, Taken]:
    context = await browser.new_context(
        viewport={"width": 1024, "height": 600}, device_scale_factor=scale
    )
    page = await context.new_page()
    await page.set_content(PAGE)
    await page.evaluate("y => scrollTo(0, y)", scrolled)
    taken = await picture_for_model(page, (), 80)
    assert taken is not None
    size = size_of_jpeg(taken)
    assert size is not None
    picture = Picture(key="p", media_type="image/jpeg", width=size[0], height=size[1])
    snapshot = await capture(page)
    observation = snapshot.observation
    text = visible_text(await capture_content(page)).text
    await snapshot.dispose()
    await context.close()
    return look_of(observation, text, picture, str), observation, Taken(taken)


@pytest.mark.parametrize(("scale", "scrolled"), [(1, 0), (2, 0), (1.5, 40)])
async def test_a_place_in_the_picture_is_the_element_on_the_page(
    browser: Browser, pool: SGLang, scale: float, scrolled: int
) -> None:
    look, observation, store = await seen_page(browser, scale, scrolled)
    places = {"Save": (55, 65 - scrolled), "Print": (1005, 570 - scrolled)}

    def pointing(asked: Asked) -> Says:
        """As the model does: where it lies in the very picture that was sent."""
        (head,) = asked.pictures
        assert (head.width, head.height) == (1024, 600), "a pixel for each CSS pixel"
        x, y = next(place for name, place in places.items() if name in asked.last_text)
        return Says({"x": round(x / head.width * 1000), "y": round(y / head.height * 1000)})

    pool.answer = pointing
    async with asking(pool.url) as model:
        for name in places:
            reply = (await model.answer(ground(look, f"{name} the board"), store)).reply
            assert isinstance(reply, Grounded)
            found = resolve(look, reply, observation, TierName.HOLO3)
            assert not isinstance(found, Stale), found
            assert found.ref is not None
            assert observation.element(found.ref).name == name
            assert found.point is None


async def test_a_place_on_a_canvas_stays_a_place(browser: Browser, pool: SGLang) -> None:
    look, observation, store = await seen_page(browser, 2, 0)
    pool.then(Says({"x": 488, "y": 667}))
    async with asking(pool.url) as model:
        reply = (await model.answer(ground(look, "Click the red square"), store)).reply
    assert isinstance(reply, Grounded)
    found = resolve(look, reply, observation, TierName.HOLO3)
    assert not isinstance(found, Stale), found
    assert found.point is not None
    assert (found.point.x, found.point.y) == (499, 400)
