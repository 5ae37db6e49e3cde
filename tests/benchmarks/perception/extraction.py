"""Extraction and gates on the labelled pages: precision, recall, F1; right, wrong, undecided.

Run alone: `python -m tests.benchmarks.perception.extraction [--pages DIR]`. Fields are named
by the product's own reading of the step; a null that was rightly left out counts for nothing.
"""

import argparse
import asyncio
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, async_playwright
from pydantic import BaseModel, ConfigDict

from activities.browser.content import capture_content
from inference.checks.verify import check
from inference.content import Content
from inference.decisions import Record
from inference.extract.fields import fields_for
from inference.extract.record import extract_record
from inference.extract.rows import extract_rows
from inference.extract.words import plain
from plans.step import Step, StepType

DEFAULT_PAGES = Path(__file__).parents[4] / "shared" / "pages"
VIEWPORT_WIDTH, VIEWPORT_HEIGHT = 1280, 800
Values = dict[str, str | None]


class ExtractCase(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    step: Step
    expect: Values | None = None
    expect_rows: list[Values] | None = None


class GateCase(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    verify: str
    holds: bool


class Cases(BaseModel):
    model_config = ConfigDict(extra="ignore")

    extract: list[ExtractCase] = []
    gates: list[GateCase] = []


@dataclass
class Tally:
    """Counts of values and gates, and the notes on what was missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    gates_right: int = 0
    gates_wrong: int = 0
    gates_undecided: int = 0
    notes: list[str] = field(default_factory=list[str])
    capture_ms: list[float] = field(default_factory=list[float])
    extract_ms: list[float] = field(default_factory=list[float])

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def add(self, other: "Tally") -> None:
        """Take the counts of a page along."""
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed
        self.gates_right += other.gates_right
        self.gates_wrong += other.gates_wrong
        self.gates_undecided += other.gates_undecided
        self.capture_ms += other.capture_ms
        self.extract_ms += other.extract_ms


@dataclass(frozen=True)
class Report:
    """What `run` found: a tally per page and one over all."""

    pages: dict[str, Tally]
    total: Tally

    def lines(self) -> list[str]:
        """The report as a Markdown table."""
        head = "| page | precision | recall | F1 | gates right | wrong | undecided |"
        rows = [head, "|---|---|---|---|---|---|---|"]
        for name, tally in (*self.pages.items(), ("all", self.total)):
            rows.append(
                f"| {name} | {tally.precision:.3f} | {tally.recall:.3f} | {tally.f1:.3f} "
                f"| {tally.gates_right} | {tally.gates_wrong} | {tally.gates_undecided} |"
            )
        rows.append(
            f"\ncapture median {median(self.total.capture_ms):.1f} ms, "
            f"extraction median {median(self.total.extract_ms):.1f} ms"
        )
        return rows


def median(values: list[float]) -> float:
    """Middle value, 0 of none."""
    return sorted(values)[len(values) // 2] if values else 0.0


async def run(pages_dir: Path, browser: Browser) -> Report:
    """Score every page of a folder of page cases."""
    pages: dict[str, Tally] = {}
    total = Tally()
    for folder, cases in _load(pages_dir):
        if not cases.extract and not cases.gates:
            continue
        pages[folder.name] = await _score_page(folder, cases, browser)
        total.add(pages[folder.name])
    return Report(pages, total)


def _load(pages_dir: Path) -> list[tuple[Path, Cases]]:
    files = sorted(pages_dir.glob("*/cases.json"))
    return [(f.parent, Cases.model_validate_json(f.read_text(encoding="utf-8"))) for f in files]


async def _score_page(folder: Path, cases: Cases, browser: Browser) -> Tally:
    tally = Tally()
    page = await browser.new_page(viewport={"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT})
    await page.goto((folder / "index.html").absolute().as_uri())
    await capture_content(page)
    started = time.perf_counter()
    content = await capture_content(page)
    tally.capture_ms.append((time.perf_counter() - started) * 1000)
    await page.close()
    for case in cases.extract:
        started = time.perf_counter()
        expected, found = _extract(content, case)
        tally.extract_ms.append((time.perf_counter() - started) * 1000)
        _compare(tally, case.id, expected, found)
    for gate in cases.gates:
        answer = check(content, gate.verify)
        if answer.verdict == "undecided":
            tally.gates_undecided += 1
        elif (answer.verdict == "holds") == gate.holds:
            tally.gates_right += 1
        else:
            tally.gates_wrong += 1
            tally.notes.append(f"{gate.id} {gate.verify!r}: {answer.verdict}, {answer.evidence}")
    return tally


def _extract(content: Content, case: ExtractCase) -> tuple[list[Values], list[Values]]:
    step = case.step
    fields = fields_for(content, step)
    if step.type is StepType.EXTRACT_ROWS:
        most = (step.extract.max_items if step.extract else None) or 1000
        rows = extract_rows(content, fields, step.intent, most)
        return case.expect_rows or [], [_values(row) for row in rows]
    return [case.expect or {}], [_values(extract_record(content, fields, step.intent))]


def _values(record: Record) -> Values:
    return {plain(name): found.value for name, found in record.fields.items()}


def _compare(tally: Tally, case_id: str, expected: list[Values], found: list[Values]) -> None:
    for place in range(max(len(expected), len(found))):
        wanted = expected[place] if place < len(expected) else dict.fromkeys(found[place])
        got = found[place] if place < len(found) else {}
        for name, value in wanted.items():
            answer = got.get(plain(name))
            if answer == value:
                tally.right += value is not None
                continue
            tally.wrong += answer is not None
            tally.missed += value is not None
            tally.notes.append(f"{case_id}[{place}] {name}: expected {value!r}, read {answer!r}")


async def _main(pages_dir: Path) -> None:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=shutil.which("chromium"))
        report = await run(pages_dir, browser)
        await browser.close()
    print("\n".join(report.lines()))
    for name, tally in report.pages.items():
        print("\n".join(f"{name} {note}" for note in tally.notes) or f"{name}: nothing missed")


def main() -> int:
    """Score the pages, or say in a sentence that they are not there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=DEFAULT_PAGES)
    pages_dir = parser.parse_args().pages
    if not pages_dir.is_dir():
        print(f"no labelled pages at {pages_dir.name!r}: give their folder with --pages")
        return 0
    asyncio.run(_main(pages_dir))
    return 0


if __name__ == "__main__":
    sys.exit(main())
