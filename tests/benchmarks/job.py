"""The demo job through the HTTP API, as the benches measure it."""

import asyncio
import time
from dataclasses import dataclass

import httpx
import psutil

LISTINGS = 10
STEPS = 1 + 3 * LISTINGS
PLAN = "plans/example/extract_listings.json"


@dataclass(frozen=True)
class Timing:
    """One job. Times in seconds; rows as year, name, price, phone and address.

    `looking` are its steps that look something up on a page, `remembered` those of them that
    memory answered.
    """

    with_launch: float
    without_launch: float
    rows: list[list[str | None]]
    in_steps: float = 0.0
    pss_mb: float = 0.0
    looking: int = 0
    remembered: int = 0


async def through_api(
    client: httpx.AsyncClient, root: psutil.Process, idle_mb: float, perception: str = "auto"
) -> Timing:
    """The job through the HTTP API: from the submission to the terminal state."""
    began = time.perf_counter()
    body = {"micro": PLAN, "perception": perception}
    answer = await client.post("/v1/predict", json=body)
    answer.raise_for_status()
    run_id = answer.json()["run_id"]
    pss = 0.0
    while True:
        poll = (await client.get(f"/v1/runs/{run_id}")).json()
        if poll["status"] in ("succeeded", "failed", "cancelled"):
            break
        if poll["status"] == "running" and not pss and time.perf_counter() - began > 2.5:
            pss = pss_mb(root) - idle_mb
        await asyncio.sleep(0.1)
    total = time.perf_counter() - began
    result = (await client.get(f"/v1/runs/{run_id}/result")).json()
    if result["status"] != "succeeded" or len(result["result"]["rows"]) != LISTINGS:
        raise RuntimeError(f"the run went wrong: {result.get('error')} {result.get('message')}")
    rows = [
        [row["year"], f"{row['make']} {row['model']}", row["price"], row["phone"], row["url"]]
        for row in result["result"]["rows"]
    ]
    steps = result["result"]["steps"]
    if len(steps) != STEPS:
        raise RuntimeError(f"{len(steps)} steps instead of {STEPS}")
    in_steps = sum(step["duration"] for step in steps)
    tiers = [step["tier"] for step in steps if step["tier"]]
    return Timing(
        total,
        result["summary"]["total_time_s"],
        rows,
        in_steps,
        pss,
        looking=len(tiers),
        remembered=tiers.count("memory"),
    )


def pss_mb(root: psutil.Process) -> float:
    """Proportional set size of this process's descendants, the measuring itself left out."""
    total = 0
    for process in root.children(recursive=True):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 1024 / 1024
