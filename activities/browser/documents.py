"""Which documents a session's tabs show, and how they were asked for."""

from playwright.async_api import BrowserContext, Page


async def current_tab(context: BrowserContext, target_id: str) -> Page | None:
    """The tab of this name in the living browser; None where it is closed."""
    raise NotImplementedError
