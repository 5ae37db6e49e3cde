"""What the workers would write of a run, written straight to the ledger."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from activities.runs import RunActivities
from activities.settings import ActivitySettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import (
    NewEvent,
    NewModelCall,
    NewPause,
    NewRow,
    PauseAnswer,
    Reserved,
    StepRecord,
)
from ledger.settings import LedgerSettings
from plans.calls import Finish, Money
from plans.prices import Usage
from plans.state import Counters, RunState
from plans.step import HaltClass, TierName
from workflows.interfaces import FinishRequest, RunKey


class Story:
    """The runs of one tenant on one SQLite ledger."""

    def __init__(self, data_dir: Path, tenant: str) -> None:
        self.data_dir = data_dir
        self.tenant = tenant

    def begin(self, run_id: str) -> None:
        async def write(ledger: Ledger) -> None:
            await ledger.runs.begin(self.tenant, run_id, now_micros())

        self._do(write)

    def say(self, run_id: str, *messages: str) -> None:
        """Append an event of kind `log` for each message."""

        async def write(ledger: Ledger) -> None:
            for message in messages:
                event = NewEvent(dedup_key=message, kind="log", body={"message": message})
                await ledger.events.append(self.tenant, run_id, [event])

        self._do(write)

    def pause(self, run_id: str, pause_id: str = "p1", *, needs_input: bool = True) -> None:
        """Pause it, for an answer or from outside."""
        reason, prompt = ("user_input", "The code?") if needs_input else ("external", "On request")
        asked = NewPause(pause_id=pause_id, prompt=prompt, reason=reason, needs_input=needs_input)

        async def write(ledger: Ledger) -> None:
            await ledger.pauses.open(self.tenant, run_id, asked, now_micros())

        self._do(write)

    def answer(self, run_id: str, pause_id: str = "p1") -> None:
        """The answer came."""
        answer = PauseAnswer(pause_id=pause_id)

        async def write(ledger: Ledger) -> None:
            await ledger.pauses.answer(self.tenant, run_id, answer, now_micros())

        self._do(write)

    def extract(self, run_id: str, **values: str) -> None:
        """A step that brings one record."""
        key = "-".join(values.values())
        record = {
            "fields": {name: {"value": value, "raw": value} for name, value in values.items()},
            "url": f"https://boats.test/{key}",
        }
        body = {"index": 0, "intent": "Read the boat", "type": "extract_data", "success": True}

        async def write(ledger: Ledger) -> None:
            await ledger.rows.record_step(
                StepRecord(
                    tenant_id=self.tenant,
                    run_id=run_id,
                    call_key=key,
                    step_index=0,
                    events=(
                        NewEvent(
                            dedup_key=f"{key}:step",
                            kind="step",
                            step_index=0,
                            body={**body, "duration": 0.4, "tier": "dom"},
                        ),
                        NewEvent(
                            dedup_key=f"{key}:row",
                            kind="extract",
                            step_index=0,
                            body={"row": record, "viable": True},
                        ),
                    ),
                    rows=(NewRow(key=key, record=record, viable=True, page_url=record["url"]),),
                )
            )

        self._do(write)

    def spend(self, run_id: str, micro: int, *, step: int = 0, lost: bool = False) -> None:
        """A question to Claude that cost so many micro-dollars, or was never heard of again."""
        used = Usage(
            tier=TierName.CLAUDE, model="claude-sonnet-5-5", input_tokens=1200, output_tokens=34
        )
        question = NewModelCall(
            tenant_id=self.tenant,
            run_id=run_id,
            call_id=f"step:{step}:0:1:t{now_micros()}/claude/ground",
            step_index=step,
            tier=used.tier,
            model=used.model,
            kind="ground",
            reserved_micro=micro,
        )

        async def write(ledger: Ledger) -> None:
            ticket = await ledger.spending.reserve(question)
            assert isinstance(ticket, Reserved)
            if not lost:
                await ledger.spending.settle(ticket, used, Money(claude=micro), "asks/x")

        self._do(write)

    def end(self, run_id: str, halt: HaltClass | None = None, message: str = "") -> None:
        status = "succeeded" if halt is None else "failed"
        status = "cancelled" if halt is HaltClass.CANCELLED else status

        async def write(ledger: Ledger) -> None:
            ending = RunActivities(ledger, ActivitySettings(data_dir=self.data_dir))
            await ending.finish_run(
                FinishRequest(
                    run=RunKey(tenant_id=self.tenant, run_id=run_id),
                    finish=Finish(status=status, halt_class=halt, message=message),
                    state=RunState(counters=Counters(steps_executed=1)),
                    elapsed_ms=900,
                )
            )

        self._do(write)

    def _do(self, write: Callable[[Ledger], Awaitable[None]]) -> None:
        async def opened() -> None:
            settings = LedgerSettings(data_dir=self.data_dir, database_url="")
            ledger = await Ledger.open(settings.url)
            try:
                await write(ledger)
            finally:
                await ledger.close()

        with ThreadPoolExecutor(1) as aside:
            aside.submit(lambda: asyncio.run(opened())).result()
