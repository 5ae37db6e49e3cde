"""The account of a run: `summary` and `dynamic_verification_summary` (contract, section 4)."""

from typing import Literal

from pydantic import Field

from plans.calls import Finish, Present
from plans.cost import CostBreakdown, usd
from plans.plan import Plan
from plans.state import Counters
from plans.step import Frozen, Section, StepType, TierName
from plans.structure import Structure

_LIST_FILTERS = frozenset({StepType.NAVIGATE, StepType.FILTER, StepType.CLICK})


class Totals(Frozen):
    """Pages and items. Found are the items opened, or the records where a page gives many."""

    pages_seen: int = 0
    found_items: int = 0
    attempted_items: int = 0
    completed_items: int = 0
    failed_items: int = 0


class PageAccount(Frozen):
    """One page of the list, from 1. `found_items` None: nobody could count them."""

    page: int
    found_items: int | None = None
    attempted_items: int = 0
    completed_items: int = 0
    failed_items: int = 0


class DynamicVerification(Frozen):
    """Whether the run did what was asked: `partial` when something of it is missing.

    `checks` tells of each gate and of the filters on each page of the list; what can't be
    told is `unknown`. `pages` are the totals by page.
    """

    verdict: Literal["pass", "partial", "fail"]
    totals: Totals
    checks: dict[str, Present] = Field(default_factory=dict[str, Present])
    pages: tuple[PageAccount, ...] = ()


class Tiers(Frozen):
    """Steps answered by each tier."""

    memory: int = 0
    dom: int = 0
    holo3: int = 0
    claude: int = 0


class Actions(Frozen):
    """Actions that a recording shows."""

    clicks: int = 0
    keys: int = 0
    types: int = 0
    scrolls: int = 0
    drags: int = 0


class Video(Frozen):
    """The recording of a run, or why there is none in `error`."""

    path: str | None = None
    polished_path: str | None = None
    format: str
    duration_seconds: float = 0.0
    bytes: int = 0
    actions: Actions = Actions()
    clicks: int = 0
    error: str | None = None


class Summary(Frozen):
    """The account of a run that is over. Money in USD, time in seconds."""

    total_time_s: float
    steps_executed: int
    viable: int
    leads_with_phone: int
    cost_total: float
    cost_breakdown: CostBreakdown
    dynamic_verification_summary: DynamicVerification
    result_path: str
    csv_path: str
    tiers: Tiers
    video: Video | None = None


def summarise(
    counters: Counters,
    finish: Finish,
    plan: Plan,
    *,
    total_time_s: float,
    leads_with_phone: int,
    result_path: str,
    csv_path: str,
    video: Video | None = None,
) -> Summary:
    """Build the account from what the interpreter counted and what the rows say."""
    tiers = counters.tiers
    return Summary(
        total_time_s=round(total_time_s, 3),
        steps_executed=counters.steps_executed,
        viable=counters.rows_viable,
        leads_with_phone=leads_with_phone,
        cost_total=usd(counters.cost.total),
        cost_breakdown=CostBreakdown.of(counters.cost),
        dynamic_verification_summary=verification(counters, finish, plan),
        result_path=result_path,
        csv_path=csv_path,
        tiers=Tiers(**{tier.value: tiers.get(tier, 0) for tier in TierName}),
        video=video,
    )


def verification(counters: Counters, finish: Finish, plan: Plan) -> DynamicVerification:
    """The verdict, the totals, and one check a gate.

    A run that succeeded passes when no item and no step of it failed, required or not.

    Gates in the set-up of a plan that walks a list make one check together,
    `page_1_required_filters_present`; any other is named `step_<index>_gate`.
    """
    totals = Totals(
        pages_seen=counters.pages_seen,
        found_items=max(counters.attempted_items, counters.rows, _found(counters)),
        attempted_items=counters.attempted_items,
        completed_items=counters.completed_items,
        failed_items=counters.failed_items,
    )
    return DynamicVerification(
        verdict=_verdict(counters, finish),
        totals=totals,
        checks=_checks(counters, plan) | _filter_checks(counters),
        pages=tuple(_page(number, counters) for number in sorted(counters.pages)),
    )


def _found(counters: Counters) -> int:
    return sum(page.found or 0 for page in counters.pages.values())


def _page(number: int, counters: Counters) -> PageAccount:
    page = counters.pages[number]
    return PageAccount(
        page=number,
        found_items=page.found,
        attempted_items=page.attempted,
        completed_items=page.completed,
        failed_items=page.failed,
    )


def _filter_checks(counters: Counters) -> dict[str, Present]:
    """For a plan that sets filters: whether each page of its list still showed them.

    A page that nobody looked at is `unknown`. Where a gate has told of the first page, and
    that page alone can't be told about, the gate's word stands.
    """
    if not any(page.filters for page in counters.pages.values()):
        return {}
    checks: dict[str, Present] = {}
    for number in range(1, counters.pages_seen + 1):
        page = counters.pages.get(number)
        shown = (page.filters if page else None) or "unknown"
        gated = number == 1 and any(counters.checks.values())
        if not (gated and shown == "unknown"):
            checks[f"page_{number}_required_filters_present"] = shown
    return checks


def _verdict(counters: Counters, finish: Finish) -> Literal["pass", "partial", "fail"]:
    if finish.status == "succeeded":
        return "partial" if counters.failed_items or counters.failed_steps else "pass"
    return "partial" if counters.rows_viable else "fail"


def _checks(counters: Counters, plan: Plan) -> dict[str, Present]:
    structure = Structure(plan.steps)
    first = min((loop.target for loop in structure.loops), default=0)
    checks: dict[str, Present] = {}
    for index, held in sorted(counters.checks.items()):
        filters = (
            index < first
            and structure.section(index) is Section.SETUP
            and plan.steps[index].type in _LIST_FILTERS
        )
        name = "page_1_required_filters_present" if filters else f"step_{index}_gate"
        checks[name] = "pass" if held and checks.get(name) != "fail" else "fail"
    return checks
