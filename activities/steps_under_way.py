"""Which sessions have a step running on this host: a drain waits for them."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workflows.interfaces import PauseOpening, StepRequest


class StepsUnderWay(Interceptor):
    """Counts the activities on each session; to be given to the worker of the host queue."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running: Counter[str] = Counter()
        self._ended_at: dict[str, float] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Count what is executed from here on."""
        return _Counting(next, self)

    def quiet_s(self, session_id: str) -> float:
        """Seconds for which the session has had no step; 0 while it has one."""
        if self._running[session_id]:
            return 0.0
        return self._clock() - self._ended_at.get(session_id, 0.0)

    def forget(self, session_id: str) -> None:
        """Drop what is known of a session that is over."""
        self._ended_at.pop(session_id, None)

    def began(self, session_id: str) -> None:
        """Count one in."""
        self._running[session_id] += 1

    def ended(self, session_id: str) -> None:
        """Count one out."""
        self._running[session_id] -= 1
        if not self._running[session_id]:
            del self._running[session_id]
        self._ended_at[session_id] = self._clock()


class _Counting(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, steps: StepsUnderWay) -> None:
        super().__init__(next)
        self._steps = steps

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        request = input.args[0] if input.args else None
        if not isinstance(request, StepRequest | PauseOpening):
            return await super().execute_activity(input)
        session_id = request.session.session_id
        self._steps.began(session_id)
        try:
            return await super().execute_activity(input)
        finally:
            self._steps.ended(session_id)
