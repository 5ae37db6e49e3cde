"""MiniWoB++: instructions turned into steps, grounded and acted out in a real browser."""

import asyncio
import importlib.util
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page
from pydantic import JsonValue

from activities.browser.act import ActResult, perform
from activities.browser.aiming import aim
from activities.browser.content import capture_content
from activities.browser.settle import AFTER_LOAD, settle
from activities.browser.snapshot import Snapshot, capture
from inference.cascade import Cascade
from inference.decisions import Decision, Done, DontKnow, Question
from inference.dom.tier import DomTier
from inference.extract.fields import fields_for
from inference.extract.record import extract_record
from inference.turns import done_by, targets
from plans.halts import MAX_TRIES, NEVER_RETRIED
from plans.placeholders import fill_step
from plans.step import Perception, Step, StepType
from tests.benchmarks.perception.planmaker import plan

START = """seed => { Math.seedrandom(String(seed)); core.startEpisodeReal();
  const query = document.getElementById('query');
  for (const icon of query.querySelectorAll('span[class*=icon-]')) {
    const name = /icon-(?!only)([a-z-]+)/.exec(icon.className);
    if (name && !icon.textContent) icon.textContent = '"' + name[1] + '"'; }
  const text = query.innerText;
  query.style.visibility = 'hidden';
  document.getElementById('reward-display').style.visibility = 'hidden'; return text; }"""
SIDE_BY_SIDE = 3
"""Pages played at the same time: an episode mostly waits for its page to come to rest.

All pages have one clipboard, so that those that need it take turns.
"""


@dataclass
class Report:
    """Episodes per task (success, wrong, dont_know) and milliseconds of each grounding."""

    tasks: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    ground_ms: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    notes: list[str] = field(default_factory=list[str])


@dataclass
class Episode:
    """One instruction being played; `values` are what its reading steps read so far."""

    page: Page
    ground_ms: list[float]
    cascade: Cascade = field(default_factory=lambda: Cascade([DomTier()]))
    values: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


def task_folder() -> Path | None:
    """Where the installed MiniWoB++ keeps its tasks; None without it."""
    spec = importlib.util.find_spec("miniwob")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "html" / "miniwob"


async def run(tasks: list[str], seeds: range, browser: Browser, folder: Path) -> Report:
    """Play each task with each seed."""
    report, clipboard = Report(), asyncio.Lock()
    for task in tasks:
        report.tasks[task], report.ground_ms[task] = Counter(), []
    left = list(reversed(tasks))

    async def player() -> None:
        page = await browser.new_page(viewport={"width": 500, "height": 400})
        while left:
            task = left.pop()
            async with clipboard if "paste" in task else nullcontext():
                await _play_task(task, seeds, page, folder, report)
        await page.close()

    await asyncio.gather(*(player() for _ in range(SIDE_BY_SIDE)))
    return report


async def _play_task(task: str, seeds: range, page: Page, folder: Path, report: Report) -> None:
    for seed in seeds:
        await page.goto((folder / f"{task}.html").as_uri())
        utterance: str = await page.evaluate(START, seed)
        await settle(page, timeout_s=3, patience=AFTER_LOAD)
        verdict, note = await _verdict(Episode(page, report.ground_ms[task]), utterance)
        report.tasks[task][verdict] += 1
        if verdict != "success":
            report.notes.append(f"{task} {seed} {verdict}: {utterance} -> {note}")


async def _verdict(episode: Episode, utterance: str) -> tuple[str, str]:
    """Play one instruction: success, wrong, or don't-know where a step was not done.

    An episode that ends unrewarded, or that the plan leaves unfinished, is wrong, except
    where a step stopped (nothing chosen, or the act was not possible) or time ran out.
    """
    steps = plan(utterance)
    if not steps:
        return "dont_know", "the planner can't read it"
    stopped = None
    for step in steps:
        stopped = await _play(episode, fill_step(step, episode.values))
        if stopped is not None or await episode.page.evaluate("WOB_DONE_GLOBAL"):
            break
    done, reward, reason = await episode.page.evaluate(
        "[WOB_DONE_GLOBAL, WOB_RAW_REWARD_GLOBAL, WOB_REWARD_REASON]"
    )
    note = f"{stopped or ''} reward {reward} {reason or ''}"
    if done and reward > 0:
        return "success", note
    halted = reason == "timed out" if done else stopped is not None
    return ("dont_know" if halted else "wrong"), note


async def _play(episode: Episode, step: Step) -> str | None:
    """Do one step as the product does; what stopped it, None when it was done.

    The steps count as required ones: one whose act failed is tried again as a run would.
    """
    if step.type is StepType.EXTRACT_DATA:
        return await _read(episode, step)
    if step.type is StepType.WAIT:
        await asyncio.sleep(step.params.seconds or 0)
        return None
    for _ in range(MAX_TRIES):
        came = await _try(episode, step)
        if not isinstance(came, ActResult):
            return came
        if came.failure_class in NEVER_RETRIED:
            break
    return f"{step.intent!r} failed: {came.message}"


async def _try(episode: Episode, step: Step) -> ActResult | str | None:
    """Look, ask and act until the step is done (None), not known (why) or an act failed."""
    done: tuple[Done, ...] = ()
    while len(done) < step.budget:
        snapshot = await capture(episode.page)
        try:
            decision = await _decide(episode, snapshot, step, done)
            if isinstance(decision, str):
                return decision
            failed = await _act(episode, snapshot, decision)
            if failed is not None or not decision.goes_on:
                return failed
            done += done_by(snapshot.observation, decision)
        finally:
            await snapshot.dispose()
    return f"{step.intent!r}: over budget"


async def _decide(
    episode: Episode, snapshot: Snapshot, step: Step, done: tuple[Done, ...]
) -> Decision | str:
    value = "" if step.params.value is None else str(step.params.value)
    question = Question(step=step, intent=step.intent, value=value, done=done)
    began = time.perf_counter()
    answer = await episode.cascade.decide(snapshot.observation, question, Perception.AUTO)
    episode.ground_ms.append((time.perf_counter() - began) * 1000)
    result = answer.result
    if isinstance(result, Decision):
        return result
    assert isinstance(result, DontKnow)
    names = [one.name for one in result.candidates[:3]]
    return f"don't know {step.intent!r}: {result.reason} {result.why} {names}"


async def _act(episode: Episode, snapshot: Snapshot, decision: Decision) -> ActResult | None:
    """Act on all that the decision names; the first act that failed, None where none did."""
    for one in targets(decision):
        target = await aim(episode.page, snapshot, one)
        result = await perform(
            episode.page,
            target.element,
            one.act,
            one.text,
            onto=target.onto,
            at=target.at,
            timeout_s=5,
        )
        if not result.success:
            return result
    return None


async def _read(episode: Episode, step: Step) -> str | None:
    """An `extract_data` step: its `out_var` holds what was read for later steps."""
    content = await capture_content(episode.page)
    fields = fields_for(content, step)
    record = extract_record(content, fields, step.intent)
    missing = [name for name, read in record.fields.items() if read.value is None]
    if missing:
        return f"not read: {', '.join(missing)}"
    if step.out_var:
        episode.values[step.out_var] = {name: read.value for name, read in record.fields.items()}
    return None
