"""What a chat completion costs: reserved before the pool is asked, settled when it is done with.

It is paid by the time that the pool was busy with it, as measured here: from the request to the
last byte, or until the caller left. Of a process that dies, the others give up what it had
reserved.
"""

import asyncio
import json
import logging
import re
import time
import uuid
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.settings import ApiSettings
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from ledger.models import NO_RUN, NewModelCall, Reserved
from ledger.rounds import rounds
from plans.calls import Money
from plans.prices import Usage, cost_of
from plans.step import TierName

log = logging.getLogger("mantis.chat")

_TRIES: Final = 5
_PAUSE_S: Final = 1.0
_DRAIN_S: Final = 5.0
EVERY_S = 60.0
LOST = timedelta(minutes=10)
"""A completion that its process says nothing of for so long is given up: the process is dead."""
_TAIL: Final = 4096
"""Bytes at the end of a stream among which its usage stands."""
_USAGE: Final = re.compile(rb'"usage":\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})')


class _Tokens(BaseModel):
    """`usage` of a completion, as far as it is told."""

    model_config = ConfigDict(frozen=True)

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class Meters:
    """Makes a meter for each completion; `close` waits until all are settled."""

    def __init__(self, settings: ApiSettings, ledger: Ledger) -> None:
        self._settings = settings
        self._ledger = ledger
        self._open: set[Reserved] = set()
        self._settling: set[asyncio.Task[None]] = set()

    async def reserve(self, tenant_id: str, model: str) -> "Meter":
        """Reserve what a completion may cost at most.

        Raises:
            LedgerAway: the ledger can't be reached.
        """
        most = self.cost(Usage(tier=TierName.HOLO3, model=model, gpu_ms=self._most_ms))
        asked = NewModelCall(
            tenant_id=tenant_id,
            run_id=NO_RUN,
            call_id=f"chat/{uuid.uuid4().hex}",
            tier=TierName.HOLO3,
            model=model,
            kind="chat",
            reserved_micro=most.total,
        )
        reserved = await self._ledger.spending.reserve(asked)
        assert isinstance(reserved, Reserved), "calls of no run have no budget, and no answer yet"
        self._open.add(reserved)
        return Meter(self, reserved, model)

    @property
    def _most_ms(self) -> int:
        return round(self._settings.chat_timeout_s * 1000)

    def cost(self, usage: Usage) -> Money:
        """What a use of the pool costs."""
        return cost_of(usage, self._settings.holo3_gpu_usd_per_hour)

    def settle(self, reserved: Reserved, usage: Usage, *, answered: bool) -> None:
        """Write a completion down, beside whatever the request goes on to do."""
        work = asyncio.create_task(self._settle(reserved, usage, answered))
        self._settling.add(work)
        work.add_done_callback(self._settling.discard)

    async def _settle(self, reserved: Reserved, usage: Usage, answered: bool) -> None:
        try:
            await self._write_down(reserved, usage, answered)
        finally:
            self._open.discard(reserved)

    async def _write_down(self, reserved: Reserved, usage: Usage, answered: bool) -> None:
        spending, cost = self._ledger.spending, self.cost(usage)
        for tried in range(_TRIES):
            try:
                if answered:
                    await spending.settle(reserved, usage, cost, answer="")
                else:
                    await spending.release(reserved, usage, cost)
            except LedgerAway as error:
                log.warning("a chat completion is not written down yet: %s", error)
                await asyncio.sleep(_PAUSE_S * 2**tried)
            else:
                return
        log.error("a chat completion of %d ms is not paid: no ledger", usage.gpu_ms)

    async def watch(self) -> None:
        """Renew what is under way here and give up what dead processes left, until cancelled."""
        await rounds(self._look_after, EVERY_S, log, "looking after chat completions")

    async def _look_after(self) -> None:
        await self._ledger.open_chats.renew(tuple(self._open))
        lost = await self._ledger.open_chats.end_lost(LOST)
        if lost:
            log.warning("%d chat completions are given up: their process died", lost)

    async def close(self) -> None:
        """Let what is being written down come to its end."""
        if self._settling:
            await asyncio.wait(self._settling, timeout=_DRAIN_S)


class Meter:
    """The time and the tokens of one completion."""

    def __init__(self, meters: Meters, reserved: Reserved, model: str) -> None:
        self._meters = meters
        self._reserved = reserved
        self._model = model
        self._began: float | None = None
        self._tail = b""
        self._over = False

    def begin(self) -> None:
        """The pool is being asked."""
        self._began = time.monotonic()

    def saw(self, part: bytes) -> None:
        """A part of the answer came by: its usage stands near the end."""
        self._tail = (self._tail + part)[-_TAIL:]

    def end(self, *, answered: bool, free: bool = False) -> None:
        """The pool is done with it; only the first end counts.

        Args:
            answered: whether the answer was there to its end.
            free: the pool has done nothing for it.
        """
        if self._over:
            return
        self._over = True
        busy_s = 0.0 if free or self._began is None else time.monotonic() - self._began
        tokens = _tokens(self._tail)
        usage = Usage(
            tier=TierName.HOLO3,
            model=self._model,
            gpu_ms=round(busy_s * 1000),
            input_tokens=tokens.prompt_tokens,
            output_tokens=tokens.completion_tokens,
        )
        self._meters.settle(self._reserved, usage, answered=answered)


def _tokens(tail: bytes) -> _Tokens:
    found = _USAGE.findall(tail)
    if not found:
        return _Tokens()
    try:
        return _Tokens.model_validate(json.loads(found[-1]))
    except (ValueError, ValidationError):
        return _Tokens()
