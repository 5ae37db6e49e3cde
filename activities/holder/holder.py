"""One session: its Chromium, its way out and its lease, from the start to the proper end."""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path
from typing import assert_never

from activities.errors import LaunchFailed, StaleEpoch
from activities.holder.addresses import PrivateHosts
from activities.holder.cdp_relay import CdpRelay
from activities.holder.chromium import Chromium, launch
from activities.holder.dialogs import guard_dialogs
from activities.holder.egress import Egress
from activities.holder.journal import Journal
from activities.holder.lease import Lease, LeaseState
from activities.holder.locate import find_chromium
from activities.holder.messages import (
    ActingCommand,
    AdoptCommand,
    AllowCommand,
    CloseCommand,
    Command,
    CutCommand,
    Hello,
    HelloCommand,
    HolderSpec,
    HolderState,
    ParkCommand,
    Refusal,
    RenewCommand,
    Reply,
    StatsCommand,
    TabCommand,
)
from activities.holder.network import Network
from activities.holder.ownership import own_profile
from activities.holder.policy import EgressPolicy
from activities.holder.requests import watch_requests
from activities.machine import any_alive
from plans.allowlist import Allowlist

_PROFILE_PATIENCE_S = 20.0
"""Longer than a browser needs to close."""

_LOOK_S = 1.0
"""How often a parked session looks whether a worker of its machine lives."""

_LONGEST_TEMP_DIR = 60
"""Chromium puts a socket into a folder of its own in there, and refuses a path over 107 bytes."""


class Holder:
    """A session that is being held; made by `open_holder`."""

    def __init__(
        self,
        spec: HolderSpec,
        network: Network,
        egress: Egress,
        chromium: Chromium,
        relay: CdpRelay,
    ) -> None:
        self._spec = spec
        self._network = network
        self._egress = egress
        self._chromium = chromium
        self._relay = relay
        self._lease = Lease(spec.ttl_s, spec.linger_s, spec.epoch)
        self._changed = asyncio.Event()
        self._close_asked = asyncio.Event()
        self._cut_for_good = False
        self._host_queue = spec.host_queue
        self._acting = ""
        self._target = ""
        relay.renew()

    @property
    def state(self) -> HolderState:
        """What the session can do now."""
        if self._close_asked.is_set():
            return HolderState.CLOSING
        if not self._chromium.alive:
            return HolderState.BROWSER_LOST
        if self._cut_for_good:
            return HolderState.CUT
        match self._lease.state:
            case LeaseState.HELD:
                return HolderState.READY
            case LeaseState.PARKED:
                return HolderState.PARKED
            case LeaseState.LAPSED | LeaseState.ABANDONED:
                return HolderState.LAPSED

    @property
    def hello(self) -> Hello:
        """Where the session is."""
        return Hello(
            session_id=self._spec.session_id,
            session_dir=self._spec.session_dir,
            cdp_url=self._relay.url,
            pid=os.getpid(),
            chrome_pid=self._chromium.pid,
            epoch=self._lease.epoch,
            state=self.state,
            tenant_id=self._spec.tenant_id,
            run_id=self._spec.run_id,
            host_queue=self._host_queue,
            machine_queue=self._spec.machine_queue,
            acting=self._acting,
            target=self._target,
            journal_length=len(self._network.journal),
        )

    def ask_close(self) -> None:
        """End the session soon."""
        self._close_asked.set()

    def answer(self, command: Command) -> Reply:
        """Do what a command asks; refusals are replies."""
        try:
            return self._obey(command)
        except StaleEpoch as error:
            return Reply(refusal=Refusal.STALE_EPOCH, message=str(error))
        except ValueError as error:
            return Reply(refusal=Refusal.INVALID, message=str(error))

    def _obey(self, command: Command) -> Reply:
        match command:
            case HelloCommand():
                pass
            case RenewCommand(epoch=epoch):
                self._lease.renew(epoch)
            case AdoptCommand(epoch=epoch, host_queue=host_queue):
                self._adopt(epoch, host_queue)
            case ParkCommand(epoch=epoch, hold_s=hold_s):
                self._park(epoch, hold_s)
            case ActingCommand(epoch=epoch, call_key=call_key, guarded=guarded):
                self._require_held(epoch)
                self._acting = call_key
                self._network.journal.guarded = guarded
            case TabCommand(epoch=epoch, target=target):
                self._require_held(epoch)
                self._target = target
            case CutCommand(epoch=epoch):
                self._check(epoch)
                self._cut_for_good = True
                self._network.cut()
            case CloseCommand(epoch=epoch):
                self._check(epoch)
                self.ask_close()
            case AllowCommand(hosts=hosts):
                self._network.policy.allow(hosts)
            case StatsCommand():
                return Reply(stats=self._network.stats)
            case _:
                assert_never(command)
        return Reply(hello=self.hello)

    def _check(self, epoch: int | None) -> None:
        if epoch is not None:
            self._lease.check(epoch)

    def _require_held(self, epoch: int) -> None:
        self._lease.check(epoch)
        if self._lease.state is not LeaseState.HELD:
            raise StaleEpoch(f"epoch {epoch} holds its lease no more: adopt under a higher one")

    def _adopt(self, epoch: int, host_queue: str) -> None:
        self._lease.adopt(epoch)
        self._host_queue = host_queue
        self._relay.renew()
        if not self._cut_for_good:
            self._network.restore()
        self._changed.set()

    def _park(self, epoch: int, hold_s: float) -> None:
        self._lease.park(epoch, hold_s)
        self._relay.shut()
        self._changed.set()

    async def hold(self) -> None:
        """Return when the session is to end: asked for, or claimed by nobody."""
        cdp_url = self._chromium.cdp_url
        lease = asyncio.create_task(self._follow_lease())
        asked = asyncio.create_task(self._close_asked.wait())
        others = (
            asyncio.create_task(self._clear_after_loss()),
            asyncio.create_task(guard_dialogs(cdp_url)),
            asyncio.create_task(watch_requests(cdp_url, self._network.journal)),
        )
        try:
            await asyncio.wait({lease, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = (lease, asked, *others)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def end(self) -> None:
        """Cut the network, close the browser properly, remove a throw-away profile."""
        self._close_asked.set()
        self._network.cut()
        self._relay.stop()
        await self._chromium.stop()
        await self._egress.stop()
        self._network.journal.close()
        unwanted = [self._spec.temp_dir]
        if self._spec.throwaway_profile:
            unwanted.append(self._spec.profile_dir)
        for folder in unwanted:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _follow_lease(self) -> None:
        """Fence at the lapse; return when nobody can use, or nobody adopted, the session."""
        while (state := self._lease.state) is not LeaseState.ABANDONED:
            if state is LeaseState.LAPSED:
                self._relay.shut()
                self._network.cut()
            if state is not LeaseState.HELD and not self._chromium.alive:
                return
            patience_s = self._lease.changes_in_s
            if state is LeaseState.PARKED:
                await self._silence_if_alone()
                patience_s = min(patience_s, _LOOK_S)
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._changed.wait()

    async def _silence_if_alone(self) -> None:
        """Cut a parked browser's network while nobody lives who could end it with its run."""
        hosts_dir = self._spec.hosts_dir
        if hosts_dir is not None and not await asyncio.to_thread(any_alive, hosts_dir):
            self._network.cut()

    async def _clear_after_loss(self) -> None:
        """End what is left of a Chromium that died by itself."""
        await self._chromium.wait()
        self._chromium.kill()
        self._changed.set()


async def open_holder(spec: HolderSpec) -> Holder:
    """Start the session's egress and Chromium.

    Raises:
        ChromiumMissing: there is no Chromium on this machine.
        LaunchFailed: it did not start, or its profile stays in use.
        ValueError: an entry of the allow lists can't be read.
    """
    allowlist = Allowlist(patterns=spec.allowed_hosts or ())
    policy = EgressPolicy(PrivateHosts(spec.allow_private_hosts), allowlist)
    binary = find_chromium(spec.chrome_path)
    spec.session_dir.mkdir(parents=True, exist_ok=True)
    spec.journal_path.parent.mkdir(parents=True, exist_ok=True)
    network = Network(policy, Journal(spec.journal_path))
    egress = Egress(network)
    chromium = await _launch(spec, binary, await egress.start())
    relay = CdpRelay(chromium.cdp_url)
    await relay.start()
    policy.protect(chromium.cdp_port)
    policy.protect(relay.port)
    return Holder(spec, network, egress, chromium, relay)


async def _launch(spec: HolderSpec, binary: Path, proxy_port: int) -> Chromium:
    """Start Chromium while this session has its profile to itself."""
    lock = await own_profile(spec.profile_dir, _PROFILE_PATIENCE_S)
    if lock is None:
        raise LaunchFailed(
            f"the profile {spec.profile_dir.name} is still in use by another browser: try again"
        )
    return await launch(
        binary,
        profile_dir=spec.profile_dir,
        proxy_port=proxy_port,
        headless=spec.headless,
        log_path=spec.log_path,
        timeout_s=spec.launch_timeout_s,
        temp_dir=_temp_dir(spec.temp_dir),
        profile_lock=lock,
    )


def _temp_dir(folder: Path) -> Path | None:
    """The folder, made; None where its path is too long for Chromium's socket."""
    if len(os.fsencode(folder)) > _LONGEST_TEMP_DIR:
        return None
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
