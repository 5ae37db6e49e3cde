"""What a listing costs where models help: calls, tokens, micro-dollars and seconds.

The demo job, `as_planned` (Holo3 looks, Claude reads) and `auto` (the free tiers first), and a
job on a site whose buttons are signs without names, where `auto` needs a model; each on a fresh
stack, twice: the second run remembers the first. The models are fakes on loopback that take as
long as the real ones (Holo3 0.8 s, Claude 2.5 s), count tokens of what was really sent, images by
their size, and keep bills of their own, which the run's cost is held against.

usage: python -m tests.benchmarks.models [--holo3-s 0.8] [--claude-s 2.5]
"""

import argparse
import asyncio
import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plans.example.site.catalog import build_catalog
from tests.benchmarks.job import LISTINGS, PLAN
from tests.benchmarks.signs import PLACES, Signs
from tests.benchmarks.stacked import Document, Running, running
from tests.fakes import sglang_answers
from tests.fakes.claude_api import KEY, ClaudeApi
from tests.fakes.readers import claude_reads, holo3_finds
from tests.fakes.sglang import SGLang

GPU_USD_PER_HOUR = 2.5
FIRST_USD = 0.01
"""Target: the most that a listing may cost in `auto` the first time; the second is free."""

SIGNS: list[Document] = [
    {
        "type": "navigate",
        "intent": "Open the boats",
        "params": {"url": "{{site}}/boats"},
        "required": True,
        "section": "setup",
    },
    {
        "type": "click",
        "intent": "Click the title of the next boat listing",
        "section": "extraction",
    },
    {
        "type": "click",
        "intent": 'Click the symbol of a "handset"',
        "section": "extraction",
        "hints": {"expect_text_present": "Phone:"},
    },
    {
        "type": "extract_data",
        "intent": "Extract Year, Make, Model, Price and Phone",
        "section": "extraction",
        "extract": {
            "entity_name": "boat",
            "fields": [
                {"name": "year", "type": "int", "required": True},
                {"name": "make", "required": True},
                {"name": "model"},
                {"name": "price", "type": "price", "required": True},
                {"name": "phone", "type": "phone", "required": True},
            ],
        },
    },
    {"type": "navigate_back", "intent": "Go back to the boats", "section": "extraction"},
    {"type": "loop", "intent": "For each boat", "loop_target": 1, "loop_count": LISTINGS},
]


@dataclass(frozen=True)
class Line:
    """One run: what it was, and what the models' own books say of it."""

    job: str
    perception: str
    run: int
    rows: int
    holo3: int
    claude: int
    tokens_in: int
    tokens_out: int
    cached: int
    gpu_ms: int
    claude_micro: int
    told: Document
    seconds: float
    tiers: Document

    @property
    def usd_a_listing(self) -> float:
        return self.told_micro / 1e6 / max(1, self.rows)

    @property
    def told_micro(self) -> int:
        return sum(round(usd * 1e6) for usd in self.told.values())

    @property
    def differs(self) -> str:
        """Where the run's cost is not what the models' books say, "" where it is.

        Claude's to the micro-dollar; the pool's time by two clocks, which differ a little.
        """
        claude, gpu = (round(self.told[part] * 1e6) for part in ("claude", "gpu"))
        pool = self.gpu_ms * GPU_USD_PER_HOUR / 3.6
        if claude != self.claude_micro:
            return f"Claude charges {self.claude_micro} micro-USD, the run tells {claude}"
        if not pool <= gpu <= 1.25 * pool + 20:
            return f"the pool was busy for {pool:.0f} micro-USD, the run tells {gpu}"
        return ""


def boats() -> dict[str, re.Pattern[str]]:
    """How a Claude that knows boats finds what no label says: in the heading, `2019 Sea Ray …`."""
    makes = "|".join(map(re.escape, build_catalog(0).makes))
    patterns = {
        "year": rf"^((?:19|20)\d\d) (?:{makes})\b",
        "make": rf"^(?:19|20)\d\d ({makes})\b",
        "model": rf"^(?:19|20)\d\d (?:{makes}) (\S.*)$",
        "price": r"^\W*(\$[\d,]+)",
        "phone": r"(\+1[ \d().-]{10,}|\(\d{3}\) \d{3}-\d{4})",
    }
    return {name: re.compile(pattern, re.MULTILINE) for name, pattern in patterns.items()}


class Watched:
    """Both fakes, and what they did since the last look at their books."""

    def __init__(self, holo3: SGLang, claude: ClaudeApi) -> None:
        self.holo3, self.claude = holo3, claude
        self._seen = (0, 0)

    def since(self) -> dict[str, int]:
        """Calls, tokens, milliseconds and micro-dollars since the last time.

        The pool's health is asked for without a schema, and not counted.
        """
        pool = [one for one in self.holo3.done[self._seen[0] :] if one.asked.schema is not None]
        api = self.claude.done[self._seen[1] :]
        self._seen = (len(self.holo3.done), len(self.claude.done))
        return {
            "holo3": len(pool),
            "claude": len(api),
            "tokens_in": sum(one.prompt_tokens for one in pool)
            + sum(one.counted.prompt for one in api),
            "tokens_out": sum(one.completion_tokens for one in pool)
            + sum(one.counted.output for one in api),
            "cached": sum(one.counted.read for one in api),
            "gpu_ms": sum(one.gpu_ms for one in pool),
            "claude_micro": sum(one.cost for one in api),
        }


def sees(folder: Callable[[], Path]) -> Callable[[sglang_answers.Asked], sglang_answers.Answer]:
    """A Holo3 that knows what is on the picture it is sent: from the look that it belongs to."""

    def answer(asked: sglang_answers.Asked) -> sglang_answers.Answer:
        look = _look_of(_picture(asked.body), folder())

        def place_of(title: str) -> tuple[float, float] | None:
            if (sign := PLACES.get(title.strip())) is not None:
                return sign
            return _place(look, title)

        return holo3_finds(place_of)(asked)

    return answer


def _picture(body: dict[str, Any]) -> bytes:
    found = b""
    for message in body["messages"]:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if part.get("type") == "image_url":
                found = base64.b64decode(part["image_url"]["url"].partition(",")[2])
    return found


def _look_of(picture: bytes, folder: Path) -> Document:
    key = hashlib.sha256(picture).hexdigest()
    for path in sorted(folder.glob("tenants/*/runs/*/asks/**/*.json"), key=_age, reverse=True):
        asked = json.loads(path.read_text())
        look = asked.get("look") if isinstance(asked, dict) else None
        if look and key in str((look.get("picture") or {}).get("key")):
            return look
    return {"elements": []}


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _place(look: Document, title: str) -> tuple[float, float] | None:
    for seen in look["elements"]:
        if seen["interactive"] and seen["name"].strip().lower() == title.strip().lower():
            box = seen["box"]
            return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return None


async def one(stack: Running, models: Watched, job: str, perception: str, run: int, body: Document):
    """Submit, wait, and read the books."""
    answer = await stack.client.post("/v1/predict", json={**body, "perception": perception})
    answer.raise_for_status()
    run_id = answer.json()["run_id"]
    await stack.until_over(run_id)
    result = await stack.get(run_id, "result")
    summary = result["summary"]
    if result["status"] != "succeeded":
        sys.stdout.write(f"{job} {perception}: {result.get('error')} {result.get('message')}\n")
    return Line(
        job=job,
        perception=perception,
        run=run,
        rows=len(result["result"]["rows"]),
        told=summary["cost_breakdown"],
        seconds=summary["total_time_s"],
        tiers=summary["tiers"],
        **models.since(),
    )


async def measure(holo3_s: float, claude_s: float, only: str | None) -> list[Line]:
    """All jobs, each on a stack of its own."""
    lines: list[Line] = []
    folder: list[Path] = [Path()]
    with (
        SGLang(sees(lambda: folder[0]), latency_s=holo3_s, capacity=4) as pool,
        ClaudeApi(claude_reads(boats()), latency_s=claude_s) as claude,
        Signs() as signs,
    ):
        models = Watched(pool, claude)
        settings = {
            "MANTIS_HOLO3_URL": f"{pool.url}/v1",
            "MANTIS_HOLO3_GPU_USD_PER_HOUR": str(GPU_USD_PER_HOUR),
            "ANTHROPIC_API_KEY": KEY,
            "MANTIS_ANTHROPIC_BASE_URL": claude.url,
            "MANTIS_ALLOW_PRIVATE_HOSTS": signs.url.removeprefix("http://"),
        }
        demo: Document = {"micro": PLAN}
        signed: Document = {"task_suite": SIGNS, "inputs": {"site": signs.url}}
        for job, perception, body in (
            ("demo", "as_planned", demo),
            ("demo", "auto", demo),
            ("signs", "auto", signed),
        ):
            if only not in (None, job):
                continue
            async with running(settings) as stack:
                folder[0] = stack.data_dir
                for run in (1, 2):
                    lines.append(await one(stack, models, job, perception, run, body))
        if pool.complaints or claude.complaints:
            raise RuntimeError(f"the fakes complain: {pool.complaints + claude.complaints}")
    return lines


def show(lines: list[Line]) -> int:
    """Print the table; 1 where a target is missed or a bill differs."""
    head = (
        f"{'job':<6} {'mode':<11} run rows  holo3 claude  {'tokens in/out (cached)':<24} "
        f"{'gpu s':>6} {'micro-USD':>12} {'USD/listing':>12} {'s/listing':>10}  tiers\n"
    )
    sys.stdout.write(head)
    wrong: list[str] = []
    for line in lines:
        tokens = f"{line.tokens_in:,}/{line.tokens_out:,} ({line.cached:,})"
        sys.stdout.write(
            f"{line.job:<6} {line.perception:<11} {line.run:>3} {line.rows:>4} {line.holo3:>6} "
            f"{line.claude:>6}  {tokens:<24} {line.gpu_ms / 1000:>6.1f} {line.told_micro:>12,} "
            f"{line.usd_a_listing:>12.6f} {line.seconds / max(1, line.rows):>10.2f}  {line.tiers}\n"
        )
        limit = FIRST_USD if line.run == 1 else 0.0
        if line.perception == "auto" and line.usd_a_listing > limit:
            wrong.append(f"{line.job} auto, run {line.run}: {line.usd_a_listing:.6f} USD a listing")
        if line.rows != LISTINGS:
            wrong.append(f"{line.job} {line.perception}, run {line.run}: {line.rows} rows")
        if line.differs:
            wrong.append(f"{line.job} {line.perception}, run {line.run}: {line.differs}")
    for one_wrong in wrong:
        sys.stdout.write(f"missed: {one_wrong}\n")
    return 1 if wrong else 0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a listing costs where models help.")
    parser.add_argument("--holo3-s", type=float, default=0.8)
    parser.add_argument("--claude-s", type=float, default=2.5)
    parser.add_argument("--job", choices=("demo", "signs"))
    given = parser.parse_args()
    return show(asyncio.run(measure(given.holo3_s, given.claude_s, given.job)))


if __name__ == "__main__":
    sys.exit(main())
