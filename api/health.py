"""What the parts of the service say when they are asked how they are."""

import asyncio
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
)
from temporalio.client import Client
from temporalio.service import RPCError

from api.probes import Probe
from api.tenants import Tenants
from ledger.clock import now_micros
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from ledger.model_health import ModelHealth
from workflows.interfaces import (
    BROWSERS_QUEUE,
    DELIVERY_QUEUE,
    PERCEPTION_QUEUE,
    REASONING_QUEUE,
    RUNS_QUEUE,
)

_RPC_TIMEOUT = timedelta(seconds=2)
_AWAY = "can't be reached"
_SILENT = "does not answer"
_POLLED_WITHIN_S = 75.0
"""A poll lasts up to a minute: whoever began none within this time is gone or busy."""
_LITTLE_ROOM = 1024**3
_LOOKED_WITHIN_S = 300.0
"""Workers look at the models' servers every two minutes at the least."""

_OF_WORK: Mapping[str, TaskQueueType.ValueType] = {
    RUNS_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    BROWSERS_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    DELIVERY_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    PERCEPTION_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    REASONING_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}


class Health:
    """The probes of one API process. `close` at its end."""

    def __init__(self, ledger: Ledger, temporal: Client, tenants: Tenants, data_dir: Path) -> None:
        self._ledger = ledger
        self._temporal = temporal
        self._tenants = tenants
        self._data_dir = data_dir
        self._asked_ledger = Probe(self._ask_ledger, late=_SILENT)
        self._asked_temporal = Probe(self._ask_temporal, late=_SILENT)
        self._asked_workers = Probe(self._ask_workers, late="unknown", keep_s=5)
        self._asked_disk = Probe(self._ask_disk, late="unknown", keep_s=5)
        self._looked_at: Probe[Sequence[ModelHealth]] = Probe(
            self._ask_models, late=(), patience_s=1, keep_s=5
        )
        self._open_runs: Probe[Mapping[str, int] | None] = Probe(
            self._ask_open_runs, late=None, patience_s=1
        )

    async def checks(self) -> dict[str, str]:
        """Each part by name, `ok` where nothing is wrong, within about two seconds."""
        ledger, temporal, workers, disk, models = await asyncio.gather(
            self._asked_ledger.answer(),
            self._asked_temporal.answer(),
            self._asked_workers.answer(),
            self._asked_disk.answer(),
            self._looked_at.answer(),
        )
        return {
            "ledger": ledger,
            "temporal": temporal,
            "auth": self._tenants.health,
            "workers": workers,
            "disk": disk,
        } | {one.tier.value: _told(one) for one in models}

    async def models_up(self) -> Mapping[str, bool]:
        """Which models' servers have answered when they were looked at last, by tier."""
        looked_at = await self._looked_at.answer()
        return {one.tier.value: one.ok and _age_s(one) < _LOOKED_WITHIN_S for one in looked_at}

    async def open_runs(self) -> Mapping[str, int] | None:
        """Queued and running runs of each tenant; None where the ledger does not say."""
        return await self._open_runs.answer()

    async def close(self) -> None:
        """Give up what is being asked."""
        probes = (self._asked_ledger, self._asked_temporal, self._asked_workers)
        await asyncio.gather(*(probe.close() for probe in (*probes, self._asked_disk)))
        await asyncio.gather(self._open_runs.close(), self._looked_at.close())

    async def _ask_ledger(self) -> str:
        try:
            await self._ledger.ping()
        except LedgerAway:
            return _AWAY
        return "ok"

    async def _ask_temporal(self) -> str:
        try:
            well = await self._temporal.service_client.check_health(timeout=_RPC_TIMEOUT)
        except (RPCError, RuntimeError):
            return _AWAY
        return "ok" if well else "not serving"

    async def _ask_workers(self) -> str:
        try:
            counts = await asyncio.gather(*(self._pollers(queue) for queue in _OF_WORK))
        except (RPCError, RuntimeError):
            return "unknown"
        idle = [queue for queue, count in zip(_OF_WORK, counts, strict=True) if not count]
        if idle:
            return f"nobody takes work from: {', '.join(idle)} (no worker, or all are busy)"
        return "ok"

    async def _pollers(self, queue: str) -> int:
        """How many workers have asked for work on a queue lately."""
        request = DescribeTaskQueueRequest(
            namespace=self._temporal.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=_OF_WORK[queue],
        )
        answer: DescribeTaskQueueResponse = (
            await self._temporal.workflow_service.describe_task_queue(request, timeout=_RPC_TIMEOUT)
        )
        oldest = time.time() - _POLLED_WITHIN_S
        return sum(one.last_access_time.ToSeconds() > oldest for one in answer.pollers)

    async def _ask_disk(self) -> str:
        try:
            free = (await asyncio.to_thread(shutil.disk_usage, self._data_dir)).free
        except OSError:
            return "the data folder can't be read"
        shown = f"{free / 1024**3:.1f} GiB free"
        return "ok" if free >= _LITTLE_ROOM else f"little room: {shown}"

    async def _ask_models(self) -> Sequence[ModelHealth]:
        try:
            return await self._ledger.model_health.read()
        except LedgerAway:
            return ()

    async def _ask_open_runs(self) -> Mapping[str, int] | None:
        try:
            return await self._ledger.runs.concurrent()
        except LedgerAway:
            return None


def _told(looked: ModelHealth) -> str:
    if _age_s(looked) >= _LOOKED_WITHIN_S:
        return f"nobody has looked for {_age_s(looked) / 60:.0f} minutes: no worker of its pool"
    return "ok" if looked.ok else looked.detail


def _age_s(looked: ModelHealth) -> float:
    return (now_micros() - looked.asked_at) / 1_000_000


def is_well(checks: Mapping[str, str]) -> bool:
    """Whether runs can be taken: the ledger and Temporal answer. The rest only informs."""
    return checks["ledger"] == "ok" and checks["temporal"] == "ok"
