import asyncio
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.async_api import async_playwright

from activities.browser.content import capture_content
from inference.content import Content

Capture = Callable[[str], Content]


@pytest.fixture(scope="module")
def capture() -> Iterator[Capture]:
    """Shows HTML in a real Chromium and gives its content; one browser a module."""
    with asyncio.Runner() as runner:
        manager = async_playwright()
        driver = runner.run(manager.__aenter__())
        browser = runner.run(driver.chromium.launch(executable_path=shutil.which("chromium")))

        async def show(html: str) -> Content:
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            await page.set_content(html)
            content = await capture_content(page)
            await page.close()
            return content

        yield lambda html: runner.run(show(html))
        runner.run(browser.close())
        runner.run(manager.__aexit__(None, None, None))
