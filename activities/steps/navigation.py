"""Steps that go somewhere: navigate, navigate_back, paginate, wait, and the way back to a list."""

import asyncio

from playwright.async_api import TimeoutError as PlaywrightTimeout

from activities.browser.history import go_back
from activities.browser.navigate import PageLoad, navigate
from activities.steps.context import StepContext, report_of
from activities.steps.grounding import ground_and_act
from activities.steps.paging import records_shown, turned
from activities.steps.report import Report, failed, unsure
from inference.cascade import Cascade
from inference.decisions import Decision, DontKnow
from inference.dom.paging import next_page
from inference.guarded import Guard
from inference.memory.tier import MemoryTier
from plans.placeholders import SECRET, restored_text
from plans.step import FailureClass, Perception
from plans.urls import navigate_url, with_scheme
from plans.waiting import waiting

_LOAD_TIME_S = 30.0
_BACK_TIME_S = 20.0
_RECALL = Cascade((MemoryTier(),))
"""Memory alone, held to what the risk of its act asks for."""


async def navigate_to(context: StepContext) -> Report:
    """Go to the step's URL and wait until the page is usable."""
    url = navigate_url(context.step)
    if not url:
        return failed(FailureClass.NAV_BLOCKED, "the step names no URL to go to")
    address = with_scheme(url)
    if context.step.once:
        await context.acts.take(Guard(kind="act", method="GET", url=address, what=address))
    else:
        await context.acts.mark()
    return _of_load(
        await navigate(context.page, address, timeout_s=context.time_left(_LOAD_TIME_S))
    )


async def navigate_back(context: StepContext) -> Report:
    """Go back to the page before; inside a loop, to the list its items come from."""
    return await _back(context, await list_url_of(context))


async def return_to_list(context: StepContext) -> Report:
    """After a failed item: be on its list again, by history or by its address."""
    list_url = await list_url_of(context)
    return Report() if list_url is None else await _back(context, list_url)


async def _back(context: StepContext, list_url: str | None) -> Report:
    await context.acts.mark()
    result = await go_back(context.page, list_url, timeout_s=context.time_left(_BACK_TIME_S))
    return Report(
        success=result.success,
        failure_class=result.failure_class,
        message=result.message,
        data=result.how,
    )


async def paginate(context: StepContext) -> Report:
    """Turn to the next page of the list; there being none is the list's end, not a failure."""
    if context.step.params.selector:
        return await ground_and_act(context)
    snapshot = await context.look()
    try:
        question = await context.memory.ask(context.question(), snapshot.observation)
        recalled = await _RECALL.decide(snapshot.observation, question, Perception.AUTO)
        answer = recalled.result
        if not isinstance(answer, Decision):
            answer = next_page(snapshot.observation)
        if answer is None:
            return Report(exhausted=True, message="there is no next page")
        if isinstance(answer, DontKnow) and context.asks.models:
            return await ground_and_act(context)
        await context.saw(snapshot, answer)
        if isinstance(answer, DontKnow):
            return unsure(answer)
        if (failure := context.memory.tried(snapshot.observation, answer)) is not None:
            return report_of(failure, answer)
        before, url = records_shown(snapshot.observation), context.page.url
        result = await context.carry_out(snapshot, answer)
        result = await turned(context, before, result, url)
        context.sights.came_of(result.told)
        untouched = context.acts.claim is None
        if context.memory.acted(snapshot.observation, answer, result) and untouched:
            return await paginate(context)
        return report_of(result, answer)
    finally:
        await snapshot.dispose()


async def wait(context: StepContext) -> Report:
    """Wait for the time that the step names, or until a text that it quotes is visible."""
    wanted = waiting(context.step)
    if wanted.text is not None:
        return await _wait_for_text(context, wanted.text, wanted.seconds)
    possible = context.time_left(wanted.seconds)
    await asyncio.sleep(min(wanted.seconds, possible))
    if possible < wanted.seconds:
        return failed(
            FailureClass.NAV_TIMEOUT, f"there was no time to wait for {wanted.seconds:g} s"
        )
    return Report()


async def _wait_for_text(context: StepContext, wanted: str, seconds: float) -> Report:
    text = context.page.get_by_text(wanted).first
    try:
        await text.wait_for(state="visible", timeout=context.time_left(seconds) * 1000)
    except PlaywrightTimeout:
        return failed(FailureClass.SELECTOR_MISS, f"{wanted!r} did not become visible in time")
    return Report(data=f"{wanted!r} is visible")


async def list_url_of(context: StepContext) -> str | None:
    """Address of the list that the items of the step's loop come from; None before one."""
    run = context.run
    url = await context.ledger.items.last_list_url(run.tenant_id, run.run_id, context.scope)
    if url is None or SECRET not in url:
        return url
    return restored_text(url, await context.ledger.secrets.read(run.tenant_id, run.run_id))


def _of_load(load: PageLoad) -> Report:
    return Report(
        success=load.success,
        failure_class=load.failure_class,
        message=load.message,
        data=load.title or None,
    )
