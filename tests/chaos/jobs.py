"""What the runs of the campaign do, and what the site's own records say of how they ended."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.site import BOATS, FIRST_BOAT, OwnSite
from tests.e2e.live import ROOT, Document
from tests.e2e.test_demo_plan import expected_rows, list_plan, shown

PER_PAGE = 2
PAGES = 2
_SITE_PAGE = 12
_DELIVERED = ["HM-70288", "HM-70103"]
"""Orders that the demo user's account always shows."""


@dataclass(frozen=True)
class Verdict:
    """How a run ended, by the site's records.

    `unknown`: it says honestly that it can't tell whether its act was done.
    """

    right: bool
    unknown: bool = False
    duplicate_acts: int = 0
    lost_rows: int = 0
    duplicate_rows: int = 0
    why: str = ""


@dataclass(frozen=True)
class Job:
    """A submission; `kinds` are the types of its steps in the order in which they are done."""

    name: str
    visitor: str
    steps: list[Document]
    kinds: tuple[str, ...]
    judge: Callable[[Document], Verdict]
    inputs: Document = field(default_factory=dict[str, object])


def extraction(site: OwnSite, visitor: str) -> Job:
    """Two listings of each of two pages of results."""
    url = f"{site.url}/boats?seller=private&visitor={visitor}"
    listings = site.listings(seller="private")
    wanted = [
        listing
        for page in range(PAGES)
        for listing in listings[page * _SITE_PAGE : page * _SITE_PAGE + PER_PAGE]
    ]
    expected = expected_rows(site, wanted)

    def judge(result: Document) -> Verdict:
        rows = shown(result["result"]["rows"])
        urls = [row["url"] for row in rows]
        lost = [row for row in expected if row not in rows]
        duplicates = len(urls) - len(set(urls))
        wrong = [row for row in rows if row not in expected]
        right = result["status"] == "succeeded" and rows == expected
        why = f"{_end(result)}; {len(lost)} lost, wrong {wrong}, got {_numbers(urls)}"
        why = "" if right else why
        return Verdict(right, False, 0, len(lost), duplicates, why)

    item = ("click", "extract_data", "navigate_back")
    kinds = ("navigate", *item * PER_PAGE, "paginate", *item * PER_PAGE)
    return Job("extraction", visitor, list_plan(url, PER_PAGE * PAGES, PER_PAGE), kinds, judge)


def login(site: OwnSite, visitor: str) -> Job:
    """The demo user's account behind a one-time code."""
    steps = _named(_steps("login-flow.json"), visitor)

    def judge(result: Document) -> Verdict:
        rows = [row.get("order_number") for row in result["result"]["rows"]]
        lost = len(set(_DELIVERED) - set(rows))
        right = result["status"] == "succeeded" and rows == _DELIVERED
        why = "" if right else f"{_end(result)}; rows {rows}, posts {site.posts(visitor)}"
        return Verdict(right, False, 0, lost, len(rows) - len(set(rows)), why)

    inputs = {"email": "demo@harbor.test", "password": "harbor-demo"}
    return Job("login", visitor, steps, _types(steps), judge, inputs)


def order(site: OwnSite, visitor: str, number: int) -> Job:
    """One reservation of one boat under an address of its own."""
    steps = _named(_steps("place-order.json"), visitor)
    email = f"{visitor}@buyer.test"

    def judge(result: Document) -> Verdict:
        orders = [one["number"] for one in site.orders_by(email)]
        rows = [row.get("confirmation_number") for row in result["result"]["rows"]]
        again = max(len(orders) - 1, 0)
        unknown = result.get("halt_class") == "outcome_unknown" and not again
        right = result["status"] == "succeeded" and len(orders) == 1 and rows == orders
        why = "" if right else f"{_end(result)}; orders {orders}, rows {rows}"
        lost = 0 if right or result["status"] != "succeeded" else len(set(orders) - set(rows))
        return Verdict(right, unknown, again, lost, len(rows) - len(set(rows)), why)

    inputs: Document = {
        "boat": str(FIRST_BOAT + number % BOATS),
        "name": "Robin Buyer",
        "email": email,
        "message": "Is she still for sale?",
    }
    return Job("order", visitor, steps, _types(steps), judge, inputs)


def _steps(name: str) -> list[Document]:
    plan = json.loads((ROOT / "plans" / "example" / name).read_text(encoding="utf-8"))
    steps: list[Document] = plan["steps"]
    return steps


def _named(steps: list[Document], visitor: str) -> list[Document]:
    """The steps, the first of which opens its page under the visitor's name."""
    first = steps[0]
    url = f"{first['params']['url']}?visitor={visitor}"
    return [{**first, "intent": f"Navigate to {url}", "params": {"url": url}}, *steps[1:]]


def _types(steps: list[Document]) -> tuple[str, ...]:
    return tuple(step["type"] for step in steps)


def _numbers(urls: list[str]) -> str:
    """The listings' numbers."""
    return " ".join(url.rsplit("/", 1)[-1].partition("-")[0] for url in urls)


def _end(result: Document) -> str:
    told = (result["status"], result.get("halt_class"), result.get("message", ""))
    return " ".join(str(word) for word in told if word)
