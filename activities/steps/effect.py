"""Whether the page shows what a step must lead to."""

import asyncio

from playwright.async_api import Error, Page

from activities.browser.content import capture_content
from activities.browser.hints import unmet_hint
from inference.checks.verify import check
from plans.step import Step

_PAUSE_S = 0.3


def tells_effect(step: Step) -> bool:
    """Whether the plan says what the step must lead to."""
    hints = step.hints
    told = (hints.expect_url_contains, hints.expect_url_excludes, hints.expect_text_present)
    return bool(step.verify) or any(told)


async def shows_effect(page: Page, step: Step, *, patience_s: float = 0.0) -> bool:
    """Whether all of it holds within `patience_s`; False where the plan says nothing of it."""
    if not tells_effect(step):
        return False
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while not await _holds(page, step):
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(_PAUSE_S)
    return True


async def _holds(page: Page, step: Step) -> bool:
    try:
        if await unmet_hint(page, step.hints, timeout_s=0) is not None:
            return False
        if not step.verify:
            return True
        content = await capture_content(page)
    except Error:
        if page.is_closed():
            raise
        return False
    return (await asyncio.to_thread(check, content, step.verify)).verdict == "holds"
