"""Which pages are read from, and which stand in a page's place."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, Route, async_playwright

from activities.holder.locate import find_chromium
from activities.steps.shown import error_page
from plans.step import FailureClass

pytestmark = pytest.mark.browser

URL = "http://site.test/page"
REFUSED = "<title>Blocked</title><h1>This page was not loaded</h1><p>private_address.</p>"
WALL = "<title>Just a moment...</title><p>Verify you are human</p>"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=find_chromium(None), args=["--no-sandbox"]
        )
        yield await browser.new_page()
        await browser.close()


async def show(page: Page, status: int, body: str) -> None:
    async def answer(route: Route) -> None:
        await route.fulfill(status=status, content_type="text/html", body=body)

    await page.route("**/*", answer)
    await page.goto(URL)
    await page.unroute("**/*")


async def test_only_the_site_s_own_pages_are_read_from(page: Page) -> None:
    assert await error_page(page) is None
    await show(page, 200, "<title>Boats</title><h1>Boats</h1><p>No boats match your search.</p>")
    assert await error_page(page) is None
    for status, body, expected in (
        (404, "<h1>Not here</h1>", FailureClass.HTTP_4XX),
        (500, "<h1>Oh no</h1>", FailureClass.HTTP_5XX),
        (403, REFUSED, FailureClass.NAV_BLOCKED),
        (403, WALL, FailureClass.PAGE_BLOCKED),
    ):
        await show(page, status, body)
        report = await error_page(page)
        assert report is not None
        assert (report.success, report.failure_class) == (False, expected)
        assert report.message


async def test_an_error_of_the_browser_is_no_page(page: Page) -> None:
    async def refuse(route: Route) -> None:
        await route.abort("connectionrefused")

    await page.route("**/*", refuse)
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        await page.goto(URL)
    report = await error_page(page)
    assert report is not None
    assert report.failure_class is FailureClass.NAV_BLOCKED
