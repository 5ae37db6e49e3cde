"""Runs one step call: the frame around every step's own code."""

import asyncio
import logging
import secrets
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from playwright.async_api import Error as PlaywrightError
from temporalio import activity

from activities.asks_store import AsksStore
from activities.browser.picture_texts import PictureTexts
from activities.browser.registry import SessionRegistry
from activities.browser.session import BrowserSession
from activities.errors import ActivityError, SessionLost
from activities.heartbeats import heartbeats
from activities.memory import Memory
from activities.patience import patiently
from activities.settings import ActivitySettings
from activities.steps import acting, extracting, looking, navigation
from activities.steps.acts import ClaimedElsewhere
from activities.steps.again import decide_again
from activities.steps.boundary import Boundaries
from activities.steps.context import StepContext
from activities.steps.ending import check
from activities.steps.masking import NOTHING
from activities.steps.record import Recorded, record, recorded
from activities.steps.remembering import Remembering
from activities.steps.report import Report, failed
from activities.steps.screenshot import take_screenshot
from activities.steps.task.step import run_task
from activities.steps.turns.beginning import asking_of
from activities.steps.turns.between import carried, forget, kept_report, report_so_far, told_by
from activities.steps.turns.remote import RemoteChecker, RemoteTier
from activities.steps.turns.suspending import KeepsChanging, Suspended
from activities.steps.values import RunValues
from inference.cascade import Cascade
from inference.checks.asking import Checks, DomChecker
from ledger.errors import LedgerAway, LedgerFull, SecretUnreadable
from ledger.ledger import Ledger
from plans.calls import Ask, Outcome, Verdict
from plans.placeholders import fill_step, names_in_step
from plans.step import FailureClass, Step, StepType
from plans.waiting import most_seconds
from workflows.interfaces import RETURN_TO_LIST, StepRequest

_LONGEST_STEP_S = 60.0
_LEAST_STEP_S = 1.0
_NEWS_S = 0.3
_LONGEST_NOTE = 300
_CLAIMED = "another try of this step may have done it: it is not done a second time"

StepCode = Callable[[StepContext], Awaitable[Report]]

CODE: Mapping[StepType, StepCode] = {
    StepType.NAVIGATE: navigation.navigate_to,
    StepType.NAVIGATE_BACK: navigation.navigate_back,
    StepType.PAGINATE: navigation.paginate,
    StepType.WAIT: navigation.wait,
    StepType.CLICK: acting.click,
    StepType.FILL_FIELD: acting.act,
    StepType.TYPE_TEXT: acting.type_text,
    StepType.SELECT_OPTION: acting.act,
    StepType.SUBMIT: acting.act,
    StepType.FILTER: acting.act,
    StepType.KEY_PRESS: acting.act,
    StepType.SCROLL: acting.scroll,
    StepType.LOOP: looking.loop,
    StepType.DETECT_VISIBLE: looking.detect_visible,
    StepType.IF_ELSE: looking.detect_visible,
    StepType.EXTRACT_URL: extracting.extract_url,
    StepType.EXTRACT_DATA: extracting.extract_data,
    StepType.EXTRACT_ROWS: extracting.extract_rows,
    StepType.TASK: run_task,
}
"""The code of each step type; a pause is the workflow's affair."""

log = logging.getLogger("mantis.steps")


class StepRunner:
    """The step activities of one host."""

    def __init__(
        self,
        ledger: Ledger,
        registry: SessionRegistry,
        cascade: Cascade,
        settings: ActivitySettings,
        checks: Checks | None = None,
        pictures: PictureTexts | None = None,
        store: AsksStore | None = None,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._cascade = cascade
        self._checks = checks or Checks((DomChecker(),))
        self._pictures = pictures or PictureTexts(None)
        self._store = store or AsksStore(settings.data_dir)
        self._settings = settings
        self._values = RunValues(ledger)
        self.memory = Memory(ledger, settings)
        self._boundaries = Boundaries()

    def activities(self) -> Sequence[Callable[[StepRequest], Awaitable[Outcome]]]:
        """One activity a step type, by its name, and `return_to_list`."""
        named = [self._activity(kind.value, code) for kind, code in CODE.items()]
        return [*named, self._activity(RETURN_TO_LIST, navigation.return_to_list)]

    def _activity(self, name: str, code: StepCode) -> Callable[[StepRequest], Awaitable[Outcome]]:
        @activity.defn(name=name)
        async def run(request: StepRequest) -> Outcome:
            return await self.run(request, code)

        return run

    async def run(self, request: StepRequest, code: StepCode) -> Outcome:
        """Run a step's code within its time, check what it must lead to, and write it down.

        A call that was written down before is answered as it was.
        """
        started = time.monotonic()
        async with heartbeats():
            if (known := await patiently(partial(recorded, self._ledger, request))) is not None:
                return known
            context: StepContext | None = None
            gate: Verdict | None = None
            ask: Ask | None = None
            try:
                context = await self._context(request)
                context.memory.go_on(context.asks.now.lessons)
                report = await _until_lost(context.session, self._carry_out(context, code))
                if report.success and not report.exhausted:
                    report, gate = await check(context, report)
                context.notes += _news(context.session)
            except Suspended as suspended:
                assert context is not None
                ask, report = suspended.ask, report_so_far(context)
                context.notes += _news(context.session)
            except ActivityError as error:
                report = failed(FailureClass.BROWSER_LOST, str(error))
            except ClaimedElsewhere:
                report = failed(FailureClass.OUTCOME_UNKNOWN, _CLAIMED)
            except PlaywrightError as error:
                report = await _browser_failure(context, error)
            except SecretUnreadable as error:
                report = failed(FailureClass.UNKNOWN, str(error))
            except (LedgerAway, LedgerFull):
                # The call is lost as with its worker, and made again.
                raise
            except TimeoutError:
                report = failed(FailureClass.NAV_TIMEOUT, "the step did not end in its time")
            except Exception:  # the activity boundary: a fault of ours fails the step, named by id
                fault = secrets.token_hex(4)
                told = (context.mask if context else NOTHING).text(traceback.format_exc())
                log.error("fault %s in step %s\n%s", fault, request.call.key, told)
                report = failed(FailureClass.UNKNOWN, f"internal fault {fault}; the log has it")
            duration_ms = round((time.monotonic() - started) * 1000)
            if ask is not None:
                done = Recorded(request, context, report, None, duration_ms, ask=ask)
                return await self._write_down(done)
            screenshot = await self._screenshot(context, report, gate)
            sights = await self._sights(context)
            done = Recorded(request, context, report, gate, duration_ms, screenshot, sights)
            return await self._write_down(done)

    async def _write_down(self, done: Recorded) -> Outcome:
        """Record the call with the checkpoint after it and what became of its claim."""
        context = done.context
        if context is None or done.lost:
            return await patiently(partial(record, self._ledger, done))
        try:
            boundary = await self._boundaries.take(context)
        except SessionLost as error:
            lost = failed(FailureClass.BROWSER_LOST, str(error))
            done = replace(done, report=lost, gate=None, ask=None)
            return await patiently(partial(record, self._ledger, done))
        state = context.acts.settled(done.report)
        done = replace(done, boundary=boundary, claim_state=state)
        if done.ask is not None:
            anchor = boundary.anchor if boundary is not None else None
            done = replace(done, progress=await carried(context, done.duration_ms, anchor))
        outcome = await patiently(partial(record, self._ledger, done))
        if boundary is not None:
            self._boundaries.written(context, boundary)
        if done.ask is None:
            context.memory.settle(done.report, done.gate)
        await forget(context, None if done.ask is None else done.progress)
        return outcome

    async def _screenshot(
        self, context: StepContext | None, report: Report, gate: Verdict | None
    ) -> str | None:
        """Of a step that failed or whose gate did not hold, while its browser lives."""
        fine = report.success and gate in (None, "holds")
        if context is None or fine or report.failure_class is FailureClass.BROWSER_LOST:
            return None
        run = context.run
        return await take_screenshot(context, self._settings.run_dir(run.tenant_id, run.run_id))

    async def _sights(self, context: StepContext | None) -> str | None:
        """What the tiers saw, for people who ask why."""
        if context is None:
            return None
        run = context.run
        await context.sights.take_up(self._store, run, context.asks.now.looks)
        return await context.sights.write(self._settings.run_dir(run.tenant_id, run.run_id))

    async def _carry_out(self, context: StepContext, code: StepCode) -> Report:
        crashed = await context.session.take_crash()
        if crashed and context.step.type is not StepType.NAVIGATE:
            return failed(FailureClass.BROWSER_LOST, "the page crashed before this step")
        async with asyncio.timeout_at(context.deadline):
            if (refused := context.asks.over_budget()) is not None:
                return failed(FailureClass.LIMIT_EXCEEDED, refused.message)
            kept = await kept_report(context)
            if kept is not None and not context.request.stepped_back:
                return kept
            decided = await decide_again(context)
            if decided is not None:
                return await told_by(context, decided)
            try:
                return await code(context)
            except KeepsChanging as changing:
                return failed(FailureClass.WRONG_TARGET, context.mask.text(str(changing)))

    async def _context(self, request: StepRequest) -> StepContext:
        session = self._registry.get(request.session.session_id, request.session.epoch)
        await session.ready()
        step = request.call.step
        session.intent = step.intent
        most = max(_LEAST_STEP_S, min(_longest(step), request.time_left_ms / 1000))
        values = await self._values.read(request.run, names_in_step(step))
        filled = fill_step(step, values.known)
        asking = asking_of(request, session, self._store.of_call(request.call.whole_key), values)
        models = asking.asks.models
        return StepContext(
            request=request,
            step=filled,
            asks=asking.asks,
            asking=asking,
            bounds=asking.bounds,
            notes=asking.asks.notes,
            shown=fill_step(step, values.shown),
            mask=values.mask,
            memory=Remembering(
                self.memory,
                request.run.tenant_id,
                planned=step,
                values=values.known,
                mask=values.mask,
                perception=request.perception,
            ),
            resumed_from=values.resumed_from,
            session=session,
            ledger=self._ledger,
            settings=self._settings,
            cascade=self._cascade.joined_by([RemoteTier(name, asking) for name in models]),
            checks=self._checks.joined_by([RemoteChecker(name, asking) for name in models]),
            pictures=self._pictures,
            deadline=asyncio.get_running_loop().time() + most,
        )


def _longest(step: Step) -> float:
    if step.type is StepType.WAIT:
        return most_seconds(step) + _LONGEST_STEP_S / 2
    return _LONGEST_STEP_S


def _news(session: BrowserSession) -> list[str]:
    """What happened during the step without being asked for: dialogs, tabs, downloads."""
    return [f"{event.kind}: {event.detail}"[:_LONGEST_NOTE] for event in session.take_events()]


async def _until_lost(session: BrowserSession, work: Awaitable[Report]) -> Report:
    """Wait for the work, but not longer than the browser lives."""
    task = asyncio.ensure_future(work)
    lost = asyncio.ensure_future(session.lost.wait())
    try:
        await asyncio.wait({task, lost}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        return failed(FailureClass.BROWSER_LOST, "the browser is gone")
    finally:
        lost.cancel()
        task.cancel()
        await asyncio.gather(task, lost, return_exceptions=True)


async def _browser_failure(context: StepContext | None, error: PlaywrightError) -> Report:
    """What an error of the driver means: a crashed page and a closed browser are lost."""
    session = context.session if context else None
    if session is not None and (session.lost.is_set() or await session.take_crash(_NEWS_S)):
        return failed(FailureClass.BROWSER_LOST, "the page or the browser crashed")
    if session is not None and session.page.is_closed():
        return failed(FailureClass.BROWSER_LOST, "the tab was closed")
    mask = context.mask if context else NOTHING
    log.warning("the driver failed: %s", mask.text(error.message))
    return failed(FailureClass.UNKNOWN, "the page did not let the step be carried out")
