"""What came of an act on a page."""

from dataclasses import dataclass, replace

from playwright.async_api import Page

from activities.browser.effects import After, Seen, Watch
from activities.browser.navigate import PageLoad
from plans.step import FailureClass


@dataclass(frozen=True)
class ActResult:
    """An act and its checked effect.

    `evidence` names what was seen to change: dom, state, url, leaving, focus, scroll, input,
    value, tab, download, dialog, request … A failed act with evidence did reach the page and
    must not simply be repeated. `x`, `y` are CSS pixels of the top viewport, None where the
    pointer was not used. `stale`: the element had left the page before anything was done to
    it. `load` is the page that the act led to, if it led to another one.
    """

    success: bool
    url: str
    failure_class: FailureClass | None = None
    message: str = ""
    evidence: tuple[str, ...] = ()
    opened_tab: Page | None = None
    x: float | None = None
    y: float | None = None
    covered_by: str | None = None
    download: str | None = None
    dialogs: tuple[str, ...] = ()
    load: PageLoad | None = None
    stale: bool = False

    @property
    def told(self) -> str:
        """What came of it in a few words."""
        how = "done" if self.success else "failed"
        seen = f"seen to change: {', '.join(self.evidence)}" if self.evidence else ""
        return ": ".join(filter(None, (how, "; ".join(filter(None, (self.message, seen))))))


def failed(page: Page, failure_class: FailureClass, message: str) -> ActResult:
    """An act that was not done, or whose effect is not there."""
    return ActResult(success=False, url=page.url, failure_class=failure_class, message=message)


def gone(page: Page) -> ActResult:
    """The chosen element is no longer part of its page."""
    message = "the target is no longer on the page; look again"
    return replace(failed(page, FailureClass.SELECTOR_MISS, message), stale=True)


def conclude(
    watch: Watch,
    seen: Seen,
    after: After,
    *,
    failure_class: FailureClass | None = None,
    message: str = "",
    evidence: tuple[str, ...] = (),
    point: tuple[float, float] | None = None,
) -> ActResult:
    """Sum up an act. A failure of the act itself comes before one of the page it led to."""
    events = watch.events
    marks = {
        "tab": events.tabs,
        "download": events.downloads,
        "dialog": events.dialogs,
        "closed": events.closed,
    }
    found = [*evidence, *seen.evidence, *(name for name, happened in marks.items() if happened)]
    cause = failure_class or after.failure_class
    tab = events.tabs[-1] if events.tabs else None
    return ActResult(
        success=cause is None,
        url=tab.url if tab is not None else watch.page.url,
        failure_class=cause,
        message=message or after.message,
        evidence=tuple(dict.fromkeys(found)),
        opened_tab=tab,
        x=point[0] if point else None,
        y=point[1] if point else None,
        download=events.downloads[-1].suggested_filename if events.downloads else None,
        dialogs=tuple(events.dialogs),
        load=after.load,
    )
