"""The workers of the pools that ask models."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker

_DRAIN = timedelta(seconds=15)
"""What is being asked may take so long, so that it isn't paid and lost; then it is asked anew."""
_HEARTBEAT_THROTTLE = timedelta(milliseconds=500)
_POLLS = 2
"""Few: each poll of a worker that is killed may have swallowed a question, for its heartbeat."""


def asking_worker(
    client: Client, queue: str, activities: Sequence[Callable[..., Any]], capacity: int
) -> Worker:
    """A worker that asks `capacity` questions at once and leaves all others in the queue."""
    return Worker(
        client,
        task_queue=queue,
        activities=activities,
        max_concurrent_activities=capacity,
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(min(_POLLS, capacity)),
        graceful_shutdown_timeout=_DRAIN,
        max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
    )
