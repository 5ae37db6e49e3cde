"""The account of a run: `summary` and `dynamic_verification_summary` (contract, section 4)."""

import re
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field

from plans.calls import Finish, Present
from plans.cost import CostBreakdown, usd
from plans.filters import list_filters
from plans.plan import Plan
from plans.state import Counters
from plans.step import Frozen, Section, Step, StepType, TierName
from plans.structure import Structure

_FILTERS = frozenset({StepType.FILTER, StepType.SELECT_OPTION})
_LEADS = frozenset({StepType.NAVIGATE, StepType.CLICK})
"""Steps that may open a filtered list."""
_NO_FILTERS = re.compile(
    r"(?i)(?:page|p|sort\w*|order\w*|dir|view|layout|lang\w*|locale|ref|utm_\w+|tab|limit|per_page)$"
)
_FIRST_PAGE = "page_1_required_filters_present"


class Totals(Frozen):
    """Pages and items. Found are the items that the lists' pages showed, opened or not."""

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

    The items of a suite are its tasks. A run that succeeded passes when no item and no step of
    it failed, required or not, and every check passed.

    Gates on filters in the set-up of a plan that walks a list make one check together,
    `page_1_required_filters_present`; any other is named `step_<index>_gate`. A gate is on
    filters when its step sets one, or opens the list and its sentence names a filter.
    """
    tasks = Structure(plan.steps).tasks
    totals = Totals(
        pages_seen=counters.pages_seen,
        found_items=max(counters.attempted_items, counters.rows, _found(counters), tasks),
        attempted_items=counters.attempted_items,
        completed_items=counters.completed_items,
        failed_items=counters.failed_items,
    )
    gates = _checks(counters, plan)
    checks = gates | _filter_checks(counters, gates.get(_FIRST_PAGE))
    return DynamicVerification(
        verdict=_verdict(counters, finish, checks, tasks),
        totals=totals,
        checks=checks,
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


def _filter_checks(counters: Counters, gated: Present | None) -> dict[str, Present]:
    """For a plan that sets filters: whether each page of its list still showed them.

    A page that nobody looked at is `unknown`. Where a gate on filters has told of the first
    page, its word stands if that page can't be told about, and its "fail" always.
    """
    if not any(page.filters for page in counters.pages.values()):
        return {}
    checks: dict[str, Present] = {}
    for number in range(1, counters.pages_seen + 1):
        page = counters.pages.get(number)
        shown = (page.filters if page else None) or "unknown"
        stands = number == 1 and (gated == "fail" or (gated and shown == "unknown"))
        if not stands:
            checks[f"page_{number}_required_filters_present"] = shown
    return checks


def _verdict(
    counters: Counters, finish: Finish, checks: dict[str, Present], tasks: int
) -> Literal["pass", "partial", "fail"]:
    if finish.status == "succeeded":
        whole = not counters.failed_items and not counters.failed_steps
        return "pass" if whole and all(one == "pass" for one in checks.values()) else "partial"
    return "partial" if counters.rows_viable or (tasks and counters.completed_items) else "fail"


def _checks(counters: Counters, plan: Plan) -> dict[str, Present]:
    structure = Structure(plan.steps)
    first = min((loop.target for loop in structure.loops), default=0)
    wanted = frozenset(one.value for one in list_filters(plan, {}))
    checks: dict[str, Present] = {}
    for index, held in sorted(counters.checks.items()):
        filters = (
            index < first
            and structure.section(index) is Section.SETUP
            and _on_filters(plan.steps[index], wanted)
        )
        name = _FIRST_PAGE if filters else f"step_{index}_gate"
        checks[name] = "pass" if held and checks.get(name) != "fail" else "fail"
    return checks


def _on_filters(step: Step, wanted: frozenset[str]) -> bool:
    """Whether the step sets a filter, or opens a list and its sentence names a filter's value.

    Filters are those that the plan sets, and what the step's own address asks for.
    """
    if step.type in _FILTERS:
        return True
    if step.type not in _LEADS or not step.verify:
        return False
    asked = parse_qsl(urlsplit(step.params.url or step.url or "").query)
    values = wanted | {value for name, value in asked if not _NO_FILTERS.match(name)}
    said = f" {_words(step.verify)} "
    return any(f" {_words(value)} " in said for value in values if _tells(value))


def _tells(value: str) -> bool:
    """Whether a filter's value is more than a small number or a sign."""
    words = _words(value)
    return len(words) > 2 if words.isdigit() else len(words) > 1


def _words(text: str) -> str:
    return " ".join(re.findall(r"[\w{}]+", text.casefold()))
