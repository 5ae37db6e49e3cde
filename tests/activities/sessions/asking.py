"""A workflow in a run's place: it asks for sessions and remembers what it is told."""

import asyncio

from pydantic import Field
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from plans.step import Frozen
from workflows import policies
from workflows.interfaces import (
    HOLD_SESSION,
    PLAN_RUN,
    CloseRequest,
    Nothing,
    ParkRequest,
    SessionEnd,
    SessionRequest,
)
from workflows.messages import SessionGone, SessionOpened


class Hold(Frozen):
    """Ask for a session on a queue."""

    request: SessionRequest
    queue: str


class Ask(Frozen):
    """Ask for its park or its end."""

    activity: str
    request: ParkRequest | CloseRequest
    queue: str


class Seen(Frozen):
    """What was told so far; `ends` by epoch, with the error's type where one came."""

    opened: tuple[SessionOpened, ...] = ()
    gone: tuple[SessionGone, ...] = ()
    ends: dict[int, str] = Field(default_factory=dict)


@workflow.defn(name=PLAN_RUN)
class Asking:
    def __init__(self) -> None:
        self._seen = Seen()
        self._over = False
        self._holds: dict[int, asyncio.Task[None]] = {}

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._over)

    @workflow.signal
    def session_opened(self, message: SessionOpened) -> None:
        self._note(opened=(*self._seen.opened, message))

    @workflow.signal
    def session_gone(self, message: SessionGone) -> None:
        self._note(gone=(*self._seen.gone, message))

    @workflow.signal
    def hold(self, hold: Hold) -> None:
        self._holds[hold.request.epoch] = asyncio.create_task(self._hold(hold))

    @workflow.signal
    def let_go(self, epoch: int) -> None:
        self._holds[epoch].cancel()

    @workflow.update
    async def ask(self, ask: Ask) -> None:
        await workflow.execute_activity(
            ask.activity,
            ask.request,
            result_type=Nothing,
            task_queue=ask.queue,
            start_to_close_timeout=policies.CLOSE_TIMEOUT,
            retry_policy=policies.ONCE,
        )

    @workflow.signal
    def finish(self) -> None:
        self._over = True

    @workflow.query
    def seen(self) -> Seen:
        return self._seen

    async def _hold(self, hold: Hold) -> None:
        try:
            end: SessionEnd = await workflow.execute_activity(
                HOLD_SESSION,
                hold.request,
                result_type=SessionEnd,
                task_queue=hold.queue,
                start_to_close_timeout=policies.MAX_SESSION,
                heartbeat_timeout=policies.HEARTBEAT,
                retry_policy=policies.ONCE,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
            reason: str = end.reason
        except ActivityError as error:
            cause = error.cause
            reason = cause.type or "" if isinstance(cause, ApplicationError) else repr(cause)
        self._note(ends={**self._seen.ends, hold.request.epoch: reason})

    def _note(self, **news: object) -> None:
        self._seen = self._seen.model_copy(update=news)
