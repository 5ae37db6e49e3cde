"""What a checkpoint costs: taking it on the pages of the demo site, its size, bringing it back.

usage: python -m tests.benchmarks.checkpoint [--rounds 20]
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Page

from activities.browser.capturing import capture
from activities.browser.checkpoint import Checkpoint
from activities.browser.restoring import restore
from activities.browser.session import BrowserSession, PlaywrightDriver
from activities.holder.client import HolderClient, start_holder
from activities.holder.messages import HolderSpec
from activities.steps.masking import Mask

ROOT = Path(__file__).resolve().parents[2]
PATHS = ("/", "/boats", "{boat}", "{boat}/reserve", "/account/login", "/crm/login", "/playground")
TARGET_MS = 100
STORED = """async () => {
  for (let at = 0; at < 40; at += 1) localStorage.setItem(`seen-${at}`, 'x'.repeat(100));
  sessionStorage.setItem('step', '2');
  const opening = indexedDB.open('kept', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('boats', { keyPath: 'id' });
  await new Promise((yes) => { opening.onsuccess = yes });
  const change = opening.result.transaction('boats', 'readwrite');
  for (let id = 0; id < 50; id += 1) change.objectStore('boats').put({ id, name: `boat ${id}` });
  await new Promise((yes) => { change.oncomplete = yes });
  opening.result.close();
}"""
FILL = """() => {
  for (const field of document.querySelectorAll('input,textarea,select')) {
    if (field.type === 'checkbox' || field.type === 'radio') field.checked = true;
    else if (field.localName === 'select') field.selectedIndex = field.options.length - 1;
    else if (/^(text|email|tel|textarea|search)$/.test(field.type)) field.value = 'filled in';
  }
}"""


@contextmanager
def demo_site() -> Iterator[str]:
    """Address of the demo marketplace."""
    command = [sys.executable, "-m", "plans.example.marketplace"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as site:
        assert site.stdout is not None
        try:
            yield site.stdout.readline().split()[1]
        finally:
            site.terminate()


async def opened(
    folder: Path, site: str, driver: PlaywrightDriver
) -> tuple[HolderClient, BrowserSession]:
    """A new browser that may go to the site."""
    name = folder.name
    holder = await start_holder(
        HolderSpec(
            session_id=name,
            session_dir=folder / "session",
            profile_dir=folder / "profile",
            socket_path=folder / "s.sock",
            throwaway_profile=True,
            allow_private_hosts=(site.removeprefix("http://"),),
            ttl_s=600,
        )
    )
    hello = await holder.hello()
    session = await BrowserSession.attach(
        driver, hello.cdp_url, name, hello.epoch, folder / "session"
    )
    return holder, session


async def timed_capture(session: BrowserSession) -> tuple[float, Checkpoint]:
    """Milliseconds that one took, and what it is."""
    began = time.perf_counter()
    checkpoint = await capture(session, Mask({"secret.1": "hunter22"}))
    took = (time.perf_counter() - began) * 1000
    if checkpoint is None:
        raise RuntimeError("the page could not be read")
    return took, checkpoint


async def visit(page: Page, url: str) -> None:
    """The page, filled in."""
    await page.goto(url)
    await page.evaluate(FILL)


async def measure(rounds: int) -> None:
    """Take checkpoints on each page, then bring another browser back to each."""
    driver = PlaywrightDriver()
    with demo_site() as site, tempfile.TemporaryDirectory() as folder:
        holder, session = await opened(Path(folder) / "a", site, driver)
        other_holder, other = await opened(Path(folder) / "b", site, driver)
        try:
            await session.page.goto(site)
            await session.page.evaluate(STORED)
            boat = await session.page.get_attribute("a[href^='/boats/']", "href") or ""
            taken: list[float] = []
            sizes: list[int] = []
            back: list[float] = []
            for path in (one.replace("{boat}", boat) for one in PATHS):
                await visit(session.page, site + path)
                here: list[float] = []
                for _ in range(rounds):
                    took, checkpoint = await timed_capture(session)
                    here.append(took)
                size = len(checkpoint.model_dump_json())
                print(f"{path:28} {statistics.median(here):6.1f} ms {size:7} bytes")
                taken += here
                sizes.append(size)
                began = time.perf_counter()
                restored = await restore(other, checkpoint, {}, timeout_s=60)
                back.append((time.perf_counter() - began) * 1000)
                if not restored.success:
                    raise RuntimeError(restored.message)
        finally:
            await session.detach()
            await other.detach()
            await holder.close()
            await other_holder.close()
            await driver.stop()
    p95 = statistics.quantiles(taken, n=20)[-1]
    print(
        f"capture: median {statistics.median(taken):.1f} ms (target under {TARGET_MS}), "
        f"p95 {p95:.1f} ms; {min(sizes)} to {max(sizes)} bytes\n"
        f"restore in a running browser: median {statistics.median(back):.0f} ms"
    )


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    asyncio.run(measure(parser.parse_args().rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
