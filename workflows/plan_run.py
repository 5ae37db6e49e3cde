"""PlanRun: one run of a plan as a Temporal workflow. It decides nothing about pages."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from plans.calls import Finish, Money
    from plans.state import RunState
    from plans.step import HaltClass
    from workflows import interfaces, policies
    from workflows.asked import FROM_UI, Asked
    from workflows.carried import Carried
    from workflows.course import Course
    from workflows.decomposing import decomposed
    from workflows.interfaces import Decomposed, FinishRequest, RunInput, RunSpec
    from workflows.lease import Lease
    from workflows.messages import (
        CancelRequest,
        PauseRequest,
        Resumed,
        ResumeRequest,
        SessionGone,
        SessionOpened,
    )
    from workflows.pausing import Pausing
    from workflows.stopwatch import now_ms
    from workflows.story import Story

_CANCEL, _PAUSE, _RESUME = CancelRequest(), PauseRequest(), ResumeRequest()
"""What a signal says that an operator sends without a message, or with `null`."""


@workflow.defn(name=interfaces.PLAN_RUN)
class PlanRun:
    """Has the calls of a plan made one by one on a browser session, and closes the account.

    The terminal state is written by `finish_run` alone, whatever happened before. A signal may
    come without its message: from the Temporal UI, where a handler that fails would stop the run.
    """

    @workflow.init
    def __init__(self, request: RunInput) -> None:
        self._run = request.key
        self._carried = request.carried
        now = request.carried
        self._asked = Asked(now.cancel if now else None, now.pause_request if now else None)
        self._pausing = Pausing(self._run, now.pause if now else None, now.pauses if now else 0)
        self._state = now.state if now else RunState.start()
        self._used_ms = now.used_ms if now else 0
        self._story: Story | None = None
        self._course: Course | None = None

    @workflow.signal
    def session_opened(self, message: SessionOpened | None = None) -> None:
        """The lease was taken."""
        if self._course is not None and message is not None:
            self._course.lease.opened(message)

    @workflow.signal
    def session_gone(self, message: SessionGone | None = None) -> None:
        """The session's worker is dead, or is about to end."""
        if self._course is not None and message is not None:
            self._course.lease.gone(message)

    @workflow.signal
    def cancel(self, message: CancelRequest = _CANCEL) -> None:
        """Stop at the next boundary; the running call is interrupted."""
        self._asked.cancelled((message or _CANCEL).reason)

    @workflow.signal
    def pause(self, message: PauseRequest = _PAUSE) -> None:
        """Pause at the next boundary; a run that is paused stays as it is."""
        if self._asked.pause is None and self._pausing.current is None:
            self._asked.pause = message or _PAUSE

    @workflow.update
    async def resume(self, request: ResumeRequest) -> Resumed:
        """Answer the pause; the answer of the update says that it is written down."""
        return await self._pausing.answer(request)

    @resume.validator
    def check_resume(self, request: ResumeRequest) -> None:
        """Refuse what fits no pause of this run; the error's type is a `ResumeRefusal`."""
        self._pausing.check(request)

    @workflow.signal(name="resume")
    async def resume_by_signal(self, request: ResumeRequest = _RESUME) -> None:
        """As the update, for operators; what it would refuse has no effect here."""
        request = request or _RESUME
        try:
            self._pausing.check(request)
            await self._pausing.answer(request)
        except (ActivityError, ApplicationError) as refusal:
            workflow.logger.warning("a resume had no effect: %s", refusal)

    @workflow.run
    async def run(self, request: RunInput) -> Finish:
        """Run the plan to its end, in as many histories as that takes.

        Args:
            request: names the run, and says where it stood when its last history ended.

        Returns:
            How the run ended, as written to the ledger.
        """
        end = await self._to_the_end()
        if isinstance(end, Carried):
            workflow.continue_as_new(request.model_copy(update={"carried": end}))
        if end is None:
            return Finish(status="cancelled", message="the run was terminal before it started")
        closing = asyncio.create_task(self._close_account(end))
        try:
            return await asyncio.shield(closing)
        except asyncio.CancelledError:
            if workflow.cancellation_reason() is None:
                raise
            return await closing

    async def _to_the_end(self) -> Finish | Carried | None:
        """How the run ended, or where its next history begins; None: it was over before."""
        try:
            spec = await self._load()
            paid = Money()
            if spec.in_words and spec.refusal is None:
                made = await self._decomposed(spec)
                if made.refusal is not None:
                    return made.refusal
                spec, paid = await self._load(), made.cost
                if spec.in_words and spec.refusal is None:
                    raise ApplicationError("the run's plan is in words still")
            start = self._carried or _first(spec, self._used_ms, paid)
            self._state = start.state
            if spec.plan is None and spec.refusal is None:
                await self._lease_left().close()
                return None
            self._story = self._story or Story(self._run, spec)
            self._story.follows(spec.plan)
            if spec.refusal is not None:
                return spec.refusal
            self._course = Course(self._run, spec, start, self._asked, self._pausing, self._story)
            return await self._course.run()
        except (asyncio.CancelledError, ActivityError):
            if workflow.cancellation_reason() is None:
                raise
            return Finish(status="cancelled", halt_class=HaltClass.CANCELLED, message=FROM_UI)
        except ApplicationError as error:
            return Finish(
                status="failed", halt_class=HaltClass.INTERNAL_ERROR, message=error.message
            )
        except Exception as fault:  # the edge of a run: a fault of ours must not leave it stuck
            workflow.logger.exception("a fault ends the run")
            return Finish(
                status="failed",
                halt_class=HaltClass.INTERNAL_ERROR,
                message=f"a fault of ours ended the run ({type(fault).__name__}); the log has it",
            )

    async def _load(self) -> RunSpec:
        return await workflow.execute_activity(
            interfaces.LOAD_RUN,
            self._run,
            result_type=RunSpec,
            start_to_close_timeout=policies.LEDGER_TIMEOUT,
            retry_policy=policies.LEDGER_RETRY,
            summary="read the plan from the ledger",
        )

    async def _decomposed(self, spec: RunSpec) -> Decomposed:
        """The run's first step, where its plan is in words."""
        self._story = Story(self._run, spec)
        self._story.stands("running", "its plan in words is made into steps")
        began_ms = now_ms()
        made = await decomposed(self._run, self._asked, spec.limits.max_time_ms)
        self._used_ms = now_ms() - began_ms
        return made

    def _lease_left(self) -> Lease:
        """The session that is open, or that the last history has left to its holder."""
        if self._course is not None:
            return self._course.lease
        carried = self._carried
        if carried is None:
            return Lease(self._run, "", None, 0)
        return Lease(self._run, "", carried.session, carried.epoch)

    async def _close_account(self, finish: Finish) -> Finish:
        """Close the browser first, so that nothing reaches the site after the end."""
        course, carried = self._course, self._carried
        used_ms = course.watch.used_ms if course else self._used_ms
        state = course.interpreter.state if course else self._state
        self._pausing.end()
        question = course.under_way.drop() if course is not None else None
        await self._lease_left().close()
        if question is not None:
            await question.settled()
        if course is not None:
            await course.marks.sent()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._story is not None:
            self._story.ends(finish, state)
        return await workflow.execute_activity(
            interfaces.FINISH_RUN,
            FinishRequest(
                run=self._run,
                finish=finish,
                state=state,
                elapsed_ms=used_ms,
                anchor=course.place.anchor if course else carried.anchor if carried else None,
                acted=course.place.acted if course else carried.acted if carried else False,
            ),
            result_type=Finish,
            start_to_close_timeout=policies.LEDGER_TIMEOUT,
            retry_policy=policies.LEDGER_RETRY,
            summary=f"write down the end: {finish.status}",
        )


def _first(spec: RunSpec, used_ms: int, paid: Money) -> Carried:
    """A run that begins: on an empty page, which can be restored, or where another one ended.

    `used_ms` and `paid` went into making its words into steps.
    """
    spec.state.counters.cost += paid
    start = spec.state.model_copy(deep=True)
    anchor = spec.anchor if spec.state.visits else start
    return Carried(state=spec.state, anchor=anchor, acted=spec.acted, used_ms=used_ms)
