"""What may happen to a run, by name: each is played on a real server and its histories kept."""

import asyncio
from collections.abc import Awaitable, Callable

from temporalio import activity
from temporalio.client import Client

from plans.calls import Outcome
from plans.plan import Plan
from plans.step import FailureClass, StepType
from tests.workflows.scripted import (
    LOGIN,
    LOST,
    Scripted,
    beating,
    forever,
    refuse,
    step,
    succeed,
    until,
)
from workflows.interfaces import (
    PauseOpened,
    PauseOpening,
    RunPolicy,
    SessionRequest,
    StepRequest,
)
from workflows.messages import CancelRequest, Opening, PauseRequest, ResumeRequest
from workflows.plan_run import PlanRun

Scenario = Callable[[Client], Awaitable[Scripted]]

SCENARIOS: dict[str, Scenario] = {}

LISTING = Plan(
    name="listing",
    steps=(
        step(StepType.NAVIGATE, "go to http://x.test/", required=True),
        step(StepType.CLICK, "Click the next listing"),
        step(StepType.EXTRACT_DATA, "Extract price"),
        step(StepType.LOOP, loop_target=1, loop_count=2),
    ),
)

_AT = "step:2:1:1"


def scenario(play: Scenario) -> Scenario:
    SCENARIOS[play.__name__] = play
    return play


async def played(scripted: Scripted) -> Scripted:
    async with scripted.running() as handle:
        await handle.result()
    return scripted


async def paused_twice(scripted: Scripted) -> Scripted:
    """Played to its end, with a signal for its first pause and an answer for its second."""
    async with scripted.running() as handle:
        await until(lambda: len(scripted.parked) == 1)
        await asyncio.sleep(0.5)
        await handle.signal("resume", ResumeRequest())
        await until(lambda: len(scripted.parked) == 2)
        await asyncio.sleep(0.5)
        await handle.execute_update(PlanRun.resume, ResumeRequest(answer="secret.answer.p2"))
        await handle.result()
    return scripted


def limited(scripted: Scripted, max_time_ms: int) -> Scripted:
    limits = scripted.spec.limits.model_copy(update={"max_time_ms": max_time_ms})
    scripted.spec = scripted.spec.model_copy(update={"limits": limits})
    return scripted


@scenario
async def plain_run(client: Client) -> Scripted:
    """Two steps, with search attributes."""
    policy = RunPolicy(search_attributes=True)
    return await played(Scripted(client, Plan(steps=LISTING.steps[:2]), policy=policy))


@scenario
async def loop(client: Client) -> Scripted:
    """A loop with a failed item, and the way back to its list."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == _AT:
            return Outcome(success=False, failure_class=FailureClass.EXTRACT_FAILED)
        return await succeed(request)

    return await played(Scripted(client, LISTING, script))


@scenario
async def recovery_by_heartbeat(client: Client) -> Scripted:
    """The worker falls silent in a step."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == _AT and not scripted.silent:
            scripted.silent = True
            await asyncio.sleep(60)
        return await succeed(request)

    scripted = Scripted(client, LISTING, script)
    return await played(scripted)


@scenario
async def session_gone(client: Client) -> Scripted:
    """The worker is found dead in a step."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == _AT and not request.again:
            await scripted.gone()
            await beating()
        return await succeed(request)

    scripted = Scripted(client, LISTING, script)
    return await played(scripted)


@scenario
async def machine_gone(client: Client) -> Scripted:
    """No worker of the session's machine is left; another host takes over."""

    async def script(request: StepRequest) -> Outcome:
        return LOST if request.call.key == _AT and not request.again else await succeed(request)

    scripted = Scripted(client, LISTING, script)
    async with scripted.running(machine=False) as handle:
        await handle.result()
    return scripted


@scenario
async def drain(client: Client) -> Scripted:
    """The worker ends; its step is let finish, then another one takes over."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == _AT:
            await scripted.gone(draining=True)
            await asyncio.sleep(0.3)
            scripted.ends[1] = "drained"
        return await succeed(request)

    scripted = Scripted(client, LISTING, script)
    return await played(scripted)


@scenario
async def not_opened(client: Client) -> Scripted:
    """The first launches fail."""
    scripted = Scripted(client, Plan(steps=LISTING.steps[:2]))

    async def opening(request: SessionRequest) -> None:
        if request.epoch < 3:
            raise refuse("LaunchFailed", "no memory left")

    scripted.opening = opening
    return await played(scripted)


@scenario
async def pause_and_resume(client: Client) -> Scripted:
    """Paused from outside, resumed by signal; then asked, and answered by update."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.index == 0:
            await scripted.handle.signal(PlanRun.pause, PauseRequest(reason="lunch"))
        return await succeed(request)

    scripted = Scripted(client, LOGIN, script)
    return await paused_twice(scripted)


@scenario
async def answered_while_opening(client: Client) -> Scripted:
    """The answer comes before the workflow hears that its pause is open."""
    scripted = Scripted(client, LOGIN)

    async def opening(request: PauseOpening) -> PauseOpened:
        await scripted.handle.signal("resume", ResumeRequest(answer="secret.answer.p1"))
        await asyncio.sleep(0.5)
        return PauseOpened(anchor=True)

    scripted.opening_pause = opening
    return await played(scripted)


class Posted(Scripted):
    def how(self, request: SessionRequest) -> Opening:
        return Opening.FRESH if request.previous is None else Opening.STEPPED_BACK


@scenario
async def stepped_back(client: Client) -> Scripted:
    """A page reached by POST is gone with its browser: the steps before it are done again."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == "step:1:0:1" and not request.again:
            return LOST
        return Outcome(success=True, anchor=request.call.index == 0)

    steps = tuple(step(kind) for kind in (StepType.NAVIGATE, StepType.SUBMIT, StepType.CLICK))
    return await played(Posted(client, Plan(steps=steps), script))


@scenario
async def stepped_back_after_pause(client: Client) -> Scripted:
    """The login is done again and asked again."""

    async def script(request: StepRequest) -> Outcome:
        return Outcome(success=True, anchor=request.call.index == 0)

    scripted = Posted(client, LOGIN, script)
    async with scripted.running() as handle:
        await until(lambda: len(scripted.parked) == 1)
        await asyncio.sleep(0.5)
        await handle.signal("resume", ResumeRequest(answer="stale"))
        await until(lambda: len(scripted.parked) == 2)
        await asyncio.sleep(0.5)
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        await handle.result()
    return scripted


@scenario
async def cancel_in_step(client: Client) -> Scripted:
    """The running step is interrupted."""
    scripted = Scripted(client, LISTING, forever)
    async with scripted.running() as handle:
        await scripted.started.wait()
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        await handle.result()
    return scripted


@scenario
async def cancel_in_the_ui(client: Client) -> Scripted:
    """The workflow itself is cancelled in a step."""
    scripted = Scripted(client, LISTING, forever)
    async with scripted.running() as handle:
        await scripted.started.wait()
        await handle.cancel()
        await handle.result()
    return scripted


@scenario
async def cancel_in_pause(client: Client) -> Scripted:
    """A paused run ends without a browser."""
    scripted = Scripted(client, LOGIN)
    async with scripted.running() as handle:
        await until(lambda: len(scripted.parked) == 1)
        await asyncio.sleep(0.5)
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        await handle.result()
    return scripted


@scenario
async def time_out(client: Client) -> Scripted:
    """The run's time is over in a step."""

    async def script(request: StepRequest) -> Outcome:
        await asyncio.sleep(0.5)
        activity.heartbeat()
        return Outcome(success=True)

    return await played(limited(Scripted(client, LISTING, script), 300))


@scenario
async def pause_time_out(client: Client) -> Scripted:
    """Nobody answers."""
    return await played(Scripted(client, LOGIN, policy=RunPolicy(max_pause_ms=1000)))


@scenario
async def max_recoveries(client: Client) -> Scripted:
    """One step takes every browser down."""

    async def script(request: StepRequest) -> Outcome:
        return LOST if request.call.key == _AT else await succeed(request)

    policy = RunPolicy(max_recoveries_of_a_call=1)
    return await played(Scripted(client, LISTING, script, policy))


@scenario
async def continue_as_new(client: Client) -> Scripted:
    """Three histories by their length."""
    return await played(Scripted(client, LISTING, policy=RunPolicy(calls_per_history=3)))
