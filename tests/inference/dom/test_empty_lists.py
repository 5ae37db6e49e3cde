import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from activities.browser.snapshot import capture
from inference.decisions import ItemList
from inference.dom.records import item_list

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CARDS = """<article><h3><a href=/1>2019 Sea Ray Sundancer</a></h3><p>$48,000, Tampa</p></article>
<article><h3><a href=/2>2012 Bayliner Element</a></h3><p>$9,000, Miami Beach</p></article>"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=shutil.which("chromium"))
        yield await browser.new_page(viewport={"width": 1280, "height": 800})
        await browser.close()


async def listed(page: Page, html: str) -> ItemList:
    await page.set_content(f"<base href='http://shop.example/'>{html}")
    snapshot = await capture(page)
    try:
        return item_list(snapshot.observation)
    finally:
        await snapshot.dispose()


@pytest.mark.parametrize(
    "said",
    [
        "<h1>0 boats found</h1><p>No boats match your search.</p>",
        "<h1>Boats for sale</h1><p>0 results</p>",
        "<h1>Boats for sale</h1><div><h2>No boats match your search</h2></div>",
        "<h2>No boats match your search</h2>",
    ],
)
async def test_similar_items_are_not_the_list(page: Page, said: str) -> None:
    found = await listed(page, f"<main>{said}<section><h2>Similar boats</h2>{CARDS}</section>")
    assert found.empty_proven
    assert found.items == ()


@pytest.mark.parametrize(
    "html",
    [
        f"<header>Cart: 0 items</header><main><h1>Boats for sale</h1>{CARDS}</main>",
        f"<main><h1>Boats</h1><p hidden>No results found</p>{CARDS}</main>",
        f"<main><h1>Boats</h1><label><input type=checkbox>Sailing (0)</label>{CARDS}</main>",
        f"<main><h1>Boats</h1>{CARDS}<p>No results found in your saved searches</p></main>",
        f"<main><h1>2 boats found</h1><p>No results found nearby</p>{CARDS}</main>",
    ],
)
async def test_what_is_said_elsewhere_empties_no_list(page: Page, html: str) -> None:
    found = await listed(page, html)
    assert not found.empty_proven
    assert [item.title for item in found.items] == [
        "2019 Sea Ray Sundancer",
        "2012 Bayliner Element",
    ]
