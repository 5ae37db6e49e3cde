"""A stack of its own in a throw-away folder, for a bench that submits many runs to it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from temporal.settings import StackSettings
from temporal.stack import Stack, StackOptions

TERMINAL = ("succeeded", "failed", "cancelled")

Document = dict[str, Any]


@dataclass(frozen=True)
class Running:
    """A started stack: its data folder, the demo site's URL, and a client of its API."""

    stack: Stack
    data_dir: Path
    site: str
    client: httpx.AsyncClient

    async def submit(self, steps: list[Document], **options: object) -> str:
        """The id of the admitted run."""
        answer = await self.client.post("/v1/predict", json={"task_suite": steps, **options})
        answer.raise_for_status()
        run_id: str = answer.json()["run_id"]
        return run_id

    async def get(self, run_id: str, part: str = "") -> Document:
        """A read of a run."""
        path = f"/v1/runs/{run_id}/{part}" if part else f"/v1/runs/{run_id}"
        answer = await self.client.get(path)
        answer.raise_for_status()
        document: Document = answer.json()
        return document

    async def post(self, run_id: str, action: str, body: Document) -> None:
        """An action on a run."""
        answer = await self.client.post(f"/v1/runs/{run_id}/{action}", json=body)
        answer.raise_for_status()

    async def until_over(self, run_id: str, every_s: float = 0.1) -> str:
        """The status that a run ends with."""
        while True:
            status: str = (await self.get(run_id))["status"]
            if status in TERMINAL:
                return status
            await asyncio.sleep(every_s)

    async def until_steps(self, run_id: str, count: int) -> None:
        """Wait until so many steps of a run were executed."""
        while True:
            events = (await self.get(run_id, "events"))["events"]
            if sum(event["kind"] == "step" for event in events) >= count:
                return
            await asyncio.sleep(0.05)

    async def oracle(self, what: str, **query: str) -> Document:
        """What the site knows."""
        async with httpx.AsyncClient(base_url=self.site) as client:
            document: Document = (await client.get(f"/_oracle/{what}", params=query)).json()
            return document


@asynccontextmanager
async def running(settings: Mapping[str, str] | None = None) -> AsyncGenerator[Running]:
    """Start it with these settings and no limit of the rate, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="mantis-bench-"))
    given = {"MANTIS_RATE_LIMIT_PER_MINUTE": "0", "MANTIS_MAX_CONCURRENT_RUNS": "1000"}
    before = dict(os.environ)
    os.environ.update({**given, **(settings or {})})
    try:
        async with Stack(StackOptions("127.0.0.1", 0, folder, True), StackSettings()) as stack:
            headers = {"X-Mantis-Token": stack.token}
            async with httpx.AsyncClient(
                base_url=stack.urls.api, headers=headers, timeout=60
            ) as client:
                yield Running(stack, folder, stack.urls.demo_site, client)
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)
