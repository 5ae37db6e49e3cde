"""The `runs` pool: workflow tasks, and the activities that touch no browser."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.models.keys import ModelKeys
from activities.pauses import PauseActivities
from activities.runs import RunActivities
from activities.settings import ActivitySettings
from inference.settings import ModelSettings
from ledger.ledger import Ledger
from temporal.search_attributes import search_attributes_known
from workflows.close_run import CloseRun
from workflows.interfaces import RUNS_QUEUE
from workflows.plan_run import PlanRun
from workflows.sandbox import sandbox

_DRAIN = timedelta(seconds=8)
_STICKY = timedelta(seconds=2)
"""After so long a task that waits for the worker that knows the run goes to any of them: the
default of 10 s is how long runs would stand still when that worker is killed."""


@asynccontextmanager
async def polling(client: Client, ledger: Ledger) -> AsyncGenerator[None]:
    """Poll the pool's queue; on leaving, what is under way gets a few seconds to end."""
    known = await search_attributes_known(client)
    keys = ModelKeys(ModelSettings())
    runs = RunActivities(ledger, ActivitySettings(), search_attributes=known, keys=keys)
    pauses = PauseActivities(ledger)
    worker = Worker(
        client,
        task_queue=RUNS_QUEUE,
        workflows=[PlanRun, CloseRun],
        activities=[
            runs.load_run,
            runs.finish_run,
            runs.close_account,
            pauses.mark_phase,
            pauses.close_pause,
        ],
        workflow_runner=sandbox(),
        graceful_shutdown_timeout=_DRAIN,
        sticky_queue_schedule_to_start_timeout=_STICKY,
    )
    async with worker:
        yield
