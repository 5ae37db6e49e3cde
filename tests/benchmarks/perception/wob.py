"""MiniWoB++: instructions turned into steps, grounded and acted out in a real browser."""

import importlib.util
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page

from activities.browser.act import perform
from activities.browser.snapshot import capture
from inference.decisions import DontKnow, Question
from inference.dom.tier import decide
from plans.step import Step
from tests.benchmarks.perception.planmaker import plan

START = """seed => { Math.seedrandom(String(seed)); core.startEpisodeReal();
  const query = document.getElementById('query'); const text = query.innerText;
  query.style.visibility = 'hidden';
  document.getElementById('reward-display').style.visibility = 'hidden'; return text; }"""


@dataclass
class Report:
    """Episodes per task: success, wrong, dont_know."""

    tasks: dict[str, Counter[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def task_folder() -> Path | None:
    """Where the installed MiniWoB++ keeps its tasks; None without it."""
    spec = importlib.util.find_spec("miniwob")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "html" / "miniwob"


async def run(tasks: list[str], seeds: int, browser: Browser, folder: Path) -> Report:
    """Play each task with each seed from 0."""
    report = Report()
    for task in tasks:
        counts = report.tasks.setdefault(task, Counter())
        page = await browser.new_page(viewport={"width": 500, "height": 400})
        for seed in range(seeds):
            await page.goto((folder / f"{task}.html").as_uri())
            utterance: str = await page.evaluate(START, seed)
            verdict, note = await episode(page, utterance)
            counts[verdict] += 1
            if verdict != "success":
                report.notes.append(f"{task} {seed} {verdict}: {utterance} -> {note}")
        await page.close()
    return report


async def episode(page: Page, utterance: str) -> tuple[str, str]:
    """Play one instruction: success, wrong, or don't-know where the tier handed on."""
    note = ""
    for step in plan(utterance):
        note = await play(page, step)
        if note.startswith("don't know"):
            return "dont_know", note
        if await page.evaluate("WOB_DONE_GLOBAL"):
            break
    reward: float = await page.evaluate("WOB_RAW_REWARD_GLOBAL")
    return ("success" if reward > 0 else "wrong"), f"{note} reward {reward}"


async def play(page: Page, step: Step) -> str:
    snapshot = await capture(page)
    value = "" if step.params.value is None else str(step.params.value)
    decision = decide(snapshot.observation, Question(step=step, intent=step.intent, value=value))
    if isinstance(decision, DontKnow):
        names = [one.name for one in decision.candidates[:3]]
        return f"don't know {step.intent!r}: {decision.reason} {decision.why} {names}"
    element = None if decision.ref is None else await snapshot.element(decision.ref)
    result = await perform(page, element, decision.act, decision.text, timeout_s=5)
    await snapshot.dispose()
    return f"{step.intent!r} {decision.act} {decision.ref} {result.message}"
