"""The activities `perceive` and `reason`: a question to a model, for as long as it may take."""

import asyncio
import time
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.asks_store import AskLost
from activities.heartbeats import BEAT_S
from activities.models.asking import Asking
from activities.models.patience import AskAgain, Patience, Tried
from activities.models.settings import PatienceSettings
from ledger.errors import LedgerAway, SecretUnreadable
from workflows.interfaces import PERCEIVE, REASON, ModelRequest
from workflows.turns import ModelAnswer

T = TypeVar("T")

_AT_ONCE = timedelta(milliseconds=50)
_FOR_WRITING_S = 10.0
"""Of the time that Temporal gives a try, what is kept back for writing it down, at most."""
_FOR_WRITING = 0.2
"""The same as a part of a time that is short, as it is near the end of a run's time."""
_LONGEST_TRY_S = 170.0


class ModelActivities:
    """What PlanRun asks of one tier. Each try of the activity is one request at most."""

    def __init__(self, asking: Asking, settings: PatienceSettings) -> None:
        self._asking = asking
        self._settings = settings

    @activity.defn(name=PERCEIVE)
    async def perceive(self, request: ModelRequest) -> ModelAnswer:
        """Ask Holo3.

        Raises:
            ApplicationError: there is no answer yet (retryable), or a fault of ours.
        """
        return await self._ask(request)

    @activity.defn(name=REASON)
    async def reason(self, request: ModelRequest) -> ModelAnswer:
        """Ask Claude.

        Raises:
            ApplicationError: there is no answer yet (retryable), or a fault of ours.
        """
        return await self._ask(request)

    async def _ask(self, request: ModelRequest) -> ModelAnswer:
        return await tries(
            lambda patience, tried: self._asking.ask(request, patience, tried),
            self._settings,
            request.time_left_ms,
        )


async def tries(
    ask: Callable[[Patience, Tried], Awaitable[T | AskAgain]],
    settings: PatienceSettings,
    time_left_ms: int,
) -> T:
    """One try of an activity that asks a model.

    Args:
        ask: asks once; its cancellation ends the request.
        settings: how long a model is asked again.
        time_left_ms: what the run's time left when the activity was scheduled.

    Raises:
        ApplicationError: there is no answer yet (retryable), or a fault of ours. What caused it
            is not passed on, and a fault's message not logged: errors of parsers show what they
            could not parse, be it a page's or a user's.
    """
    tried = _tried_before()
    try:
        async with _beating(tried):
            outcome = await ask(_patience(settings, time_left_ms), tried)
    except asyncio.CancelledError:
        told = activity.cancellation_details()
        if told is None or not told.worker_shutdown:
            raise
        raise ApplicationError(
            "the worker ends", type="Draining", next_retry_delay=_AT_ONCE
        ) from None
    except LedgerAway as away:
        raise ApplicationError(str(away), type="LedgerAway") from None
    except (AskLost, SecretUnreadable) as lost:
        raise ApplicationError(str(lost), type=type(lost).__name__, non_retryable=True) from None
    except Exception as fault:  # the activity's edge: asked again, a fault of ours stays one
        name = type(fault).__name__
        where = "".join(traceback.format_tb(fault.__traceback__))
        activity.logger.error("a question could not be asked: %s\n%s", name, where)
        message = f"a fault of ours ({name}); the log has it"
        raise ApplicationError(message, type="Fault", non_retryable=True) from None
    if not isinstance(outcome, AskAgain):
        return outcome
    activity.heartbeat(outcome.tried)
    raise ApplicationError(
        outcome.message,
        type="AskAgain",
        next_retry_delay=max(timedelta(seconds=outcome.after_s), _AT_ONCE),
        category=ApplicationErrorCategory.BENIGN,
    )


def _tried_before() -> Tried:
    """What the tries before this one have left in their last signs of life."""
    for detail in activity.info().heartbeat_details:
        return Tried.model_validate(detail)
    return Tried()


def _patience(settings: PatienceSettings, time_left_ms: int) -> Patience:
    info = activity.info()
    now = time.time()
    left_s = time_left_ms / 1000 - (now - info.scheduled_time.timestamp())
    given = info.start_to_close_timeout
    try_s = _for_asking(given.total_seconds()) if given else _LONGEST_TRY_S
    return Patience(
        settings=settings,
        within_s=max(min(try_s, left_s), 0.1),
        left_s=left_s,
        now_ms=int(now * 1000),
    )


def _for_asking(given_s: float) -> float:
    """What of a try's time is for the request."""
    return given_s - min(_FOR_WRITING_S, given_s * _FOR_WRITING)


@asynccontextmanager
async def _beating(tried: Tried) -> AsyncGenerator[None]:
    """Signs of life that carry what was tried; a cancellation comes in by them."""

    async def beat() -> None:
        while True:
            activity.heartbeat(tried)
            await asyncio.sleep(BEAT_S)

    beats = asyncio.create_task(beat())
    try:
        yield
    finally:
        beats.cancel()
