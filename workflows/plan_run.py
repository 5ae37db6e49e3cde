"""PlanRun: one run of a plan as a Temporal workflow. It decides nothing about pages."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    TimeoutType,
    is_cancelled_exception,
)
from temporalio.exceptions import TimeoutError as ActivityTimeout

with workflow.unsafe.imports_passed_through():
    from plans.calls import Call, CallKind, Finish, Outcome
    from plans.interpreter import Interpreter
    from plans.state import RunState
    from plans.step import FailureClass, HaltClass
    from workflows import interfaces, policies
    from workflows.interfaces import (
        CloseRequest,
        FinishRequest,
        Nothing,
        RunInput,
        RunKey,
        RunSpec,
        SessionEnd,
        SessionRequest,
        StepRequest,
    )
    from workflows.messages import CancelRequest, SessionOpened, SessionRef

_FROM_UI = "cancelled in the Temporal UI"


@workflow.defn(name=interfaces.PLAN_RUN)
class PlanRun:
    """Takes a session, has the interpreter's calls done one by one, and closes the account.

    The terminal state is written by `finish_run` alone, whatever happened before.
    """

    def __init__(self) -> None:
        self._session: SessionRef | None = None
        self._cancel: CancelRequest | None = None
        self._current: asyncio.Task[Outcome] | None = None
        self._hold: workflow.ActivityHandle[SessionEnd] | None = None
        self._opened_at_ms = 0
        self._lost = False

    @workflow.signal
    def session_opened(self, message: SessionOpened) -> None:
        """The lease was taken; a later one (higher epoch) replaces an earlier one."""
        if self._session is None or message.session.epoch > self._session.epoch:
            self._session = message.session

    @workflow.signal
    def cancel(self, message: CancelRequest) -> None:
        """Stop at the next boundary; the running call is interrupted."""
        if self._cancel is None:
            self._cancel = message
            if self._current is not None:
                self._current.cancel()

    @workflow.run
    async def run(self, request: RunInput) -> Finish:
        """Run the plan to its end.

        Args:
            request: names the run; the plan is read from the ledger.

        Returns:
            How the run ended, as written to the ledger.
        """
        spec = await self._load(request.key)
        if spec.refusal is not None:
            return await self._close_account(request.key, spec.refusal, spec.state, 0)
        if spec.plan is None:
            return Finish(status="cancelled", message="the run was terminal before it started")
        interpreter = Interpreter(spec.plan, spec.limits, spec.state)
        try:
            finish = await self._drive(request.key, spec, interpreter)
        except asyncio.CancelledError:
            finish = _cancelled(_FROM_UI)
        except ApplicationError as error:
            finish = Finish(
                status="failed", halt_class=HaltClass.INTERNAL_ERROR, message=error.message
            )
        return await asyncio.shield(
            asyncio.create_task(self._finish(request.key, finish, interpreter.state))
        )

    async def _load(self, run: RunKey) -> RunSpec:
        return await workflow.execute_activity(
            interfaces.LOAD_RUN,
            run,
            result_type=RunSpec,
            start_to_close_timeout=policies.LEDGER_TIMEOUT,
            retry_policy=policies.LEDGER_RETRY,
        )

    async def _drive(self, run: RunKey, spec: RunSpec, interpreter: Interpreter) -> Finish:
        lost = await self._open(run, spec)
        if lost is not None:
            return lost
        while True:
            if self._cancel is not None:
                interpreter.cancel(self._cancel.reason or "cancelled by the caller")
            call = interpreter.next()
            if isinstance(call, Finish):
                return call
            outcome = await self._do(run, spec, call)
            self._lost = outcome.failure_class is FailureClass.BROWSER_LOST
            if self._cancel is None:
                interpreter.apply(call, outcome, self._elapsed_ms())

    async def _open(self, run: RunKey, spec: RunSpec) -> Finish | None:
        """Take the lease; a Finish where that failed or the run was cancelled meanwhile."""
        self._hold = workflow.start_activity(
            interfaces.HOLD_SESSION,
            SessionRequest(run=run, profile_id=spec.profile_id),
            result_type=SessionEnd,
            task_queue=interfaces.BROWSERS_QUEUE,
            start_to_close_timeout=policies.MAX_SESSION,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.SESSION_RETRY,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        hold = self._hold
        await workflow.wait_condition(
            lambda: self._session is not None or self._cancel is not None or hold.done()
        )
        if self._cancel is not None:
            return _cancelled(self._cancel.reason)
        if self._session is None:
            return _not_opened(hold)
        self._opened_at_ms = _now_ms()
        return None

    async def _do(self, run: RunKey, spec: RunSpec, call: Call) -> Outcome:
        """Have one call done; a lost host, an interruption and a fault are outcomes too."""
        if call.kind is CallKind.PAUSE:
            return Outcome(
                success=False,
                failure_class=FailureClass.UNKNOWN,
                message="this build cannot pause a run to ask for input",
            )
        self._current = asyncio.create_task(self._execute(run, spec, call))
        try:
            return await self._current
        except asyncio.CancelledError:
            return self._interrupted()
        except ActivityError as error:
            return self._interrupted() if is_cancelled_exception(error) else _outcome_of(error)
        finally:
            self._current = None

    def _interrupted(self) -> Outcome:
        """A call was cancelled: by our signal, else by a cancel in the Temporal UI."""
        if self._cancel is None:
            self._cancel = CancelRequest(reason=_FROM_UI)
        return Outcome(success=False, message="interrupted")

    async def _execute(self, run: RunKey, spec: RunSpec, call: Call) -> Outcome:
        if self._session is None:
            raise ApplicationError("a step was due before a session was open")
        left = spec.limits.max_time_ms - self._elapsed_ms()
        return await workflow.execute_activity(
            _activity_of(call),
            StepRequest(
                run=run,
                session=self._session,
                call=call,
                perception=spec.perception,
                time_left_ms=left,
            ),
            result_type=Outcome,
            task_queue=self._session.host_queue,
            start_to_close_timeout=policies.step_timeout(call.step, left),
            schedule_to_start_timeout=policies.STEP_PICKUP,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.ONCE,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=call.step.intent[:120],
        )

    async def _finish(self, run: RunKey, finish: Finish, state: RunState) -> Finish:
        """Close the browser first, so that nothing reaches the site after the end."""
        elapsed_ms = self._elapsed_ms()
        await self._release(run)
        return await self._close_account(run, finish, state, elapsed_ms)

    async def _close_account(
        self, run: RunKey, finish: Finish, state: RunState, elapsed_ms: int
    ) -> Finish:
        return await workflow.execute_activity(
            interfaces.FINISH_RUN,
            FinishRequest(run=run, finish=finish, state=state, elapsed_ms=elapsed_ms),
            result_type=Finish,
            start_to_close_timeout=policies.LEDGER_TIMEOUT,
            retry_policy=policies.LEDGER_RETRY,
        )

    async def _release(self, run: RunKey) -> None:
        if self._hold is None or self._hold.done():
            return
        if self._session is None or self._lost:
            self._hold.cancel()
        else:
            try:
                await workflow.execute_activity(
                    interfaces.CLOSE_SESSION,
                    CloseRequest(run=run, session=self._session),
                    result_type=Nothing,
                    task_queue=self._session.host_queue,
                    start_to_close_timeout=policies.CLOSE_TIMEOUT,
                    schedule_to_start_timeout=policies.STEP_PICKUP,
                    retry_policy=policies.ONCE,
                )
            except ActivityError:
                self._hold.cancel()
        try:
            await asyncio.wait_for(self._hold, policies.CLOSE_TIMEOUT.total_seconds())
        except (ActivityError, asyncio.CancelledError, TimeoutError):
            workflow.logger.info("the lease ended with an error; its holder ends by itself")

    def _elapsed_ms(self) -> int:
        return _now_ms() - self._opened_at_ms if self._opened_at_ms else 0


def _now_ms() -> int:
    return int(workflow.now().timestamp() * 1000)


def _activity_of(call: Call) -> str:
    if call.kind is CallKind.RETURN:
        return interfaces.RETURN_TO_LIST
    return call.step.type.value


def _cancelled(reason: str) -> Finish:
    return Finish(
        status="cancelled",
        halt_class=HaltClass.CANCELLED,
        message=reason or "cancelled by the caller",
    )


def _not_opened(hold: workflow.ActivityHandle[SessionEnd]) -> Finish:
    error = hold.exception() if hold.done() and not hold.cancelled() else None
    cause = error.cause if isinstance(error, ActivityError) else None
    message = cause.message if isinstance(cause, ApplicationError) else "no browser could be opened"
    return Finish(status="failed", halt_class=HaltClass.BROWSER_LOST, message=message)


def _outcome_of(error: ActivityError) -> Outcome:
    """What a failed activity means for its step.

    A silent or vanished host, and a session that is gone, are `browser_lost`; a call that
    outlived its time is `nav_timeout`; everything else is a fault of ours: `unknown`.
    """
    cause = error.cause
    if isinstance(cause, ActivityTimeout):
        late = cause.type == TimeoutType.START_TO_CLOSE
        return Outcome(
            success=False,
            failure_class=FailureClass.NAV_TIMEOUT if late else FailureClass.BROWSER_LOST,
            message="the step did not end in its time" if late else "the browser's host is gone",
        )
    if isinstance(cause, ApplicationError):
        lost = cause.type in ("SessionLost", "StaleEpoch")
        return Outcome(
            success=False,
            failure_class=FailureClass.BROWSER_LOST if lost else FailureClass.UNKNOWN,
            message=cause.message,
        )
    return Outcome(success=False, failure_class=FailureClass.UNKNOWN, message="the step was lost")
