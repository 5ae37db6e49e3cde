"""The run's hold on a browser session: taken, taken over, parked, closed, or found to be gone."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from plans.step import Frozen
from workflows import interfaces, policies
from workflows.activity_errors import quietly, sentence_of, type_of
from workflows.interfaces import (
    CloseRequest,
    Nothing,
    ParkRequest,
    RunKey,
    SessionEnd,
    SessionRequest,
)
from workflows.messages import Opening, SessionGone, SessionOpened, SessionRef
from workflows.stopwatch import now_ms, waited

Hold = workflow.ActivityHandle[SessionEnd]


class NotOpened(Frozen):
    """No browser could be had, whatever was tried; `message` is the host's sentence."""

    message: str


class Lease:
    """One run's sessions, one after another, each under a higher epoch than the one before.

    `session` is the one that is open now. The one before it, `previous`, is told to the host
    that is asked for the next one.
    """

    def __init__(
        self, run: RunKey, profile_id: str, previous: SessionRef | None, epoch: int
    ) -> None:
        self._run = run
        self._profile_id = profile_id
        self.session: SessionRef | None = None
        self.previous = previous
        self.epoch = epoch
        self._opened: SessionOpened | None = None
        self._hold: Hold | None = None
        self._former: Hold | None = None
        self._gone = False
        self._draining = False

    # What is told

    def opened(self, message: SessionOpened) -> None:
        """The session that was asked for last can be driven; what older asks gave is late."""
        if message.session.epoch == self.epoch:
            self._opened = message

    def gone(self, message: SessionGone) -> None:
        """Whoever held this session is dead, or is about to end."""
        session = self.session or (self._opened.session if self._opened is not None else None)
        if session is None or message.session.epoch != session.epoch:
            return
        if message.session.session_id == session.session_id:
            self._draining = self._draining or message.draining
            self._gone = self._gone or not message.draining

    def lose(self) -> None:
        """A call has found that the session can't be driven any more."""
        self._gone = self.session is not None

    # How it stands

    @property
    def open(self) -> bool:
        """Whether the next call can be made on a session."""
        return self.session is not None and not self.lost and not self.leaving

    @property
    def lost(self) -> bool:
        """Whether the session is gone, and with it the call that runs on it."""
        return self.session is not None and (self._gone or self._end() == "browser_lost")

    @property
    def leaving(self) -> bool:
        """Whether another worker is to take over at the next boundary; a call may end first."""
        given_up = self._draining or self._end() in ("closed", "parked", "drained")
        return self.session is not None and given_up

    def _end(self) -> str | None:
        """Why the lease of the open session ended; a worker that fell silent has lost it."""
        hold = self._hold
        if hold is None or not hold.done():
            return None
        if hold.cancelled() or hold.exception() is not None:
            return "browser_lost"
        return hold.result().reason

    # Taking it

    async def take(
        self, until: Callable[[], bool], left_ms: Callable[[], int] | None
    ) -> Opening | NotOpened | None:
        """Have a session opened, or the previous one taken over, on its machine if that can.

        Args:
            until: ends the waiting when it becomes true.
            left_ms: milliseconds that may be waited; None waits as long as it takes.

        Returns:
            How it came to be, or why there is none; None when the waiting was ended.
        """
        self._retire()
        message = "no browser could be opened"
        for pause in policies.OPENING_PAUSES:
            if pause and await waited(until, lambda pause=pause: _ms(pause)):
                return None
            for queue, pickup in self._offers():
                hold = self._ask(queue, pickup)
                answered = await waited(lambda hold=hold: self._answered(hold, until), left_ms)
                if self._opened is not None:
                    return self._take_in(self._opened)
                if not answered or until():
                    return None
                message = sentence_of(hold) or message
                if type_of(hold) in policies.NEVER_OPENED:
                    return NotOpened(message=message)
        return NotOpened(message=message)

    def _retire(self) -> None:
        if self.session is not None:
            self.previous, self._former = self.session, self._hold
        self.session = self._opened = self._hold = None
        self._gone = self._draining = False

    def _offers(self) -> list[tuple[str, timedelta | None]]:
        """Queues to ask in turn, and how long each may take to hear of it."""
        anywhere = (interfaces.BROWSERS_QUEUE, None)
        if self.previous is None:
            return [anywhere]
        return [(self.previous.machine_queue, policies.MACHINE_PICKUP), anywhere]

    def _ask(self, queue: str, pickup: timedelta | None) -> Hold:
        self.epoch += 1
        self._opened = None
        after = f", after epoch {self.previous.epoch}" if self.previous is not None else ""
        hold = workflow.start_activity(
            interfaces.HOLD_SESSION,
            SessionRequest(
                run=self._run,
                profile_id=self._profile_id,
                epoch=self.epoch,
                previous=self.previous,
            ),
            result_type=SessionEnd,
            task_queue=queue,
            start_to_close_timeout=policies.MAX_SESSION,
            schedule_to_start_timeout=pickup,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.ONCE,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"hold the browser, epoch {self.epoch}{after}",
        )
        self._hold = quietly(hold)
        return hold

    def _answered(self, hold: Hold, until: Callable[[], bool]) -> bool:
        return self._opened is not None or hold.done() or until()

    def _take_in(self, opened: SessionOpened) -> Opening:
        """Drive this one from now on; another browser that may still live is given up."""
        self.session = opened.session
        moved = self.previous is None or self.previous.session_id != opened.session.session_id
        if self._former is not None and moved:
            self._former.cancel()
        self._former = None
        return opened.how

    # Giving it up

    async def park(self, hold_s: float) -> None:
        """Leave the session to its holder, so that no worker is bound by it."""
        session, hold = self.session, self._hold
        if session is None or hold is None or not self.open:
            return
        try:
            await workflow.execute_activity(
                interfaces.PARK_SESSION,
                ParkRequest(run=self._run, session=session, hold_s=hold_s),
                result_type=Nothing,
                task_queue=session.host_queue,
                start_to_close_timeout=policies.PARKING,
                schedule_to_start_timeout=policies.CLOSE_PICKUP,
                retry_policy=policies.ONCE,
                summary=f"leave the browser to its holder for {hold_s:g} s",
            )
        except ActivityError as error:
            workflow.logger.info("the session could not be parked: %s", error.cause)
        await waited(hold.done, lambda: _ms(policies.CLOSE_PICKUP))
        self._retire()

    async def close(self) -> None:
        """Cut the session's network and close its browser.

        When no worker does so, its lease is over before this returns, and with it the network.
        """
        asked_ms = now_ms()
        await self._stop_opening()
        session, bound = self.session or self.previous, self.session is not None
        if session is None:
            return
        host = [session.host_queue] if bound and not self.lost and self._end() is None else []
        for queue in (*host, session.machine_queue):
            if await self._closed(session, queue):
                return
        if bound:
            if self._hold is not None:
                self._hold.cancel()
            over_ms = asked_ms + _ms(policies.LEASE_OVER)
            await waited(lambda: False, lambda: over_ms - now_ms())

    async def _stop_opening(self) -> None:
        """A session that is just being opened is told to end before it loads a page."""
        hold = self._hold
        if self.session is None and hold is not None and not hold.done():
            hold.cancel()
            await waited(hold.done, lambda: _ms(policies.LEASE_OVER))

    async def _closed(self, session: SessionRef, queue: str) -> bool:
        try:
            await workflow.execute_activity(
                interfaces.CLOSE_SESSION,
                CloseRequest(run=self._run, session=session),
                result_type=Nothing,
                task_queue=queue,
                start_to_close_timeout=policies.CLOSE_TIMEOUT,
                schedule_to_start_timeout=policies.CLOSE_PICKUP,
                retry_policy=policies.ONCE,
                summary="cut the network, close the browser",
            )
        except ActivityError as error:
            workflow.logger.info("the session was not closed by its worker: %s", error.cause)
            return False
        return True


def _ms(time: timedelta) -> int:
    return int(time.total_seconds() * 1000)
