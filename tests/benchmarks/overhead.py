"""What durability costs: the demo job through the API against a bare Playwright script.

Both do the same 31 steps on the same site in one process of measuring, alternating: Mantis with
what it remembers of the runs before, Mantis without its memory, the script. Printed are ratios
of medians; times of this machine stand beside them for orientation only.

usage: python -m tests.benchmarks.overhead [--rounds 5] [--json FILE]
"""

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import httpx
import psutil
from playwright.async_api import Page, async_playwright

from temporal.settings import StackSettings
from temporal.stack import Stack, StackOptions
from tests.benchmarks.job import LISTINGS, STEPS, Timing, pss_mb, through_api


async def bare(site: str) -> Timing:
    """The job as a competent script does it, knowing the site's markup."""
    began = time.perf_counter()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        ready = time.perf_counter()
        rows = await bare_job(page, site)
        done = time.perf_counter()
        await browser.close()
    return Timing(time.perf_counter() - began, done - ready, rows)


async def bare_job(page: Page, site: str) -> list[list[str | None]]:
    """Open the list, then each of the first listings, read it and go back."""
    await page.goto(f"{site}/boats?seller=private")
    await page.locator("h1").wait_for()
    consent = page.get_by_role("button", name="Reject")
    if await consent.count():
        await consent.first.click()
    rows: list[list[str | None]] = []
    for index in range(LISTINGS):
        await page.locator(".card:not(.sponsored) .card-title a").nth(index).click()
        rows.append(await bare_listing(page))
        await page.go_back()
    return rows


async def bare_listing(page: Page) -> list[str | None]:
    """Title, price and phone of a listing's page, by its markup."""
    title = await page.locator("h1").inner_text()
    price = await page.get_by_text("$").first.inner_text()
    button = page.get_by_role("button", name="Show phone number")
    phone: str | None = None
    if await button.count():
        await button.click()
        shown = page.locator("main a[href^='tel:']").first
        await shown.wait_for()
        phone = await shown.inner_text()
    year, _, rest = title.partition(" ")
    return [year, rest, price, phone]


async def measure(rounds: int) -> dict[str, object]:
    """Run both in turn and compare."""
    folder = Path(tempfile.mkdtemp(prefix="mantis-bench-"))
    root = psutil.Process()
    stack = Stack(StackOptions("127.0.0.1", 0, folder, demo_site=True), StackSettings())
    try:
        async with stack:
            await asyncio.sleep(3)
            idle = pss_mb(root)
            headers = {"X-Mantis-Token": stack.token}
            async with httpx.AsyncClient(
                base_url=stack.urls.api, headers=headers, timeout=60
            ) as client:
                await through_api(client, root, idle)
                await through_api(client, root, idle)
                await bare(stack.urls.demo_site)
                ours: list[Timing] = []
                forgetful: list[Timing] = []
                theirs: list[Timing] = []
                for number in range(rounds):
                    ours.append(await through_api(client, root, idle))
                    forgetful.append(await through_api(client, root, idle, "as_planned"))
                    theirs.append(await bare(stack.urls.demo_site))
                    sys.stdout.write(f"round {number + 1}: {_pair(ours[-1], theirs[-1])}\n")
                    sys.stdout.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report(ours, forgetful, theirs, idle)


def _pair(one: Timing, other: Timing) -> str:
    return (
        f"Mantis {one.with_launch:.2f} s ({one.without_launch:.2f} without launch), "
        f"bare {other.with_launch:.2f} s ({other.without_launch:.2f})"
    )


def report(
    ours: list[Timing], forgetful: list[Timing], theirs: list[Timing], idle: float
) -> dict[str, object]:
    """The figures, ready to print."""
    median = statistics.median
    differing = sum(one.rows != ours[0].rows for one in (*ours, *forgetful))
    looking, remembered = sum(t.looking for t in ours), sum(t.remembered for t in ours)
    return {
        "rounds": len(ours),
        "ratio_without_launch": round(
            median(t.without_launch for t in ours) / median(t.without_launch for t in theirs), 2
        ),
        "without_memory": round(
            median(t.without_launch for t in forgetful) / median(t.without_launch for t in theirs),
            2,
        ),
        "looked_up_in_memory": round(remembered / looking, 3),
        "of_all_steps": round(remembered / len(ours) / STEPS, 3),
        "ratio_with_launch": round(
            median(t.with_launch for t in ours) / median(t.with_launch for t in theirs), 2
        ),
        "overhead_ms_per_step": round(
            median((t.without_launch - t.in_steps) / STEPS * 1000 for t in ours), 1
        ),
        "idle_stack_pss_mb": round(idle),
        "run_pss_mb": round(median(t.pss_mb for t in ours)),
        "runs_with_other_rows": differing,
        "mantis": [asdict(t) | {"rows": len(t.rows)} for t in ours],
        "bare": [asdict(t) | {"rows": len(t.rows)} for t in theirs],
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Mantis against a bare Playwright script.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    figures = asyncio.run(measure(arguments.rounds))
    targets = {
        "ratio_without_launch": "target 1.2; before memory 2.0, stretch 1.6",
        "looked_up_in_memory": "target 0.95",
        "idle_stack_pss_mb": "target 800",
        "runs_with_other_rows": "target 0",
    }
    for name, value in figures.items():
        if not isinstance(value, list):
            sys.stdout.write(f"{name:24} {value!s:>8}   {targets.get(name, '')}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
