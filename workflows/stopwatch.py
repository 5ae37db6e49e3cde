"""Time in a workflow: how much of it a run has used, and waiting for at most so long."""

from collections.abc import Callable

from temporalio import workflow


def now_ms() -> int:
    """The workflow's time, milliseconds since the epoch."""
    return int(workflow.now().timestamp() * 1000)


async def waited(
    condition: Callable[[], bool], left_ms: Callable[[], int] | None, summary: str | None = None
) -> bool:
    """Wait for a condition, at most so long (None: for ever); whether it came true.

    `summary` is what the Temporal UI shows beside the timer.
    """
    if condition():
        return True
    left = None if left_ms is None else left_ms()
    if left is not None and left <= 0:
        return False
    try:
        await workflow.wait_condition(
            condition, timeout=None if left is None else left / 1000, timeout_summary=summary
        )
    except TimeoutError:
        return False
    return True


class Stopwatch:
    """Counts milliseconds while it is going: queue and pauses are left out."""

    def __init__(self, used_ms: int = 0) -> None:
        self._used_ms = used_ms
        self._since_ms: int | None = None

    @property
    def going(self) -> bool:
        """Whether time is counted now."""
        return self._since_ms is not None

    @property
    def used_ms(self) -> int:
        """Milliseconds counted so far."""
        return self._used_ms + (0 if self._since_ms is None else now_ms() - self._since_ms)

    def start(self) -> None:
        """Count from now on."""
        if self._since_ms is None:
            self._since_ms = now_ms()

    def stop(self) -> None:
        """Count no more until it is started again."""
        self._used_ms, self._since_ms = self.used_ms, None
