"""Whether a list shows other records once its page was turned."""

import asyncio
from dataclasses import replace

from activities.browser.act import ActResult
from activities.steps.context import StepContext
from inference.dom.records import main_group
from inference.observation import Observation
from plans.step import FailureClass

_COMING_S = 2.0
_PAUSE_S = 0.2


def records_shown(observation: Observation) -> tuple[str, ...]:
    """The texts of the records of the page's main list, in page order."""
    main = main_group(observation)
    return () if main is None else tuple(one.text for one in observation.groups[main].records)


async def turned(
    context: StepContext, before: tuple[str, ...], result: ActResult, list_url: str
) -> ActResult:
    """The result of turning a page, a failure where the list still shows what it showed `before`.

    The first record must be another one, or there must be more of them. A page of another
    address, or one without a list, is not judged.
    """
    if not result.success or not before or result.url != list_url:
        return result
    loop = asyncio.get_running_loop()
    deadline = loop.time() + context.time_left(_COMING_S)
    while True:
        snapshot = await context.look_untouched()
        now = records_shown(snapshot.observation)
        await snapshot.dispose()
        if now[:1] != before[:1] or len(now) > len(before):
            return result
        if loop.time() >= deadline:
            break
        await asyncio.sleep(_PAUSE_S)
    message = "the page was turned, and its list shows the same records"
    return replace(
        result, success=False, failure_class=FailureClass.NO_STATE_CHANGE, message=message
    )
