"""The ledger's time: integer microseconds since the epoch, UTC."""

import time
from collections.abc import Callable

Micros = int
Clock = Callable[[], Micros]


def now_micros() -> Micros:
    """The wall clock in whole microseconds since the epoch."""
    return time.time_ns() // 1_000
