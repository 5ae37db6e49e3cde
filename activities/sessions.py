"""The lease on a browser session, as the long activity that a run holds."""

import asyncio
import hashlib
import logging
import os
import uuid
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.browser.session import BrowserSession, PlaywrightDriver, SessionRegistry
from activities.errors import ActivityError, LaunchFailed, SessionLost, StaleEpoch
from activities.heartbeats import heartbeats
from activities.holder.client import HolderClient, start_holder
from activities.holder.messages import HolderSpec, HolderState
from activities.leftovers import remove_session
from activities.settings import ActivitySettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import RunStatus
from workflows.interfaces import (
    CLOSE_SESSION,
    HOLD_SESSION,
    CloseRequest,
    Nothing,
    SessionEnd,
    SessionRequest,
    plan_run_id,
)
from workflows.messages import SessionOpened, SessionRef

_BEAT_S = 1.0
_LAUNCH_TRIES = 2

log = logging.getLogger("mantis.sessions")


class SessionActivities:
    """Opens sessions on this host, keeps their leases alive and closes them."""

    def __init__(
        self,
        client: Client,
        ledger: Ledger,
        settings: ActivitySettings,
        host_queue: str,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._settings = settings
        self._host_queue = host_queue
        self._driver = PlaywrightDriver()
        self._holders: dict[str, HolderClient] = {}
        self._launching = asyncio.Lock()
        self.registry = SessionRegistry()

    @activity.defn(name=HOLD_SESSION)
    async def hold_session(self, request: SessionRequest) -> SessionEnd:
        """Open a browser for a run, tell its workflow where it is, and hold the lease.

        Returns when the run closes the session or its browser is lost. While this activity
        lives the lease is renewed; when it does not, the holder cuts the network and, after
        a while, closes the browser by itself.

        Raises:
            ApplicationError: the browser could not be started; the type names the error.
        """
        await self._refuse_second(request)
        session_id = uuid.uuid4().hex
        try:
            async with heartbeats():
                holder, session = await self._open(session_id, request)
        except ActivityError as error:
            raise ApplicationError(
                str(error), type=type(error).__name__, non_retryable=True
            ) from error
        try:
            await self._tell(session_id, request)
            return await self._keep(holder, session, request.epoch)
        except asyncio.CancelledError:
            if activity.is_worker_shutdown():
                raise
            await self._close(session_id)
            raise
        finally:
            if not activity.is_worker_shutdown():
                await self._close(session_id)

    @activity.defn(name=CLOSE_SESSION)
    async def close_session(self, request: CloseRequest) -> Nothing:
        """Cut the session's network and close its browser; a closed one stays closed."""
        await self._close(request.session.session_id)
        return Nothing()

    async def close(self) -> None:
        """Close every session of this host, and the browser driver."""
        await asyncio.gather(*(self._close(session_id) for session_id in list(self._holders)))
        await self._driver.stop()

    async def _refuse_second(self, request: SessionRequest) -> None:
        """Open no other browser for a run that has had one: it is lost with its steps.

        A try that ended before the run began, with its worker or for lack of the ledger,
        has lost nothing and is made again. A run that is over (its workflow was reset from
        the UI) gets none at all.

        Raises:
            ApplicationError: it has had one, or is over.
        """
        row = await self._ledger.runs.get(request.run.tenant_id, request.run.run_id)
        if row is None or row.status is RunStatus.QUEUED:
            return
        if row.status.terminal or activity.info().attempt > 1:
            raise ApplicationError(
                "the browser's host is gone", type=SessionLost.__name__, non_retryable=True
            )

    async def _open(
        self, session_id: str, request: SessionRequest
    ) -> tuple[HolderClient, BrowserSession]:
        row = await self._ledger.runs.get(request.run.tenant_id, request.run.run_id)
        spec = self._spec(session_id, request, row.allowed_hosts if row else ())
        holder = await self._start(spec)
        self._holders[session_id] = holder
        try:
            hello = await holder.hello()
            session = await BrowserSession.attach(
                self._driver, hello.cdp_url, session_id, hello.epoch, spec.session_dir
            )
        except BaseException:
            await self._close(session_id)
            raise
        self.registry.add(session)
        return holder, session

    async def _start(self, spec: HolderSpec) -> HolderClient:
        """Launch, one at a time on this host; a launch that fails is tried once more."""
        async with self._launching:
            for attempt in range(1, _LAUNCH_TRIES + 1):
                try:
                    return await start_holder(spec)
                except LaunchFailed:
                    if attempt == _LAUNCH_TRIES:
                        raise
                    log.warning("a browser did not start and is started once more")
        raise AssertionError("unreachable")

    def _spec(
        self, session_id: str, request: SessionRequest, allowed_hosts: tuple[str, ...]
    ) -> HolderSpec:
        settings = self._settings
        session_dir = settings.sessions_dir / session_id
        kept = request.profile_id != ""
        profile_dir = (
            settings.profile_dir(request.run.tenant_id, request.profile_id)
            if kept
            else session_dir / "profile"
        )
        return HolderSpec(
            session_id=session_id,
            session_dir=session_dir,
            profile_dir=profile_dir,
            socket_path=_socket_path(settings.runtime_dir, session_id),
            throwaway_profile=not kept,
            chrome_path=settings.chrome_path,
            headless=settings.headless,
            allow_private_hosts=settings.allow_private_hosts,
            allowed_hosts=allowed_hosts,
            ttl_s=settings.lease_ttl_s,
            linger_s=settings.lease_linger_s,
            epoch=request.epoch,
        )

    async def _tell(self, session_id: str, request: SessionRequest) -> None:
        run = request.run
        await self._ledger.runs.begin(run.tenant_id, run.run_id, now_micros())
        workflow = self._client.get_workflow_handle(plan_run_id(run.tenant_id, run.run_id))
        await workflow.signal(
            "session_opened",
            SessionOpened(
                session=SessionRef(
                    session_id=session_id, host_queue=self._host_queue, epoch=request.epoch
                )
            ),
        )

    async def _keep(self, holder: HolderClient, session: BrowserSession, epoch: int) -> SessionEnd:
        """Renew the lease and heartbeat until the session is closed or lost."""
        while session.session_id in self._holders:
            activity.heartbeat()
            try:
                hello = await holder.renew(epoch)
            except StaleEpoch:
                return SessionEnd(reason="closed")
            except ActivityError:
                session.lost.set()
                return SessionEnd(reason="browser_lost")
            if hello.state is HolderState.BROWSER_LOST or session.lost.is_set():
                session.lost.set()
                return SessionEnd(reason="browser_lost")
            await session.wait_gone(_BEAT_S)
        return SessionEnd(reason="closed")

    async def _close(self, session_id: str) -> None:
        holder = self._holders.pop(session_id, None)
        session = self.registry.remove(session_id)
        if holder is None:
            return
        try:
            await holder.cut()
            if session is not None:
                await session.detach()
            await holder.close()
        except ActivityError as error:
            log.info("session %s was gone before it was closed: %s", session_id, error)
        await asyncio.to_thread(remove_session, self._settings.sessions_dir / session_id)


def _socket_path(runtime_dir: Path, session_id: str) -> Path:
    runtime_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = runtime_dir.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise LaunchFailed(
            f"{runtime_dir} must be this user's alone: set MANTIS_RUNTIME_DIR to another folder"
        )
    name = hashlib.sha256(session_id.encode()).hexdigest()[:16]
    return runtime_dir / f"{name}.sock"
