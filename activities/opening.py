"""Coming by a run's browser: the one that is there, or a new one on the run's checkpoint."""

import asyncio
import hashlib
import logging
import os
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, ValidationError

from activities.browser.checkpoint import Checkpoint
from activities.browser.holding import Holding
from activities.browser.restoring import restore, take_over
from activities.browser.session import BrowserSession, PlaywrightDriver
from activities.browser.stuck import answer_due, close_stuck_tabs
from activities.errors import ActivityError, LaunchFailed, NotRestored, SessionLost, StaleEpoch
from activities.holder.client import HolderClient, start_holder
from activities.holder.finding import end_session, hello_of, spec_of
from activities.holder.journal import read_journal
from activities.holder.messages import Hello, HolderSpec, HolderState
from activities.holder.ownership import is_owned
from activities.holder.renewals import Renewals
from activities.leftovers import remove_session
from activities.settings import ActivitySettings
from ledger.ledger import Ledger
from ledger.models import Checkpoints, Document
from workflows.interfaces import RunKey, SessionRequest
from workflows.messages import Opening, SessionRef

_LAUNCH_TRIES = 2
_RESTORE_TRIES = 2
_RESTORE_TIME_S = 40.0
_TRY_AGAIN_S = 1.5

log = logging.getLogger("mantis.sessions")


Reason = Literal["closed", "parked", "drained", "browser_lost"]


@dataclass(eq=False)
class OpenSession:
    """A browser that this worker holds: its holder, its lease, and the line to its pages.

    `over` is set once somebody has ended it, for `reason`.
    """

    ref: SessionRef
    holder: HolderClient
    spec: HolderSpec
    renewals: Renewals
    browser: BrowserSession
    over: asyncio.Event = field(default_factory=asyncio.Event)
    reason: Reason = "browser_lost"

    @property
    def is_new(self) -> bool:
        """Whether this worker has started it, so that nobody else knows of it yet."""
        return self.ref.epoch == self.spec.epoch

    def end(self, reason: Reason) -> None:
        """Have whoever holds it let it go; the first reason stays."""
        if not self.over.is_set():
            self.reason = reason
            self.over.set()

    async def detach(self) -> None:
        """Let go of the browser, which its holder keeps as it is."""
        self.renewals.stop()
        await self.browser.detach()


class SessionOpener:
    """Opens the sessions of one worker.

    Args:
        ledger: has the runs' checkpoints.
        settings: folders, Chromium and lease.
        driver: the worker's.
        host_queue: the worker's own task queue.
        machine_queue: that of all browser workers of this machine.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: ActivitySettings,
        driver: PlaywrightDriver,
        host_queue: str,
        machine_queue: str,
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._driver = driver
        self._host_queue = host_queue
        self._machine_queue = machine_queue
        self._launching = asyncio.Lock()

    async def open(self, request: SessionRequest) -> OpenSession:
        """The session that a run asks for, its lease being renewed.

        Raises:
            ActivityError: no browser could be opened, or it could not be brought to where the
                run was.
            SecretUnreadable: the run's checkpoint was encrypted with keys not at hand.
        """
        if request.previous is not None:
            adopted = await self._adopt(request, request.previous)
            if adopted is not None:
                return adopted
        return await self._start(request)

    def here(self, session_id: str) -> HolderSpec | None:
        """The session of this machine by that name; None where no process owns it."""
        spec = spec_of(self._settings.sessions_dir / session_id)
        if spec is None or spec.machine_queue != self._machine_queue:
            return None
        return spec if is_owned(spec.session_dir) else None

    async def discard(self, spec: HolderSpec) -> None:
        """End a session for certain, and remove what it leaves.

        Raises:
            SessionLost: it can't be ended.
        """
        await end_session(spec.session_dir)
        await asyncio.to_thread(remove_session, spec.session_dir)

    async def _adopt(self, request: SessionRequest, previous: SessionRef) -> OpenSession | None:
        """The session that was there; ended for certain where it can't be driven any more.

        Raises:
            StaleEpoch: it was taken over since this was asked for, by a worker that was late.
        """
        spec = await asyncio.to_thread(self.here, previous.session_id)
        if spec is None or (spec.tenant_id, spec.run_id) != _names(request.run):
            return None
        try:
            return await self._take_over(request, spec)
        except NotRestored:
            raise
        except StaleEpoch:
            if await _is_taken(spec, request.epoch):
                raise
            log.info("session %s is about to end", spec.session_id)
        except ActivityError as error:
            log.info("session %s can't be adopted: %s", spec.session_id, error)
        await self.discard(spec)
        return None

    async def _take_over(self, request: SessionRequest, spec: HolderSpec) -> OpenSession:
        holder = HolderClient(spec.socket_path)
        hello = await holder.adopt(request.epoch, self._host_queue)
        if hello.state is not HolderState.READY:
            raise SessionLost(f"it is {hello.state}")
        session = await self._attach(spec, holder, hello, stuck=True)
        try:
            session.browser.how = await self._find_place(session, request.run)
        except BaseException:
            await session.detach()
            raise
        return session

    async def _find_place(self, session: OpenSession, run: RunKey) -> Opening:
        """Go on in the tab that the run was in; a fresh one on the checkpoint if it is dead."""
        browser = session.browser
        checkpoints = await self._ledger.checkpoints.read(run.tenant_id, run.run_id)
        newest = _parsed(checkpoints.newest)
        known = browser.tabs.found
        if newest is not None and not browser.crashed_before:
            known = await take_over(browser, newest) or known
        if known and await browser.tabs.answers():
            return Opening.ADOPTED
        log.info("the page of session %s does not answer and is replaced", browser.session_id)
        await browser.tabs.renew()
        return await self._restore(session, run, checkpoints)

    async def _start(self, request: SessionRequest) -> OpenSession:
        run = request.run
        row = await self._ledger.runs.get(run.tenant_id, run.run_id)
        spec = self._spec(uuid.uuid4().hex, request, row.allowed_hosts if row else ())
        holder = await self._launch(spec)
        session: OpenSession | None = None
        try:
            session = await self._attach(spec, holder, await holder.hello(), stuck=False)
            checkpoints = await self._ledger.checkpoints.read(run.tenant_id, run.run_id)
            session.browser.how = await self._restore(session, run, checkpoints)
        except BaseException:
            if session is not None:
                await session.detach()
            await self.discard(spec)
            raise
        return session

    async def _launch(self, spec: HolderSpec) -> HolderClient:
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

    async def _attach(
        self, spec: HolderSpec, holder: HolderClient, hello: Hello, *, stuck: bool
    ) -> OpenSession:
        """Renew the lease and attach; `stuck`: its tabs may be beyond answering."""
        renewals = Renewals(spec.socket_path, hello.epoch, spec.ttl_s)
        renewals.start()
        try:
            if stuck:
                entries = await asyncio.to_thread(read_journal, spec.journal_path)
                await close_stuck_tabs(hello.cdp_url, answer_due=answer_due(entries, time.time()))
            browser = await BrowserSession.attach(
                self._driver,
                hello.cdp_url,
                spec.session_id,
                hello.epoch,
                spec.session_dir,
                Holding(holder, hello, spec.journal_path.parent),
            )
        except BaseException:
            renewals.stop()
            raise
        ref = SessionRef(
            session_id=spec.session_id,
            host_queue=self._host_queue,
            machine_queue=self._machine_queue,
            epoch=hello.epoch,
        )
        return OpenSession(ref, holder, spec, renewals, browser)

    async def _restore(self, session: OpenSession, run: RunKey, kept: Checkpoints) -> Opening:
        """Bring the browser to the newest checkpoint that can be shown.

        Raises:
            NotRestored: its page does not come up.
        """
        newest, checkpoint = _parsed(kept.newest), _parsed(kept.restorable)
        if checkpoint is None:
            await session.browser.tabs.tell()
            return Opening.FRESH
        secrets = await self._ledger.secrets.read(run.tenant_id, run.run_id)
        await _bring_back(session.browser, checkpoint, secrets)
        await session.browser.tabs.tell()
        return Opening.RESTORED if checkpoint == newest else Opening.STEPPED_BACK

    def _spec(
        self, session_id: str, request: SessionRequest, allowed_hosts: tuple[str, ...]
    ) -> HolderSpec:
        settings, run = self._settings, request.run
        session_dir = settings.sessions_dir / session_id
        kept = request.profile_id != ""
        profile_dir = (
            settings.profile_dir(run.tenant_id, request.profile_id)
            if kept
            else session_dir / "profile"
        )
        return HolderSpec(
            session_id=session_id,
            session_dir=session_dir,
            profile_dir=profile_dir,
            socket_path=_socket_path(settings.runtime_dir, session_id),
            journals_dir=settings.journals_dir(run.tenant_id, run.run_id),
            hosts_dir=settings.hosts_dir,
            tenant_id=run.tenant_id,
            run_id=run.run_id,
            host_queue=self._host_queue,
            machine_queue=self._machine_queue,
            throwaway_profile=not kept,
            chrome_path=settings.chrome_path,
            headless=settings.headless,
            allow_private_hosts=settings.allow_private_hosts,
            allowed_hosts=allowed_hosts,
            ttl_s=settings.lease_ttl_s,
            linger_s=settings.lease_linger_s,
            epoch=request.epoch,
        )


async def _is_taken(spec: HolderSpec, epoch: int) -> bool:
    """Whether a session is held under an epoch that a late asker must leave alone."""
    hello = await hello_of(spec)
    return hello is not None and hello.epoch >= epoch


async def _bring_back(
    browser: BrowserSession, checkpoint: Checkpoint, secrets: dict[str, JsonValue]
) -> None:
    message = ""
    for attempt in range(_RESTORE_TRIES):
        if attempt:
            await asyncio.sleep(_TRY_AGAIN_S)
        restored = await restore(browser, checkpoint, secrets, timeout_s=_RESTORE_TIME_S)
        if restored.success:
            for note in restored.notes:
                log.info("session %s after its restoration: %s", browser.session_id, note)
            return
        message = restored.message
    raise NotRestored(f"the page that the run was on can't be shown again: {message}")


def _parsed(document: Document | None) -> Checkpoint | None:
    """A checkpoint; None where there is none that this build can read."""
    if document is None:
        return None
    try:
        return Checkpoint.model_validate(document)
    except ValidationError:
        log.warning("a checkpoint is of another build and is left out")
        return None


def _names(run: RunKey) -> tuple[str, str]:
    return run.tenant_id, run.run_id


def _socket_path(runtime_dir: Path, session_id: str) -> Path:
    runtime_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = runtime_dir.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise LaunchFailed(
            f"{runtime_dir} must be this user's alone: set MANTIS_RUNTIME_DIR to another folder"
        )
    name = hashlib.sha256(session_id.encode()).hexdigest()[:16]
    return runtime_dir / f"{name}.sock"
