"""What the relay of DevTools costs: the same calls through it and past it, in turn.

`python -m tests.benchmarks.relay` prints medians and their ratio.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Page, async_playwright

from activities.holder.client import start_holder
from activities.holder.messages import HolderSpec

ROUNDS = 300
SHOTS = 40


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await call()
    return (time.perf_counter() - began) * 1000


async def compare(name: str, calls: list[Callable[[], Awaitable[object]]], rounds: int) -> None:
    """Print the medians of the call past the relay and through it, and their ratio."""
    taken: list[list[float]] = [[], []]
    for _ in range(rounds):
        for call, times in zip(calls, taken, strict=True):
            times.append(await timed(call))
    direct, relayed = (statistics.median(times) for times in taken)
    sys.stdout.write(
        f"{name}: {direct:.2f} ms direct, {relayed:.2f} ms relayed, "
        f"ratio {relayed / direct:.2f}, {relayed - direct:+.2f} ms\n"
    )


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mb-") as folder:
        root = Path(folder)
        holder = await start_holder(
            HolderSpec(
                session_id="bench",
                session_dir=root / "session",
                profile_dir=root / "profile",
                socket_path=root / "bench.sock",
                ttl_s=600,
            )
        )
        port, path = (root / "profile" / "DevToolsActivePort").read_text().split()
        relayed = (await holder.hello()).cdp_url
        async with async_playwright() as playwright:
            pages: list[Page] = []
            for url in (f"ws://127.0.0.1:{port}{path}", relayed):
                browser = await playwright.chromium.connect_over_cdp(url)
                pages.append(browser.contexts[0].pages[0])
            await pages[0].set_content("<h1>" + "words " * 2000)
            await compare(
                "evaluate", [lambda page=page: page.evaluate("1") for page in pages], ROUNDS
            )
            await compare(
                "screenshot", [lambda page=page: page.screenshot() for page in pages], SHOTS
            )
        await holder.close()


if __name__ == "__main__":
    asyncio.run(main())
