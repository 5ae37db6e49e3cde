"""Whether a question that got no answer is asked again, and when."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal, TypeVar

from activities.models.metrics import CallOutcome
from activities.models.settings import PatienceSettings
from inference.errors import ModelAway, ModelError, ModelRefused
from inference.tally import Tally
from plans.step import Frozen

T = TypeVar("T")

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 15.0
"""Between two tries of a model that does not say when to ask again."""
_LEAST_AWAY = 2
"""So often a model that is away is asked at least, however long the first try has taken."""


class Tried(Frozen):
    """What became of the tries before this one.

    `away_since_ms` is when the model was first found away, milliseconds of the epoch, 0 where
    it was not. `away` and `unusable` count such tries.
    """

    away_since_ms: int = 0
    away: int = 0
    unusable: int = 0


class AskAgain(Frozen):
    """No answer yet: ask again after `after_s` seconds, with `tried`."""

    tried: Tried
    after_s: float
    message: str


@dataclass(frozen=True)
class Patience:
    """How long is waited for an answer.

    `within_s` is what this try may take, `left_s` what the run's time leaves in all; `now_ms`
    is the time now, milliseconds of the epoch.
    """

    settings: PatienceSettings
    within_s: float
    left_s: float
    now_ms: int

    def after(
        self, error: ModelError, tried: Tried, message: str
    ) -> AskAgain | Literal["unavailable", "unusable"]:
        """What follows from a try without an answer.

        A server that says when to ask again is not asked before; where that is later than the
        patience reaches, it is unavailable at once.
        """
        match error:
            case ModelAway():
                return self._away(error.after_s, tried, message)
            case ModelRefused():
                return "unavailable"
            case _:
                return self._unusable(tried, message, again=error.again)

    def _away(
        self, after_s: float | None, tried: Tried, message: str
    ) -> AskAgain | Literal["unavailable"]:
        now = Tried(
            away_since_ms=tried.away_since_ms or self.now_ms,
            away=tried.away + 1,
            unusable=tried.unusable,
        )
        told = after_s or 0.0
        own = min(_FIRST_PAUSE_S * 2.0 ** min(tried.away, 10), _LONGEST_PAUSE_S)
        pause = max(own, told)
        away_s = (self.now_ms - now.away_since_ms) / 1000
        left_s = self.settings.model_patience_s - away_s
        too_long = pause > left_s and now.away >= _LEAST_AWAY
        if told > left_s or too_long or pause >= self.left_s:
            return "unavailable"
        return AskAgain(tried=now, after_s=pause, message=message)

    def _unusable(
        self, tried: Tried, message: str, *, again: bool
    ) -> AskAgain | Literal["unusable"]:
        """Another try of an answer that can't be used follows at once, and is paid as well."""
        now = tried.model_copy(update={"unusable": tried.unusable + 1, "away": 0})
        now = now.model_copy(update={"away_since_ms": 0})
        if not again or now.unusable >= self.settings.model_tries or self.left_s <= 0:
            return "unusable"
        return AskAgain(tried=now, after_s=0.0, message=message)


async def ask_within(seconds: float, asked: Awaitable[T], tally: Tally) -> T:
    """The answer of a model, within a time.

    Raises:
        ModelError: it gave none; `ModelAway` where it took longer, with what `tally` says that
            it has used until then.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await asked
    except TimeoutError as late:
        if not limit.expired():
            raise
        raise ModelAway(f"it did not answer within {seconds:.0f} s", usage=tally.usage) from late


def outcome_of(error: ModelError) -> CallOutcome:
    """How a try without an answer is counted."""
    match error:
        case ModelAway():
            return "away"
        case ModelRefused():
            return "refused"
        case _:
            return "unusable"
