"""Browsers whose worker is gone: their runs are told, so that they need not wait to miss it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.service import RPCError

from activities.holder.finding import hello_of, living
from activities.holder.messages import Hello, HolderSpec, HolderState
from activities.machine import is_alive, sweep_hosts
from activities.settings import ActivitySettings
from ledger.rounds import rounds_within
from workflows.interfaces import RunKey, plan_run_id
from workflows.messages import SessionGone, SessionRef
from workflows.observing import closing_of

_EVERY_S = 1.0
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 10.0
_PARKED_PAUSE_S = 5.0

log = logging.getLogger("mantis.sessions")


@dataclass
class _Told:
    """When a session was last told of, and how long to wait until the next time."""

    again_at: float
    pause_s: float


class Unclaimed:
    """Looks after the sessions of a machine that no living worker holds.

    Args:
        client: to tell their workflows.
        settings: where sessions and workers of this machine are found.
        host_queue: this worker's own; its sessions are not looked after.
        machine_queue: this machine's; those of others are left to them.
        discard: ends a session whose workflow is over.
    """

    def __init__(
        self,
        client: Client,
        settings: ActivitySettings,
        host_queue: str,
        machine_queue: str,
        discard: Callable[[HolderSpec], Awaitable[None]],
    ) -> None:
        self._client = client
        self._sessions_dir = settings.sessions_dir
        self._hosts_dir = settings.hosts_dir
        self._host_queue = host_queue
        self._machine_queue = machine_queue
        self._discard = discard
        self._told: dict[tuple[str, int, HolderState], _Told] = {}

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Look now and every second, as long as the block lasts."""
        what = "looking for unclaimed sessions"
        async with rounds_within(self._look_once, _EVERY_S, log, what):
            yield

    async def look(self) -> None:
        """Tell the workflow of each session that nobody holds, and end those without one."""
        specs = await asyncio.to_thread(lambda: list(living(self._sessions_dir)))
        ours = [spec for spec in specs if spec.run_id and spec.machine_queue == self._machine_queue]
        seen: set[tuple[str, int, HolderState]] = set()
        for spec in ours:
            hello = await hello_of(spec)
            if hello is None or self._is_ours(hello):
                continue
            key = (hello.session_id, hello.epoch, hello.state)
            seen.add(key)
            if self._is_due(key, hello):
                await self._look_at(spec, hello)
        for key in self._told.keys() - seen:
            del self._told[key]

    def _is_due(self, key: tuple[str, int, HolderState], hello: Hello) -> bool:
        """Whether a session needs a look now; each further one comes later than the last."""
        if not self._is_unclaimed(hello):
            return False
        now = asyncio.get_running_loop().time()
        told = self._told.get(key)
        if told is None:
            parked = hello.state is HolderState.PARKED
            told = _Told(now, _PARKED_PAUSE_S if parked else _FIRST_PAUSE_S)
            self._told[key] = told
        if now < told.again_at:
            return False
        told.again_at = now + told.pause_s
        told.pause_s = max(told.pause_s, min(told.pause_s * 2, _LONGEST_PAUSE_S))
        return True

    def _is_ours(self, hello: Hello) -> bool:
        return hello.host_queue == self._host_queue and hello.state is not HolderState.PARKED

    def _is_unclaimed(self, hello: Hello) -> bool:
        match hello.state:
            case HolderState.LAPSED | HolderState.PARKED:
                return True
            case HolderState.READY | HolderState.BROWSER_LOST:
                return not is_alive(self._hosts_dir, hello.host_queue)
            case HolderState.CUT | HolderState.CLOSING:
                return False

    async def _look_at(self, spec: HolderSpec, hello: Hello) -> None:
        """Tell the run of a session; a parked one's knows, only whether it goes on is asked."""
        run = RunKey(tenant_id=spec.tenant_id, run_id=spec.run_id)
        try:
            over = await closing_of(self._client, run, 0) is not None
            if not over and hello.state is not HolderState.PARKED:
                log.info("session %s has lost its worker: its run is told", spec.session_id)
                workflow = self._client.get_workflow_handle(plan_run_id(run.tenant_id, run.run_id))
                await workflow.signal("session_gone", SessionGone(session=_ref(hello)))
        except RPCError as error:
            log.info("run %s could not be told of its session: %s", spec.run_id, error)
            return
        if over:
            log.info("session %s is ended: its run is over", spec.session_id)
            await self._discard(spec)

    async def _look_once(self) -> None:
        await asyncio.to_thread(sweep_hosts, self._hosts_dir)
        await self.look()


def _ref(hello: Hello) -> SessionRef:
    return SessionRef(
        session_id=hello.session_id,
        host_queue=hello.host_queue,
        machine_queue=hello.machine_queue,
        epoch=hello.epoch,
    )
