"""The lease on a session: who may drive it, and until when."""

import time
from collections.abc import Callable
from enum import StrEnum

from activities.errors import StaleEpoch


class LeaseState(StrEnum):
    """How the lease stands."""

    HELD = "held"
    PARKED = "parked"
    """Given up by its holder for a while, on purpose: adopted, or abandoned at its end."""
    LAPSED = "lapsed"
    """Not renewed in time; only an adoption brings it back."""
    ABANDONED = "abandoned"
    """Nobody adopted it while it lingered: the session is to be closed."""


class Lease:
    """A lease of `ttl_s` seconds under an epoch, with `linger_s` seconds to adopt it after.

    Args:
        ttl_s: seconds from a renewal to the lapse.
        linger_s: seconds from the lapse to the end.
        epoch: number of the first holder; each adoption has a higher one.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        ttl_s: float,
        linger_s: float,
        epoch: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl_s = ttl_s
        self._linger_s = linger_s
        self._clock = clock
        self._epoch = epoch
        self._start()

    @property
    def epoch(self) -> int:
        """The newest epoch."""
        return self._epoch

    @property
    def state(self) -> LeaseState:
        """How the lease stands now."""
        now = self._clock()
        if now >= self._ends_at:
            return LeaseState.ABANDONED
        if self._parked:
            return LeaseState.PARKED
        return LeaseState.HELD if now < self._lapses_at else LeaseState.LAPSED

    @property
    def changes_in_s(self) -> float:
        """Seconds until the state changes by itself; 0 once it is abandoned."""
        held = self.state is LeaseState.HELD
        return max(0.0, (self._lapses_at if held else self._ends_at) - self._clock())

    def check(self, epoch: int) -> None:
        """Refuse a caller that does not hold the session.

        Raises:
            StaleEpoch: another epoch is the session's.
        """
        if epoch != self._epoch:
            raise StaleEpoch(
                f"epoch {epoch} does not hold this session, epoch {self._epoch} does: "
                "adopt it under a higher one"
            )

    def renew(self, epoch: int) -> None:
        """Extend the lease.

        Raises:
            StaleEpoch: another epoch is the session's, or the lease has lapsed or is parked.
        """
        self._require_held(epoch)
        self._start()

    def park(self, epoch: int, hold_s: float) -> None:
        """Let the session be held by nobody for `hold_s` seconds; parking again changes that.

        Raises:
            StaleEpoch: another epoch is the session's, or the lease has lapsed.
        """
        if not (self._parked and epoch == self._epoch):
            self._require_held(epoch)
        self._parked = True
        self._ends_at = self._clock() + hold_s

    def adopt(self, epoch: int) -> None:
        """Hand the session to the holder of a higher epoch and start its lease.

        Raises:
            StaleEpoch: `epoch` is not higher than the session's, or nobody may have it any more.
        """
        if epoch <= self._epoch:
            raise StaleEpoch(
                f"epoch {epoch} is not above this session's {self._epoch}: "
                "another worker has adopted it"
            )
        if self.state is LeaseState.ABANDONED:
            raise StaleEpoch("the session is closing: open a new one")
        self._epoch = epoch
        self._start()

    def _require_held(self, epoch: int) -> None:
        self.check(epoch)
        if self.state is not LeaseState.HELD:
            raise StaleEpoch(f"epoch {epoch} holds its lease no more: adopt under a higher one")

    def _start(self) -> None:
        self._parked = False
        self._lapses_at = self._clock() + self._ttl_s
        self._ends_at = self._lapses_at + self._linger_s
