"""The end of a task: its verify clause, decided by the page and the files, and its record."""

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from playwright.async_api import Error
from pydantic import JsonValue

from activities.browser.content import capture_content
from activities.steps.context import StepContext
from activities.steps.report import Report, failed
from inference.checks.page import Page
from inference.task.verifying import Standing, holds, negative
from plans.step import FailureClass, TierName
from plans.suite import Verify, VerifyType
from plans.task import TaskSpec

_PATIENCE_S: Final = 6.0
_PAUSE_S: Final = 0.25
_STILL_S: Final = 0.8
_LONGEST_SAID: Final = 300


class Stop(StrEnum):
    """Why nothing more is done about a task."""

    ENDED = "ended"
    """Whoever worked on it says that it is done."""
    USED_UP = "used_up"
    """All of its steps were done."""
    FAILED = "failed"
    """It could not go on."""


@dataclass(frozen=True)
class Stopped:
    """How the work on a task stopped.

    `failure` says why it could not go on, `said` what its worker said last, `steps` how many
    acts were done. `files` are the downloads that were there before it.
    """

    why: Stop
    steps: int
    tier: TierName | None = None
    failure: Report | None = None
    said: str = ""
    files: tuple[str, ...] = ()


async def end(context: StepContext, task: TaskSpec, stopped: Stopped) -> Report:
    """The report of a task: what was verified decides, where there is something to verify.

    A task that could not go on has failed whatever the page shows, except where only the
    outcome of its last act is unknown, and the page shows that it was done.
    """
    verdict = None if task.verify is None else await verified(context, task.verify, stopped.files)
    passed = stopped.why is Stop.ENDED if verdict is None else verdict
    failure = _failure(task, stopped, verdict)
    if stopped.why is Stop.FAILED:
        unknown = failure is not None and failure.failure_class is FailureClass.OUTCOME_UNKNOWN
        passed = unknown and verdict is True and task.verify is not None
        passed = passed and not (task.verify is not None and negative(task.verify))
    said = f"it says: {context.mask.text(stopped.said)[:_LONGEST_SAID]}" if stopped.said else ""
    report = Report(message=said) if passed or failure is None else failure
    shown = _shown(context, task, passed=passed, verdict=verdict, steps=stopped.steps)
    return replace(report, tier=stopped.tier, data=shown)


def refused(context: StepContext, task: TaskSpec, report: Report) -> Report:
    """The report of a task that was not begun."""
    return replace(report, data=_shown(context, task, passed=False, verdict=False, steps=0))


def _shown(
    context: StepContext, task: TaskSpec, *, passed: bool, verdict: bool | None, steps: int
) -> JsonValue:
    """A task as the result of its run shows it."""
    clause = task.verify
    verify: JsonValue = None
    if clause is not None:
        verify = {"type": clause.type.value, "value": clause.value, "passed": verdict}
    return {
        "task_id": task.task_id,
        "success": passed,
        "steps": steps,
        "verify": verify,
        "final_url": context.page.url[:2000],
    }


async def verified(context: StepContext, clause: Verify, before: tuple[str, ...]) -> bool:
    """Whether a clause holds; a page that is still changing gets a few seconds.

    What holds because something is not there has to hold for a moment.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + context.time_left(_PATIENCE_S)
    since: float | None = None
    while True:
        found = await _holds(context, clause, before)
        now = loop.time()
        since = (since if since is not None else now) if found else None
        if since is not None and (not negative(clause) or now >= since + _STILL_S):
            return True
        if now >= deadline:
            return False
        await asyncio.sleep(_PAUSE_S)


def files_now(context: StepContext) -> tuple[str, ...]:
    """The names of the files that the session's pages have handed out."""
    folder = context.session.downloads.folder
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.is_file()))


async def _holds(context: StepContext, clause: Verify, before: tuple[str, ...]) -> bool:
    page = context.page
    match clause.type:
        case VerifyType.URL_CONTAINS | VerifyType.URL_NOT_CONTAINS:
            return holds(clause, Standing(page.url, ""))
        case VerifyType.DOWNLOAD_EXISTS:
            await context.session.downloads.finished(_PAUSE_S)
            new = tuple(name for name in files_now(context) if name not in before)
            return holds(clause, Standing(page.url, "", new))
        case VerifyType.PAGE_CONTAINS_TEXT | VerifyType.PAGE_NOT_CONTAINS_TEXT:
            try:
                content = await capture_content(page)
            except Error:
                return False
            text = await asyncio.to_thread(lambda: Page(content).tree.visible_text)
            return holds(clause, Standing(page.url, text, whole=content.complete))


def _failure(task: TaskSpec, stopped: Stopped, verdict: bool | None) -> Report | None:
    if stopped.failure is not None:
        return stopped.failure
    if stopped.why is Stop.USED_UP and not verdict:
        count = f"all {task.max_steps} steps were done"
        return failed(FailureClass.BUDGET_EXHAUSTED, f"{count}, and the task is not")
    if verdict is False and task.verify is not None:
        clause = task.verify
        return failed(
            FailureClass.VERIFY_FAILED, f"{clause.type.value} {clause.value!r} does not hold"
        )
    return None
