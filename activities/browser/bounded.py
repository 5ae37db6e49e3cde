"""Keeps the tabs of a browser on some hosts for as long as an act goes on."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from playwright.async_api import BrowserContext, Error, Request, Route

_ALL = "**/*"


@asynccontextmanager
async def staying(
    context: BrowserContext, allowed: Callable[[str], bool]
) -> AsyncGenerator[list[str]]:
    """Call off navigations of tabs to addresses that are not `allowed`; what was, is yielded.

    Only the first address of a navigation is seen: where a redirect leads is not.
    """
    refused: list[str] = []

    async def judge(route: Route, request: Request) -> None:
        with suppress(Error):  # the tab may be gone meanwhile
            if _leads_a_tab(request) and not allowed(request.url):
                refused.append(request.url)
                await route.abort("aborted")
            else:
                await route.fallback()

    await context.route(_ALL, judge)
    try:
        yield refused
    finally:
        with suppress(Error):
            await context.unroute(_ALL, judge)


def _leads_a_tab(request: Request) -> bool:
    if not request.is_navigation_request():
        return False
    try:
        return request.frame.parent_frame is None
    except Error:
        return True  # of a tab that is only being opened
