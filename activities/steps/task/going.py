"""Where the agent of a task goes by address: only to the plan's hosts."""

from typing import Final

from anthropic.tools import BetaBrowserNavigateResult, ToolError
from playwright.async_api import Error, Page

from activities.browser.events import PageEvents
from activities.browser.history import go_back
from activities.browser.navigate import PageLoad, arrive, navigate
from activities.steps.task.desk import Desk
from activities.steps.task.filling import refuse_references

_LOAD_S: Final = 25.0
_HISTORY_S: Final = 5.0
_HISTORY: Final = frozenset({"back", "forward", "reload"})


def check(desk: Desk, url: str) -> None:
    """Whether a model may go to an address.

    Raises:
        ToolError: it may not.
    """
    refuse_references(desk, url)
    if not desk.hosts.may_visit(desk.hosts.addressed(url.strip())):
        names = ", ".join(desk.hosts.names) or "none"
        raise ToolError(f"Only the hosts of this task may be visited: {names}.")


async def go(desk: Desk, url: str) -> BetaBrowserNavigateResult:
    """Go to an address, or through the history by `back`, `forward` or `reload`.

    Raises:
        ToolError: no page came, or one of another host, which was left again.
    """
    page, before = desk.page, desk.page.url
    await desk.context.acts.mark()
    if url in _HISTORY:
        load = await _through_history(desk, page, url)
    else:
        address = desk.hosts.addressed(url.strip())
        load = await navigate(page, address, timeout_s=desk.context.time_left(_LOAD_S))
    if load.download is not None:
        raise ToolError(f"No page came: the file {desk.word(load.download)} was downloaded.")
    await leave_foreign(desk, page, before)
    if not load.success:
        raise ToolError(f"{desk.word(load.message)} (now at {desk.word(page.url)})")
    return BetaBrowserNavigateResult(
        url=desk.word(page.url), status=load.status or None, title=desk.word(load.title)
    )


async def leave_foreign(desk: Desk, before: Page, url: str) -> None:
    """Leave a page of a foreign host that an act has led to.

    Args:
        desk: the turn.
        before: the tab before the act.
        url: its address then.

    Raises:
        ToolError: there was one to leave.
    """
    page = desk.page
    if page.url in ("about:blank", "", url) or desk.hosts.may_visit(page.url):
        return
    desk.refused += 1
    if page is not before and not before.is_closed():
        await page.close()
        await desk.context.session.ready()
    elif desk.hosts.may_visit(url):
        await go_back(page, url, timeout_s=desk.context.time_left(_LOAD_S))
    else:
        await navigate(page, "about:blank", timeout_s=desk.context.time_left(_LOAD_S))
    raise ToolError("That led to a host that is not of this task: the page was left again.")


async def _through_history(desk: Desk, page: Page, way: str) -> PageLoad:
    with PageEvents(page) as events:
        limit = desk.context.time_left(_HISTORY_S) * 1000
        try:
            match way:
                case "back":
                    answer = await page.go_back(wait_until="commit", timeout=limit)
                case "forward":
                    answer = await page.go_forward(wait_until="commit", timeout=limit)
                case _:
                    answer = await page.reload(wait_until="commit", timeout=limit)
        except Error:
            if page.is_closed() or events.crashed:
                raise
            raise ToolError(f"There is no page to go {way} to.") from None
        if answer is None and not events.navigations:
            raise ToolError(f"There is no page to go {way} to.")
        return await arrive(page, events, timeout_s=desk.context.time_left(_LOAD_S))
