"""How soon a cancel ends a run, and whether anything reaches the site afterwards.

Runs are cancelled at random moments: with no page load in flight (a form is filled in and
waited at), in the middle of the demo job, and while a page is being loaded that the site
holds back. Each run is a visitor of its own, whose requests the site remembers.

usage: python -m tests.benchmarks.cancel [--cancels 50] [--seed 1] [--json FILE]
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.benchmarks.stacked import Document, Running, running

TARGET_P95_S = 2.0
TARGET_MAX_S = 10.0
_POLL_S = 0.02
_AFTER_S = 5.0
"""So long after the last cancel the site is still looked at."""


@dataclass(frozen=True)
class Cancelled:
    """One cancel: seconds until the run was seen to be over, requests at the site after that."""

    kind: str
    run_id: str
    visitor: str
    seconds: float
    over_at: float
    status: str
    requests_after: int = 0


def at_a_form(site: str, visitor: str) -> list[Document]:
    """Steps on one page, with no page load after the first."""
    url = f"{site}/boats/48201/reserve?visitor={visitor}"
    steps: list[Document] = [{"type": "navigate", "intent": f"Open {url}", "required": True}]
    for number in range(40):
        fill: Document = {"label": "Full name", "value": f"Robin {number}"}
        steps.append({"type": "fill_field", "intent": "Fill the full name field", "params": fill})
        steps.append({"type": "wait", "intent": "Wait", "params": {"seconds": 1}})
    return steps


def in_a_job(site: str, visitor: str) -> list[Document]:
    """Listings opened, read and left, one after another."""
    url = f"{site}/boats?seller=private&visitor={visitor}"
    return [
        {"type": "navigate", "intent": f"Open {url}", "required": True},
        {"type": "click", "intent": "Click the title of the next boat listing"},
        {"type": "extract_data", "intent": "Extract Year, Make and Price"},
        {"type": "navigate_back", "intent": "Go back to the list of results"},
        {"type": "loop", "intent": "Repeat", "loop_target": 1, "loop_count": 12},
        {"type": "paginate", "intent": "Go to the next page of results"},
        {"type": "loop", "intent": "Repeat", "loop_target": 1, "loop_count": 20},
    ]


def loading(site: str, visitor: str) -> list[Document]:
    """A page that the site holds back for longer than anyone waits, then one more."""
    slow = f"{site}/trouble/slow?ms=25000&visitor={visitor}"
    return [
        {"type": "navigate", "intent": f"Open {site}/boats?visitor={visitor}", "required": True},
        {"type": "navigate", "intent": f"Open {slow}"},
        {"type": "navigate", "intent": f"Open {site}/boats?page=2"},
    ]


KINDS = {"no load in flight": at_a_form, "demo job": in_a_job, "page loading": loading}


async def cancel_one(bench: Running, kind: str, number: int, wait_s: float) -> Cancelled:
    """Submit, wait until the first step is over and some time more, cancel."""
    visitor = f"cancel-{number}"
    run_id = await bench.submit(KINDS[kind](bench.site, visitor))
    await bench.until_steps(run_id, 1)
    await asyncio.sleep(wait_s)
    began = time.perf_counter()
    await bench.post(run_id, "cancel", {})
    status = await bench.until_over(run_id, _POLL_S)
    took, over_at = time.perf_counter() - began, time.time()
    return Cancelled(kind, run_id, visitor, took, over_at, status)


async def measure(cancels: int, seed: int) -> list[Cancelled]:
    """Cancel so many runs; what each of them sent to the site afterwards."""
    chance = random.Random(seed)
    done: list[Cancelled] = []
    async with running() as bench:
        for number in range(cancels):
            kind = list(KINDS)[number % len(KINDS)]
            done.append(await cancel_one(bench, kind, number, chance.uniform(0.3, 3.0)))
            sys.stdout.write(f"{number + 1}: {kind} {done[-1].seconds:.2f} s\n")
            sys.stdout.flush()
        await asyncio.sleep(_AFTER_S)
        return [await _with_requests_after(bench, one) for one in done]


async def _with_requests_after(bench: Running, one: Cancelled) -> Cancelled:
    visits = (await bench.oracle("requests", visitor=one.visitor))["requests"]
    late = sum(visit["time"] > one.over_at for visit in visits)
    return replace(one, requests_after=late)


def line(name: str, done: Sequence[Cancelled]) -> str:
    """Median, 95th percentile and maximum of these."""
    times = sorted(one.seconds for one in done)
    p95 = times[min(int(len(times) * 0.95), len(times) - 1)]
    late = sum(one.requests_after for one in done)
    return (
        f"{name:20} {len(times):4} {statistics.median(times):8.2f} {p95:8.2f} {times[-1]:8.2f} "
        f"{late:8}"
    )


def missed(done: Sequence[Cancelled]) -> list[str]:
    """The targets that were not met."""
    still = sorted(one.seconds for one in done if one.kind == "no load in flight")
    found: list[str] = []
    if still and still[min(int(len(still) * 0.95), len(still) - 1)] >= TARGET_P95_S:
        found.append(f"p95 with no load in flight is not under {TARGET_P95_S:.0f} s")
    if max(one.seconds for one in done) >= TARGET_MAX_S:
        found.append(f"the longest is not under {TARGET_MAX_S:.0f} s")
    if any(one.requests_after for one in done):
        found.append("the site was reached after the end of a run")
    if any(one.status != "cancelled" for one in done):
        found.append("a run did not end as cancelled")
    return found


def main() -> int:
    """Measure and print; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description="From a cancel to the end of the run.")
    parser.add_argument("--cancels", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write each cancel to this file")
    arguments = parser.parse_args()
    done = asyncio.run(measure(arguments.cancels, arguments.seed))
    sys.stdout.write(f"{'seconds':20} runs   median      p95      max requests after\n")
    for kind in KINDS:
        sys.stdout.write(line(kind, [one for one in done if one.kind == kind]) + "\n")
    sys.stdout.write(line("all", done) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(one) for one in done], indent=1))
    for words in missed(done):
        sys.stdout.write(f"missed: {words}\n")
    return 1 if missed(done) else 0


if __name__ == "__main__":
    sys.exit(main())
