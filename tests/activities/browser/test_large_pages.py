"""Large tables are read in bounded time, with the event loop free meanwhile."""

import asyncio
import shutil
import time

import pytest
from playwright.async_api import async_playwright

from activities.browser.content import capture_content
from inference.extract.rows import extract_rows
from plans.step import ExtractField

pytestmark = pytest.mark.browser

FIELDS = tuple(ExtractField(name=name) for name in ("name", "price", "city", "date"))
TABLE = """(count) => {
  const rows = [];
  for (let i = 0; i < count; i++)
    rows.push(`<tr><td><a href="/item/${i}">Item ${i}</a></td><td>$${i}.99</td>
      <td>Lisbon</td><td>2024-01-0${i % 9 + 1}</td></tr>`);
  document.body.innerHTML = `<table><thead><tr><th>Name</th><th>Price</th><th>City</th>
    <th>Date</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}"""


async def longest_pause(done: asyncio.Event) -> float:
    worst, before = 0.0, time.monotonic()
    while not done.is_set():
        await asyncio.sleep(0.01)
        now = time.monotonic()
        worst, before = max(worst, now - before), now
    return worst


@pytest.mark.parametrize(("count", "whole"), [(2000, True), (60_000, False)])
async def test_a_large_table_is_read_while_the_loop_goes_on(count: int, whole: bool) -> None:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=shutil.which("chromium"))
        page = await browser.new_page()
        await page.evaluate(TABLE, count)
        done = asyncio.Event()
        ticker = asyncio.create_task(longest_pause(done))
        started = time.monotonic()
        content = await capture_content(page)
        rows = await asyncio.to_thread(extract_rows, content, FIELDS, "extract the items", 100_000)
        took = time.monotonic() - started
        done.set()
        pause = await ticker
        await browser.close()
    assert content.complete is whole
    assert len(rows) == count if whole else 2000 < len(rows) < count
    assert rows[7].fields["price"].value == "$7.99"
    assert took < 60
    assert pause < 2
