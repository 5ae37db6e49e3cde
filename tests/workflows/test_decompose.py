"""PlanRun of a plan in words: its steps are made first, and only then is a browser opened."""

import asyncio

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from plans.calls import Finish, Money
from plans.step import HaltClass, TierName
from tests.workflows.scripted import LISTING, Scripted, beating, until
from workflows.interfaces import Decomposed, DecomposeRequest, RunSpec
from workflows.messages import CancelRequest, PauseRequest
from workflows.plan_run import PlanRun

pytestmark = pytest.mark.timeout(120)


class InWords(Scripted):
    """Its plan comes into the ledger by being decomposed; `made` tells of it."""

    def __init__(self, client: Client, **fields: object) -> None:
        super().__init__(client, LISTING)
        self.whole = self.spec
        self.spec = self.spec.model_copy(
            update={"plan": None, "in_words": True, "models": (TierName.CLAUDE,), **fields}
        )
        self.opened_before: list[bool] = []

    def made(self) -> RunSpec:
        return self.whole.model_copy(update={"models": (TierName.CLAUDE,)})

    async def decomposed(self, request: DecomposeRequest) -> Decomposed:
        self.opened_before.append(self.asked != [])
        self.spec = self.made()
        return Decomposed(steps=5, cost=Money(claude=1_234))


async def test_words_are_made_into_steps_before_a_browser_is_opened(
    temporal_client: Client,
) -> None:
    scripted = InWords(temporal_client)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == Finish(status="succeeded")
    assert scripted.opened_before == [False]
    assert scripted.loaded == 2
    assert [one.call.index for one in scripted.calls[:3]] == [0, 1, 2]
    assert scripted.finished[0].state.counters.cost == Money(claude=1_234)
    assert 0 < scripted.decomposing[0].time_left_ms <= 60_000


@pytest.mark.parametrize("halt", [HaltClass.PLAN_REJECTED, HaltClass.MAX_COST_EXCEEDED])
async def test_a_refusal_ends_the_run_without_a_browser(
    temporal_client: Client, halt: HaltClass
) -> None:
    refusal = Finish(status="failed", halt_class=halt, message="it names a host")

    class Refused(InWords):
        async def decomposed(self, request: DecomposeRequest) -> Decomposed:
            return Decomposed(refusal=refusal)

    scripted = Refused(temporal_client)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == scripted.finished[0].finish == refusal
    assert scripted.asked == []


async def test_a_fault_while_decomposing_ends_the_run_with_its_sentence(
    temporal_client: Client,
) -> None:
    class Broken(InWords):
        async def decomposed(self, request: DecomposeRequest) -> Decomposed:
            raise ApplicationError("fault 1234", non_retryable=True)

    scripted = Broken(temporal_client)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.INTERNAL_ERROR)
    assert finish.message == "the plan could not be made into steps: fault 1234"


async def test_words_that_stay_words_end_the_run(temporal_client: Client) -> None:
    class Idle(InWords):
        async def decomposed(self, request: DecomposeRequest) -> Decomposed:
            return Decomposed()

    scripted = Idle(temporal_client)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.halt_class, len(scripted.decomposing)) == (HaltClass.INTERNAL_ERROR, 1)


async def test_what_decomposing_takes_is_the_runs_time(temporal_client: Client) -> None:
    class Slow(InWords):
        async def decomposed(self, request: DecomposeRequest) -> Decomposed:
            await asyncio.sleep(1.5)
            return await super().decomposed(request)

    scripted = Slow(temporal_client)
    async with scripted.running() as handle:
        await handle.result()
    assert scripted.finished[0].elapsed_ms >= 1500


async def test_time_that_is_over_while_decomposing_ends_the_run(temporal_client: Client) -> None:
    scripted = InWords(temporal_client)
    limits = scripted.spec.limits.model_copy(update={"max_time_ms": 1200})
    scripted.spec = scripted.spec.model_copy(update={"limits": limits})
    async with scripted.running(models=False) as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.TIMEOUT)
    assert scripted.finished[0].elapsed_ms >= 1200
    assert scripted.asked == []


@pytest.mark.parametrize("by", ["signal", "ui"])
async def test_a_cancel_while_decomposing_ends_the_run(temporal_client: Client, by: str) -> None:
    ended = asyncio.Event()

    class Endless(InWords):
        async def decomposed(self, request: DecomposeRequest) -> Decomposed:
            try:
                await beating()
            finally:
                ended.set()

    scripted = Endless(temporal_client)
    async with scripted.running() as handle:
        await until(lambda: scripted.decomposing != [])
        if by == "signal":
            await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        else:
            await handle.cancel()
        finish = await handle.result()
        assert ended.is_set()
    assert finish.status == scripted.finished[0].finish.status == "cancelled"
    assert finish.message == ("enough" if by == "signal" else "cancelled in the Temporal UI")
    assert scripted.asked == []


async def test_a_pause_asked_for_while_decomposing_comes_before_the_first_step(
    temporal_client: Client,
) -> None:
    class Paused(InWords):
        async def decomposed(self, request: DecomposeRequest) -> Decomposed:
            await self.handle.signal(PlanRun.pause, PauseRequest(reason="wait"))
            return await super().decomposed(request)

    scripted = Paused(temporal_client)
    async with scripted.running() as handle:
        await until(lambda: scripted.pauses != [])
        assert scripted.calls == []
        await handle.signal("resume", {})
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert len(scripted.decomposing) == 1
