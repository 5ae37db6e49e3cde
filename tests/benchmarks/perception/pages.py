"""Grounding on the labelled pages: right, wrong, don't-know; acts on absent targets."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, ElementHandle, Error, Page
from pydantic import BaseModel, ConfigDict

from activities.browser.snapshot import Snapshot, capture
from inference.decisions import Decision, DontKnow, Question
from inference.dom.tier import DomTier, decide
from inference.observation import Observation
from plans.step import Step, StepType

HITS = """(found, wanted) => found === wanted || wanted.control === found ||
  found.control === wanted || (found.localName === 'label' && found.contains(wanted)) ||
  !!(wanted.shadowRoot && wanted.shadowRoot.contains(found))"""


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


@dataclass(frozen=True)
class Labelled:
    """An intent on a page as seen; `right` are the refs that may be answered."""

    page: str
    case: IntentCase
    observation: Observation
    right: frozenset[int]


@dataclass
class Report:
    """Counts per page, acts on absent targets, and the times of looks and groundings."""

    pages: dict[str, Counter[str]] = field(default_factory=dict)
    absent_acts: int = 0
    absent: int = 0
    look_ms: list[float] = field(default_factory=list)
    ground_ms: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def case_files(pages_dir: Path) -> list[Path]:
    return sorted(pages_dir.absolute().glob("*/cases.json"))


async def run(pages_dir: Path, browser: Browser) -> Report:
    """Ground every intent of every page."""
    report = Report()
    async for labelled in look(pages_dir, browser, report.look_ms):
        verdict, note = judge(labelled, report)
        report.pages.setdefault(labelled.page, Counter())[verdict] += 1
        if verdict != "right":
            case = labelled.case
            report.notes.append(
                f"{labelled.page} {case.id} {verdict}: {case.step.intent} -> {note}"
            )
    return report


async def look(
    pages_dir: Path, browser: Browser, look_ms: list[float] | None = None
) -> AsyncIterator[Labelled]:
    """Every intent with its page as seen; intents with the same setup share one look."""
    for file in case_files(pages_dir):
        cases = PageCases.model_validate_json(file.read_text(encoding="utf-8"))
        setups = dict.fromkeys(tuple(case.setup) for case in cases.intents)
        for setup in setups:
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(10_000)
            await prepare(page, file.parent / "index.html", setup)
            start = time.perf_counter()
            snapshot = await capture(page)
            if look_ms is not None:
                look_ms.append((time.perf_counter() - start) * 1000)
            for case in cases.intents:
                if tuple(case.setup) == setup:
                    right = await right_refs(page, snapshot, case)
                    yield Labelled(cases.page, case, snapshot.observation, right)
            await page.close()


async def prepare(page: Page, file: Path, setup: tuple[str, ...]) -> None:
    await page.goto(file.as_uri())
    await page.wait_for_timeout(150)
    for selector in setup:
        await page.locator(selector).click()
        await page.wait_for_timeout(100)


async def right_refs(page: Page, snapshot: Snapshot, case: IntentCase) -> frozenset[int]:
    """The refs of the elements that the case's targets name, or that operate them."""
    right: set[int] = set()
    for selector in case.targets or ():
        place = page.frame_locator(case.frame) if case.frame else page
        wanted = await place.locator(selector).element_handle()
        right |= await refs_of(snapshot, wanted)
    return frozenset(right)


async def refs_of(snapshot: Snapshot, wanted: ElementHandle) -> set[int]:
    """The refs that stand for an element; only those of its own frame are looked through."""
    found: set[int] = set()
    for starts, handle in zip(snapshot._starts, snapshot._handles, strict=True):
        try:
            places: list[int] = await handle.evaluate(
                f"""(held, wanted) => {{ const hits = {HITS};
                return held.nodes.flatMap((node, at) => hits(node, wanted) ? [at] : []) }}""",
                wanted,
            )
        except Error:
            continue
        found |= {starts.elements + place for place in places}
    return found


def question_of(case: IntentCase) -> Question:
    value = case.step.params.value
    return Question(
        step=case.step, intent=case.step.intent, value="" if value is None else str(value)
    )


def judge(labelled: Labelled, report: Report) -> tuple[str, str]:
    """Ground one intent: the verdict, and what was answered."""
    case, observation = labelled.case, labelled.observation
    start = time.process_time()
    try:
        if case.step.type is StepType.DETECT_VISIBLE:
            return detect(observation, question_of(case), case)
        decision = decide(observation, question_of(case))
    finally:
        report.ground_ms.append((time.process_time() - start) * 1000)
    report.absent += case.targets is None
    acts = isinstance(decision, Decision) and decision.ref is not None
    report.absent_acts += acts and case.targets is None
    return verdict_of(labelled, decision)


def verdict_of(labelled: Labelled, decision: Decision | DontKnow) -> tuple[str, str]:
    """right, wrong or dont_know, and what was answered."""
    absent = labelled.case.targets is None
    if isinstance(decision, DontKnow) or decision.ref is None:
        return ("right" if absent else "dont_know"), decision.why
    name = labelled.observation.element(decision.ref).name[:60]
    hit = {decision.ref, *decision.also} <= labelled.right
    return ("right" if hit else "wrong"), f"{name!r} ({decision.confidence})"


def detect(observation: Observation, question: Question, case: IntentCase) -> tuple[str, str]:
    check = DomTier().detect(observation, question)
    if check.verdict == "undecided":
        return "dont_know", check.evidence
    return ("right" if (check.verdict == "holds") == case.expect else "wrong"), check.evidence
