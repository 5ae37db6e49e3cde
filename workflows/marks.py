"""What a poll shows of a run's phase: marks in the ledger, in their order, beside other work."""

import asyncio
from typing import Literal

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import interfaces, policies
from workflows.interfaces import Nothing, PhaseMark, RunKey


class Marks:
    """Sends the marks of one run one after another; `number` counts them."""

    def __init__(self, run: RunKey, number: int) -> None:
        self._run = run
        self.number = number
        self._last: asyncio.Task[None] | None = None

    def set(self, phase: Literal["running", "recovering"], message: str) -> None:
        """Have a phase shown from now on; nothing waits for it but the next mark."""
        self.number += 1
        mark = PhaseMark(run=self._run, number=self.number, phase=phase, message=message)
        self._last = asyncio.create_task(self._send(mark, self._last))

    async def sent(self) -> None:
        """Wait until all marks are written."""
        if self._last is not None:
            await asyncio.wait([self._last])

    async def _send(self, mark: PhaseMark, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await workflow.execute_activity(
                interfaces.MARK_PHASE,
                mark,
                result_type=Nothing,
                start_to_close_timeout=policies.LEDGER_TIMEOUT,
                retry_policy=policies.LEDGER_RETRY,
                summary=f"{mark.phase}: {mark.message}"[:120],
            )
        except ActivityError as error:
            workflow.logger.warning("the phase was not marked: %s", error.cause)
