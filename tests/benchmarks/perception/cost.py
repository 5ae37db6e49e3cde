"""What looking costs: snapshot, grounding and content on pages of 100 to 20,000 elements.

Beside `aria_snapshot` of the same page in the same run, so that the ratio holds on any machine.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median

from playwright.async_api import Browser, Page

from activities.browser.content import capture_content
from activities.browser.snapshot import capture
from inference.decisions import Decision, DontKnow, Question
from inference.dom.tier import decide
from inference.observation import Observation
from plans.step import Params, Step, StepType

SIZES = (100, 1_000, 5_000, 20_000)
ROUNDS = 3
TIME_S = 20.0
"""A size that has taken this long gets no further round."""
LAID_OUT = "document.body.offsetHeight && document.getElementsByTagName('*').length"
HEADER = """<header><a href="/">Harbour Market</a><nav><ul>
<li><a href="/new">New in</a></li><li><a href="/boats">Boats</a></li>
<li><a href="/parts">Parts</a></li><li><a href="/help">Help</a></li></ul></nav>
<button aria-label="Account">A</button><button aria-label="Basket"><span>3</span></button></header>
<form id=find><label for=q>Search</label><input id=q type=search placeholder="Search boats">
<label>Sort by <select><option>Newest</option><option>Price: low to high</option></select></label>
<label><input type=checkbox> With trailer</label><button type=submit>Show results</button></form>"""
FOOTER = '<footer><p>© Harbour Market</p><a href="/imprint">Imprint</a></footer>'
STYLE = """<style>body{font:14px sans-serif;margin:0}nav ul{display:flex;gap:12px}
.grid{display:grid;grid-template-columns:repeat(4,1fr);gap:12px}
.card{border:1px solid #ccc;padding:8px}.price{font-weight:700}
header{position:sticky;top:0;background:#fff}table{width:100%}.row{display:flex;gap:8px}</style>"""


def card(number: int) -> str:
    """A result card of 15 elements."""
    return f"""<article class="card"><a class=pic href="/b/{number}">
<img alt="" width=80 height=40></a><h3><a href="/b/{number}">Cruiser {number} with cabin</a></h3>
<p class=meta><span>{1990 + number % 35}</span> <span>{6 + number % 9} m</span></p>
<p class=price>€ {number * 37 % 90000 + 900}</p><div class=row><button>Save</button>
<button aria-label="Message the seller of cruiser {number}"><span class=icon></span></button>
<a href="/b/{number}#more">Details</a></div><small>Seen today</small></article>"""


def table_row(number: int) -> str:
    """A table row of 10 elements."""
    return f"""<tr><td><input type=checkbox aria-label="Select order {number}"></td>
<td><a href="/o/{number}">#{4000 + number}</a></td><td>Berth {number % 60}</td>
<td><b>Open</b></td><td><button>Edit</button></td></tr>"""


def setting(number: int) -> str:
    """A line of a form, 8 elements."""
    return f"""<div class=row><label for=f{number}>Alert {number}</label><input id=f{number}>
<select aria-label="Repeat {number}"><option>Daily</option><option>Weekly</option></select>
<span>at most once</span></div>"""


def comment(number: int) -> str:
    """A comment of 6 elements."""
    return f"""<div class=comment><b>Sailor {number}</b><p>Took her out on day {number}; <i>dry</i>
and quick.</p><button>Reply</button><a href="/u/{number}">Profile</a></div>"""


def page_of(count: int) -> str:
    """A page of about `count` elements: form, cards, a table, settings, comments."""
    room = max(0, count - 40)
    parts = [
        '<h1>Boats near you</h1><section class="grid">',
        *(card(number) for number in range(room * 45 // 100 // 15)),
        "</section><h2>Orders</h2><table><thead><tr><th></th><th>Order</th><th>Berth</th>"
        "<th>State</th><th>Act</th></tr></thead><tbody>",
        *(table_row(number) for number in range(room * 30 // 100 // 10)),
        "</tbody></table><h2>Alerts</h2><form>",
        *(setting(number) for number in range(room * 10 // 100 // 8)),
        "</form><h2>Comments</h2>",
        *(comment(number) for number in range(room * 15 // 100 // 6)),
    ]
    return (
        f"<!doctype html><title>Boats</title>{STYLE}{HEADER}<main>{''.join(parts)}</main>{FOOTER}"
    )


def question(intent: str) -> Question:
    step = Step(type=StepType.CLICK, intent=intent, params=Params())
    return Question(step=step, intent=intent)


QUESTIONS = tuple(
    question(intent)
    for intent in (
        "Click the Show results button",
        'Click "Imprint"',
        "Open the account menu",
        "Save the boat Cruiser 2 with cabin",
    )
)


@dataclass
class Cost:
    """Median milliseconds on one page; `elements` as the browser counts them."""

    elements: int
    seen: int
    truncated: bool
    snapshot: float
    grounding: float
    content: float
    aria: float

    def line(self) -> str:
        """A row of the table."""
        both = self.snapshot + self.grounding
        return (
            f"| {self.elements:,} | {self.seen:,}{' (cut)' if self.truncated else ''} |"
            f" {self.snapshot:.0f} | {self.grounding:.1f} | {both:.0f} | {self.content:.0f} |"
            f" {self.aria:.0f} | {both / self.aria:.2f} |"
        )


@dataclass
class Report:
    """The costs by size of page."""

    costs: list[Cost] = field(default_factory=list[Cost])

    def lines(self) -> list[str]:
        """The table in Markdown."""
        return [
            f"Cards, table rows, form lines and comments; medians in ms over {ROUNDS} fresh pages"
            f" (fewer once a size has taken {TIME_S:.0f} s), beside"
            " `page.locator('body').aria_snapshot()` on the same pages. Grounding is the"
            f" mean of {len(QUESTIONS)} intents.",
            "",
            "| elements | taken | looking | grounding | together | content | aria_snapshot"
            " | together : aria |",
            "|---|---|---|---|---|---|---|---|",
            *(cost.line() for cost in self.costs),
        ]


async def run(browser: Browser) -> Report:
    """Measure pages of every size."""
    return Report([await measure(browser, size) for size in SIZES])


async def measure(browser: Browser, size: int) -> Cost:
    """The medians of fresh pages, each looked at once, as a run does after it went somewhere."""
    snapshots, groundings, contents, arias = [], [], [], []
    elements, observation = 0, None
    began = time.monotonic()
    for count in range(ROUNDS):
        if count and time.monotonic() - began > TIME_S:
            break
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        try:
            await page.set_content(page_of(size))
            elements = int(await page.evaluate(LAID_OUT))
            arias.append(await timed(lambda page=page: page.locator("body").aria_snapshot()))
            contents.append(await timed(lambda page=page: capture_content(page)))
            start = time.perf_counter()
            observation = await observed(page)
            snapshots.append((time.perf_counter() - start) * 1000)
            groundings.append(ground(observation))
        finally:
            await page.close()
    assert observation is not None
    return Cost(
        elements=elements,
        seen=len(observation.elements),
        truncated=observation.truncated,
        snapshot=median(snapshots),
        grounding=median(groundings),
        content=median(contents),
        aria=median(arias),
    )


async def observed(page: Page) -> Observation:
    snapshot = await capture(page)
    await snapshot.dispose()
    return snapshot.observation


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return (time.perf_counter() - start) * 1000


def ground(observation: Observation) -> float:
    """Milliseconds an intent takes, mean of all of them."""
    start = time.perf_counter()
    answers: list[Decision | DontKnow] = [decide(observation, one) for one in QUESTIONS]
    return (time.perf_counter() - start) * 1000 / len(answers)
