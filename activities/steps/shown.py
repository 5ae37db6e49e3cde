"""Whether the page shown is one to read from, or an error page in its place."""

from playwright.async_api import Page

from activities.browser.settle import Patience, settle
from activities.browser.walls import PageFacts, page_failure
from activities.steps.report import Report, failed
from plans.step import FailureClass

_AT_ONCE = Patience(quiet=0.0, data=0.0, shell=0.0)
_LOOK_TIME_S = 2.0
_ERROR_PAGE = "chrome-error:"
_REFUSED_TITLE, _REFUSED_TEXT = "Blocked", "This page was not loaded"


async def error_page(page: Page) -> Report | None:
    """A report of failure where an error page or a bot wall is shown, else None.

    Such a page is left behind by a navigation that failed in a step that was not required:
    what it says is no record of the site's.
    """
    facts = await settle(page, timeout_s=_LOOK_TIME_S, patience=_AT_ONCE, inspect=True)
    if facts.url.startswith(_ERROR_PAGE):
        return failed(FailureClass.NAV_BLOCKED, "an error of the browser is shown, no page")
    failure = page_failure(facts, "its page stands in the site's place" if _refused(facts) else "")
    return failed(failure.failure_class, failure.message) if failure else None


def _refused(facts: PageFacts) -> bool:
    """Whether the egress proxy answered in the site's place."""
    return facts.title == _REFUSED_TITLE and facts.sample.startswith(_REFUSED_TEXT)
