"""The lease on a browser session, as the long activity that a run holds."""

import asyncio
import contextlib
import logging
import shutil
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from activities.browser.registry import SessionRegistry
from activities.browser.session import PlaywrightDriver
from activities.errors import ActivityError, SessionLost, StaleEpoch
from activities.heartbeats import heartbeats
from activities.holder.client import HolderClient
from activities.holder.finding import hello_of
from activities.holder.messages import HolderSpec, HolderState
from activities.opening import OpenSession, Reason, SessionOpener
from activities.settings import ActivitySettings
from activities.steps_under_way import StepsUnderWay
from ledger.clock import now_micros
from ledger.errors import SecretUnreadable
from ledger.ledger import Ledger
from workflows.interfaces import (
    CLOSE_SESSION,
    HOLD_SESSION,
    PARK_SESSION,
    CloseRequest,
    Nothing,
    ParkRequest,
    RunKey,
    SessionEnd,
    SessionRequest,
    plan_run_id,
)
from workflows.messages import SessionGone, SessionOpened, SessionRef
from workflows.observing import closing_of, is_unknown_workflow

_BEAT_S = 1.0
_QUIET_S = 1.0
"""A run that is told of the drain sends no more steps; one without any for so long has heard."""
_DRAIN_POLL_S = 0.1
_HAND_OVER_S = 60.0
"""So long a drained browser waits for the next worker."""

log = logging.getLogger("mantis.sessions")


class SessionActivities:
    """Opens sessions on this host, keeps their leases alive, hands them over, closes them."""

    def __init__(
        self,
        client: Client,
        ledger: Ledger,
        settings: ActivitySettings,
        host_queue: str,
        machine_queue: str,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._settings = settings
        self._driver = PlaywrightDriver()
        self._opener = SessionOpener(ledger, settings, self._driver, host_queue, machine_queue)
        self._held: dict[str, OpenSession] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._draining = False
        self.registry = SessionRegistry()
        self.steps = StepsUnderWay()

    @activity.defn(name=HOLD_SESSION)
    async def hold_session(self, request: SessionRequest) -> SessionEnd:
        """Come by a browser for a run, tell its workflow where it is, and hold the lease.

        Returns when the session is closed, parked or handed over, or its browser is lost.
        While this activity lives the lease is renewed; when it does not, the holder cuts the
        network and, after a while, closes the browser by itself.

        Raises:
            ApplicationError: no browser could be had; the type names the error.
        """
        if self._draining:
            raise ApplicationError("this worker is about to end", type="Draining")
        await self._refuse_over(request.run)
        async with heartbeats():
            session = await self._open(request)
            reason: Reason = "closed" if session.is_new else "browser_lost"
            try:
                await self._tell(session, request.run)
                reason = await _kept(session)
            except asyncio.CancelledError:
                reason = await self._why_cancelled(request.run)
                raise
            except ApplicationError:
                session.end("closed")
                reason = "closed"
                raise
            finally:
                await self._let_go(session, reason)
        return SessionEnd(reason=reason)

    @activity.defn(name=CLOSE_SESSION)
    async def close_session(self, request: CloseRequest) -> Nothing:
        """Cut the session's network at once; its browser is closed soon after.

        A parked session of this machine too; one that is gone stays gone.
        """
        session = self._held.get(request.session.session_id)
        if session is not None:
            await _cut(session.holder)
            session.end("closed")
            return Nothing()
        spec = await asyncio.to_thread(self._opener.here, request.session.session_id)
        if spec is None:
            await self._drop_journals(request.run)
        elif (spec.tenant_id, spec.run_id) == _names(request.run):
            await _cut(HolderClient(spec.socket_path))
            self._finish_later(spec)
        return Nothing()

    @activity.defn(name=PARK_SESSION)
    async def park_session(self, request: ParkRequest) -> Nothing:
        """Leave a session's browser to its holder for a while; parking it again is fine.

        Raises:
            ApplicationError: (SessionLost) this worker does not hold it any more.
        """
        ref = request.session
        session = self._held.get(ref.session_id)
        if session is None or session.ref.epoch != ref.epoch:
            if await self._is_parked(ref):
                return Nothing()
            raise _lost(f"session {ref.session_id} is not held by this worker")
        try:
            await self._park(session, request.hold_s)
        except ActivityError as error:
            session.end("browser_lost")
            raise _lost(str(error)) from error
        session.end("parked")
        return Nothing()

    async def drain(self, within_s: float) -> None:
        """Take no more sessions, let the steps that run end, and hand the browsers over.

        Their workflows are told, so that they have them adopted at their next boundary.

        Args:
            within_s: a session that is busy for longer is handed over with its step.
        """
        self._draining = True
        now = asyncio.get_running_loop().time
        began = now()
        await asyncio.gather(*(self._say_drained(session) for session in self._held.values()))
        while self._held and now() < began + within_s:
            for session_id, session in self._held.items():
                if min(self.steps.quiet_s(session_id), now() - began) > _QUIET_S:
                    session.end("drained")
            await asyncio.sleep(_DRAIN_POLL_S)
        for session in self._held.values():
            session.end("drained")

    async def close(self) -> None:
        """Wait for browsers that are closing, and stop the browser driver."""
        if self._closing:
            await asyncio.wait(self._closing)
        await self._driver.stop()

    async def _open(self, request: SessionRequest) -> OpenSession:
        try:
            session = await self._opener.open(request)
        except (ActivityError, SecretUnreadable) as error:
            raise ApplicationError(
                str(error), type=type(error).__name__, non_retryable=True
            ) from error
        self._held[session.ref.session_id] = session
        self.registry.add(session.browser)
        return session

    async def _tell(self, session: OpenSession, run: RunKey) -> None:
        """Mark the run as begun, and tell its workflow where its browser is.

        Raises:
            ApplicationError: the run, or its workflow, is over.
        """
        row = await self._ledger.runs.begin(run.tenant_id, run.run_id, now_micros())
        if row.status.terminal:
            raise _lost("the run is over")
        message = SessionOpened(session=session.ref, how=session.browser.how)
        try:
            await self._workflow(run).signal("session_opened", message)
        except RPCError as error:
            if is_unknown_workflow(error):
                raise _lost("the run's workflow is over") from error
            raise

    async def _why_cancelled(self, run: RunKey) -> Reason:
        """A lease that Temporal has given up while its run goes on is left to be adopted."""
        details = activity.cancellation_details()
        if details is None or details.cancel_requested:
            return "closed"
        if details.worker_shutdown:
            return "drained"
        try:
            return "browser_lost" if await closing_of(self._client, run, 0) is None else "closed"
        except RPCError:
            return "browser_lost"

    async def _refuse_over(self, run: RunKey) -> None:
        """A run that is over, whose workflow was reset from the UI, gets no browser.

        Raises:
            ApplicationError: it is over.
        """
        row = await self._ledger.runs.get(run.tenant_id, run.run_id)
        if row is not None and row.status.terminal:
            raise _lost("the run is over")

    async def _let_go(self, session: OpenSession, reason: Reason) -> None:
        session_id = session.ref.session_id
        self.registry.remove(session.browser)
        if self._held.get(session_id) is session:
            del self._held[session_id]
            self.steps.forget(session_id)
        match reason:
            case "closed":
                taken = await _is_taken(session)
                await session.detach()
                if taken:
                    return
                await self._end(session.spec)
                if session.over.is_set():
                    await self._drop_journals(_run_of(session.spec))
            case "drained":
                with contextlib.suppress(ActivityError):
                    await self._park(session, _HAND_OVER_S)
            case "parked" | "browser_lost":
                # A holder whose worker has lost it is adopted, or ends by itself.
                await session.detach()

    async def _park(self, session: OpenSession, hold_s: float) -> None:
        self.registry.remove(session.browser)
        await session.detach()
        await session.holder.park(session.ref.epoch, hold_s)

    async def _is_parked(self, ref: SessionRef) -> bool:
        spec = await asyncio.to_thread(self._opener.here, ref.session_id)
        hello = await hello_of(spec) if spec is not None else None
        return hello is not None and (hello.state, hello.epoch) == (HolderState.PARKED, ref.epoch)

    async def _say_drained(self, session: OpenSession) -> None:
        run = _run_of(session.spec)
        try:
            gone = SessionGone(session=session.ref, draining=True)
            await self._workflow(run).signal("session_gone", gone)
        except RPCError as error:
            log.info("run %s could not be told of the drain: %s", run.run_id, error)

    def _workflow(self, run: RunKey) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(plan_run_id(run.tenant_id, run.run_id))

    def _finish_later(self, spec: HolderSpec) -> None:
        task = asyncio.create_task(self.discard(spec))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def discard(self, spec: HolderSpec) -> None:
        """Close a browser whose run is over, and remove what only recovery needs."""
        await self._end(spec)
        await self._drop_journals(_run_of(spec))

    async def _end(self, spec: HolderSpec) -> None:
        """Close a browser; the journals are needed by the run's next one as long as it goes on."""
        try:
            await self._opener.discard(spec)
        except ActivityError as error:
            log.warning("session %s is left to its watchdog: %s", spec.session_id, error)

    async def _drop_journals(self, run: RunKey) -> None:
        journals = self._settings.journals_dir(run.tenant_id, run.run_id)
        await asyncio.to_thread(shutil.rmtree, journals, ignore_errors=True)


async def _kept(session: OpenSession) -> Reason:
    """Wait until the session is ended, or its lease or browser is lost."""
    browser = session.browser
    events = (session.over, session.renewals.lost, browser.lost)
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        while not session.over.is_set():
            if session.renewals.lost.is_set() or not await browser.alive():
                browser.lost.set()
                break
            await asyncio.wait(waiting, timeout=_BEAT_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return session.reason


async def _is_taken(session: OpenSession) -> bool:
    """Cut the session's network, unless another worker holds it by now."""
    try:
        await session.holder.cut(session.ref.epoch)
    except StaleEpoch:
        log.info("session %s is held by another worker by now", session.ref.session_id)
        return True
    except ActivityError:
        return False
    return False


async def _cut(holder: HolderClient) -> None:
    with contextlib.suppress(ActivityError):
        await holder.cut()


def _lost(message: str) -> ApplicationError:
    return ApplicationError(message, type=SessionLost.__name__, non_retryable=True)


def _run_of(spec: HolderSpec) -> RunKey:
    return RunKey(tenant_id=spec.tenant_id, run_id=spec.run_id)


def _names(run: RunKey) -> tuple[str, str]:
    return run.tenant_id, run.run_id
