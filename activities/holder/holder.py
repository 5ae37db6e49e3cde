"""One session: its Chromium, its way out and its lease, from the start to the proper end."""

import asyncio
import contextlib
import os
import shutil
from typing import assert_never

from activities.errors import StaleEpoch
from activities.holder.addresses import PrivateHosts
from activities.holder.chromium import Chromium, launch
from activities.holder.dialogs import guard_dialogs
from activities.holder.egress import Egress
from activities.holder.journal import Journal
from activities.holder.lease import Lease, LeaseState
from activities.holder.locate import find_chromium
from activities.holder.messages import (
    AdoptCommand,
    AllowCommand,
    CloseCommand,
    Command,
    CutCommand,
    Hello,
    HelloCommand,
    HolderSpec,
    HolderState,
    Refusal,
    RenewCommand,
    Reply,
    StatsCommand,
)
from activities.holder.network import Network
from activities.holder.policy import EgressPolicy
from plans.allowlist import Allowlist


class Holder:
    """A session that is being held; made by `open_holder`."""

    def __init__(self, spec: HolderSpec, network: Network, egress: Egress, chromium: Chromium):
        self._spec = spec
        self._network = network
        self._egress = egress
        self._chromium = chromium
        self._lease = Lease(spec.ttl_s, spec.linger_s, spec.epoch)
        self._adopted = asyncio.Event()
        self._close_asked = asyncio.Event()
        self._cut_for_good = False

    @property
    def state(self) -> HolderState:
        """What the session can do now."""
        if self._close_asked.is_set():
            return HolderState.CLOSING
        if not self._chromium.alive:
            return HolderState.BROWSER_LOST
        if self._cut_for_good:
            return HolderState.CUT
        if self._lease.state is not LeaseState.HELD:
            return HolderState.LAPSED
        return HolderState.READY

    @property
    def hello(self) -> Hello:
        """Where the session is."""
        return Hello(
            session_id=self._spec.session_id,
            session_dir=self._spec.session_dir,
            cdp_url=self._chromium.cdp_url,
            pid=os.getpid(),
            chrome_pid=self._chromium.pid,
            epoch=self._lease.epoch,
            state=self.state,
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
            case AdoptCommand(epoch=epoch):
                self._adopt(epoch)
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

    def _adopt(self, epoch: int) -> None:
        self._lease.adopt(epoch)
        if not self._cut_for_good:
            self._network.restore()
        self._adopted.set()

    async def hold(self) -> None:
        """Return when the session is to end: asked for, or claimed by nobody."""
        lease = asyncio.create_task(self._follow_lease())
        reaper = asyncio.create_task(self._clear_after_loss())
        guard = asyncio.create_task(guard_dialogs(self._chromium.cdp_url))
        asked = asyncio.create_task(self._close_asked.wait())
        try:
            await asyncio.wait({lease, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (lease, reaper, guard, asked):
                task.cancel()
            await asyncio.wait({lease, reaper, guard, asked})

    async def end(self) -> None:
        """Cut the network, close the browser properly, remove a throw-away profile."""
        self._close_asked.set()
        self._network.cut()
        await self._chromium.stop()
        await self._egress.stop()
        self._network.journal.close()
        if self._spec.throwaway_profile:
            await asyncio.to_thread(shutil.rmtree, self._spec.profile_dir, ignore_errors=True)

    async def _follow_lease(self) -> None:
        """Cut the network at the lapse; return when nobody adopted the session in time."""
        while (state := self._lease.state) is not LeaseState.ABANDONED:
            if state is LeaseState.LAPSED:
                self._network.cut()
                if not self._chromium.alive:
                    return
            self._adopted.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease.changes_in_s):
                    await self._adopted.wait()

    async def _clear_after_loss(self) -> None:
        """End what is left of a Chromium that died by itself."""
        await self._chromium.wait()
        self._chromium.kill()


async def open_holder(spec: HolderSpec) -> Holder:
    """Start the session's egress and Chromium.

    Raises:
        ChromiumMissing: there is no Chromium on this machine.
        LaunchFailed: it did not start.
        ValueError: an entry of the allow lists can't be read.
    """
    allowlist = Allowlist(patterns=spec.allowed_hosts or ())
    policy = EgressPolicy(PrivateHosts(spec.allow_private_hosts), allowlist)
    binary = find_chromium(spec.chrome_path)
    spec.session_dir.mkdir(parents=True, exist_ok=True)
    network = Network(policy, Journal(spec.journal_path))
    egress = Egress(network)
    proxy_port = await egress.start()
    chromium = await launch(
        binary,
        profile_dir=spec.profile_dir,
        proxy_port=proxy_port,
        headless=spec.headless,
        log_path=spec.log_path,
        timeout_s=spec.launch_timeout_s,
    )
    policy.protect(chromium.cdp_port)
    return Holder(spec, network, egress, chromium)
