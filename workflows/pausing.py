"""A run's pauses: opened in the ledger, answered once, by update or by signal."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from plans.calls import Call
from workflows import interfaces, policies
from workflows.carried import OpenPause
from workflows.interfaces import (
    PauseClosed,
    PauseClosing,
    PauseOpened,
    PauseOpening,
    RunKey,
)
from workflows.messages import Resumed, ResumeRefusal, ResumeRequest, SessionRef
from workflows.stopwatch import now_ms


class Pausing:
    """The pause of a run, if it has one now. `count` is the number of all it has had.

    `current` is being opened or open. An answer may come as soon as a reader of the ledger can
    see the pause, so before `open_pause` has told the workflow; it waits for that.
    """

    def __init__(self, run: RunKey, current: OpenPause | None, count: int) -> None:
        self._run = run
        self.current = current
        self.standing = current is not None
        self.count = count
        self.closed: PauseClosed | None = None
        self._closing = False
        self._taken = ""
        self._resumed: Resumed | None = None

    @property
    def answered(self) -> bool:
        """Whether an answer came, written down already or not."""
        return self._closing or self.closed is not None

    # Opening

    def begin(self, call: Call | None, reason: str, prompt: str = "") -> OpenPause:
        """The pause for this call, or for a request from outside: the same one when asked again.

        `prompt` is what the call itself wants to know, between two of its turns.
        """
        now, key = self.current, call.key if call is not None else None
        if now is not None and key == (now.call.key if now.call is not None else None):
            return now
        self.end()
        self.count += 1
        self.current = OpenPause(
            pause_id=f"p{self.count}",
            call=call,
            needs_input=call is not None,
            reason=reason,
            prompt=prompt,
            since_ms=now_ms(),
        )
        return self.current

    def open(self, session: SessionRef) -> workflow.ActivityHandle[PauseOpened]:
        """Have the host look at the page, take a checkpoint and write the pause down."""
        pause = self.current
        assert pause is not None
        return workflow.start_activity(
            interfaces.OPEN_PAUSE,
            PauseOpening(
                run=self._run,
                session=session,
                pause_id=pause.pause_id,
                call=pause.call,
                reason=pause.reason,
                prompt=pause.prompt,
            ),
            result_type=PauseOpened,
            task_queue=session.host_queue,
            start_to_close_timeout=policies.PAUSE_OPENING,
            schedule_to_start_timeout=policies.STEP_PICKUP,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.ONCE,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"pause {pause.pause_id}",
        )

    def stand(self) -> None:
        """The pause is open: it waits for its answer from now on."""
        assert self.current is not None
        self.current = self.current.model_copy(update={"since_ms": now_ms()})
        self.standing = True

    def end(self) -> None:
        """The pause is over, with its answer or without one."""
        self.current = self.closed = None
        self.standing = self._closing = False

    # Answering

    def check(self, request: ResumeRequest) -> None:
        """Refuse an answer that fits no pause of this run.

        Raises:
            ApplicationError: its type is a `ResumeRefusal`.
        """
        if self._resumed is not None and request.pause_id == self._resumed.pause_id:
            return self._refuse_another(request)
        if self.current is None:
            raise _refusal("NotPaused", "the run is not paused")
        if request.pause_id not in ("", self.current.pause_id):
            raise _refusal(
                "OlderPause", f"the run waits for an answer to pause {self.current.pause_id}"
            )
        if self.current.needs_input and not request.answer and request.user_input is None:
            raise _refusal("InputMissing", "this pause asks for user_input")

    async def answer(self, request: ResumeRequest) -> Resumed:
        """Take an answer in that was checked; a second one gets what the first one got.

        Raises:
            ApplicationError: the pause ended before the answer could be taken in.
        """
        if self._resumed is not None and request.pause_id == self._resumed.pause_id:
            return self._resumed
        pause = self.current
        if pause is None:
            raise _refusal("NotPaused", "the run is not paused")
        if self._closing:
            await workflow.wait_condition(lambda: self._is_over(pause))
            return self._answered(pause, request)
        self._closing, self._taken = True, request.answer
        await workflow.wait_condition(lambda: self.standing or self._is_over(pause))
        if not self._is_current(pause):
            raise _refusal("NotPaused", "the pause ended before it was answered")
        try:
            closed = await self._close(pause, request)
        except ActivityError:
            self._closing = False
            raise
        self._resumed = Resumed(pause_id=pause.pause_id, resumed_at_ms=closed.resumed_at_ms)
        if self._is_current(pause):
            self.closed = closed
        return self._resumed

    def _is_current(self, pause: OpenPause) -> bool:
        """Whether it is this pause still: a cancel may end it while its answer is written down."""
        current = self.current
        return current is not None and current.pause_id == pause.pause_id

    def _is_over(self, pause: OpenPause) -> bool:
        return not self._is_current(pause) or self.closed is not None

    def _answered(self, pause: OpenPause, request: ResumeRequest) -> Resumed:
        if self._resumed is None or self._resumed.pause_id != pause.pause_id:
            raise _refusal("NotPaused", "the pause ended before it was answered")
        self._refuse_another(request)
        return self._resumed

    def _refuse_another(self, request: ResumeRequest) -> None:
        """Refuse an answer that is not the one that was taken in: it would be lost unheard."""
        if request.answer != self._taken:
            raise _refusal("OlderPause", "this pause was answered before, with another answer")

    async def _close(self, pause: OpenPause, request: ResumeRequest) -> PauseClosed:
        return await workflow.execute_activity(
            interfaces.CLOSE_PAUSE,
            PauseClosing(
                run=self._run,
                pause_id=pause.pause_id,
                call=pause.call,
                answer=request.answer,
                user_input=request.user_input,
                in_turns=bool(pause.prompt),
            ),
            result_type=PauseClosed,
            start_to_close_timeout=policies.LEDGER_TIMEOUT,
            retry_policy=policies.LEDGER_RETRY,
            summary=f"the answer to pause {pause.pause_id}",
        )


def _refusal(kind: ResumeRefusal, message: str) -> ApplicationError:
    return ApplicationError(message, type=kind, non_retryable=True)
