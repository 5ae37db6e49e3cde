"""Is it right every time? The demo job many times over, against what the site says it has.

usage: python -m tests.benchmarks.repeat [--runs 20]
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import httpx
import psutil

from temporal.settings import StackSettings
from temporal.stack import Stack, StackOptions
from tests.benchmarks.job import LISTINGS, through_api


async def truth(site: str) -> list[list[str | None]]:
    """The rows that a careful visitor would note, from the site's own records."""
    async with httpx.AsyncClient(base_url=site) as client:
        answer = await client.get("/_oracle/listings", params={"seller": "private"})
        listings = [one for one in answer.json()["items"] if not one["sponsored"]]
    return [
        [
            str(one["year"]),
            f"{one['make']} {one['model']}",
            one["price"],
            one["phone"],
            f"{site}{one['url']}",
        ]
        for one in listings[:LISTINGS]
    ]


async def measure(runs: int) -> int:
    """Run the job again and again; the number of runs whose rows were all right."""
    folder = Path(tempfile.mkdtemp(prefix="mantis-repeat-"))
    right = 0
    try:
        async with Stack(StackOptions("127.0.0.1", 0, folder, True), StackSettings()) as stack:
            expected = await truth(stack.urls.demo_site)
            headers = {"X-Mantis-Token": stack.token}
            async with httpx.AsyncClient(
                base_url=stack.urls.api, headers=headers, timeout=60
            ) as client:
                for number in range(1, runs + 1):
                    timing = await through_api(client, psutil.Process(), 0.0)
                    good = timing.rows == expected
                    right += good
                    sys.stdout.write(f"run {number}: {'right' if good else timing.rows}\n")
                    sys.stdout.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return right


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The demo job, many times over.")
    parser.add_argument("--runs", type=int, default=20)
    runs: int = parser.parse_args().runs
    right = asyncio.run(measure(runs))
    sys.stdout.write(f"{right} of {runs} runs brought {LISTINGS} right rows of {LISTINGS}\n")
    return 0 if right == runs else 1


if __name__ == "__main__":
    sys.exit(main())
