"""Grounding on the labelled pages: right, wrong, don't-know; acts on absent targets."""

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page
from pydantic import BaseModel, ConfigDict

from activities.browser.snapshot import Snapshot, capture
from inference.decisions import DontKnow, Question
from inference.dom.tier import DomTier, decide
from inference.observation import Observation
from plans.step import Step, StepType

SAME = """([found, wanted]) => found === wanted || wanted.control === found ||
  found.control === wanted || (found.localName === 'label' && found.contains(wanted)) ||
  (wanted.shadowRoot && wanted.shadowRoot.contains(found))"""


class IntentCase(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    step: Step
    targets: list[str] | None
    setup: list[str] = []
    frame: str | None = None
    expect: bool | None = None


class PageCases(BaseModel):
    model_config = ConfigDict(extra="ignore")

    page: str
    intents: list[IntentCase]


@dataclass
class Report:
    """Counts per page, acts on absent targets, and the times of the single groundings."""

    pages: dict[str, Counter[str]] = field(default_factory=dict)
    absent_acts: int = 0
    absent: int = 0
    look_ms: list[float] = field(default_factory=list)
    ground_ms: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def case_files(pages_dir: Path) -> list[Path]:
    return sorted(pages_dir.absolute().glob("*/cases.json"))


async def run(pages_dir: Path, browser: Browser) -> Report:
    """Ground every intent of every page on a fresh copy of the page."""
    report = Report()
    for file in case_files(pages_dir):
        cases = PageCases.model_validate_json(file.read_text(encoding="utf-8"))
        counts = report.pages.setdefault(cases.page, Counter())
        for case in cases.intents:
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(10_000)
            try:
                await prepare(page, file.parent / "index.html", case)
                verdict, note = await ground(page, case, report)
            finally:
                await page.close()
            counts[verdict] += 1
            if verdict != "right":
                report.notes.append(
                    f"{cases.page} {case.id} {verdict}: {case.step.intent} -> {note}"
                )
    return report


async def prepare(page: Page, file: Path, case: IntentCase) -> None:
    await page.goto(file.as_uri())
    await page.wait_for_timeout(150)
    for selector in case.setup:
        await page.locator(selector).click()
        await page.wait_for_timeout(100)


async def ground(page: Page, case: IntentCase, report: Report) -> tuple[str, str]:
    start = time.perf_counter()
    snapshot = await capture(page)
    report.look_ms.append((time.perf_counter() - start) * 1000)
    value = case.step.params.value
    question = Question(
        step=case.step, intent=case.step.intent, value="" if value is None else str(value)
    )
    start = time.perf_counter()
    try:
        if case.step.type is StepType.DETECT_VISIBLE:
            return detect(snapshot.observation, question, case)
        decision = decide(snapshot.observation, question)
    finally:
        report.ground_ms.append((time.perf_counter() - start) * 1000)
    report.absent += case.targets is None
    if isinstance(decision, DontKnow) or decision.ref is None:
        why = decision.why
        return ("right" if case.targets is None else "dont_know"), why
    name = snapshot.observation.element(decision.ref).name[:60]
    if case.targets is None:
        report.absent_acts += 1
        return "wrong", f"{name!r} ({decision.confidence})"
    hit = await hits(page, snapshot, decision.ref, case)
    return ("right" if hit else "wrong"), f"{name!r} ({decision.confidence})"


async def hits(page: Page, snapshot: Snapshot, ref: int, case: IntentCase) -> bool:
    found = await snapshot.element(ref)
    for selector in case.targets or ():
        place = page.frame_locator(case.frame) if case.frame else page
        wanted = await place.locator(selector).element_handle()
        if await found.evaluate("(found, wanted) => (" + SAME + ")([found, wanted])", wanted):
            return True
    return False


def detect(observation: Observation, question: Question, case: IntentCase) -> tuple[str, str]:
    check = DomTier().detect(observation, question)
    if check.verdict == "undecided":
        return "dont_know", check.evidence
    return ("right" if (check.verdict == "holds") == case.expect else "wrong"), check.evidence
