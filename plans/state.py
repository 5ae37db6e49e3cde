"""Where a run stands: everything the interpreter knows, as data that survives JSON."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from plans.calls import CallKind, Finish, Money, Outcome, Present
from plans.step import FailureClass, Frozen, TierName

_FALSE_TEXTS = frozenset({"", "0", "false", "no", "off", "none", "null"})


def truth_of(value: JsonValue) -> bool:
    """Truth of a variable's value: empty, zero, null and words such as "no" are false."""
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE_TEXTS
    return bool(value)


class RunLimits(Frozen):
    """What one run may use at most. Money in micro-dollars, time in milliseconds."""

    max_run_steps: int
    max_loop_iterations: int
    max_cost_micro: int
    max_time_ms: int


class Failure(Frozen):
    """A failure that the run went past, kept for the account at the end."""

    index: int
    failure_class: FailureClass
    message: str = ""


class PageCount(BaseModel):
    """What was done with one page of the list. `found` None: nobody counted its items."""

    model_config = ConfigDict(extra="forbid")

    found: int | None = None
    attempted: int = 0
    completed: int = 0
    failed: int = 0
    filters: Present | None = None


class Counters(BaseModel):
    """What the run has done so far, for the summary.

    An item is one pass of an innermost loop around a step that stores records, or such a
    step outside loops, or a task of a suite. `checks` holds the verdict of each gate by its
    step's index.
    `failed_steps` counts the failures that the run went past, ways back to a list included.
    `pages` is what was done on each page of the list, from 1.
    """

    model_config = ConfigDict(extra="forbid")

    steps_executed: int = 0
    attempted_items: int = 0
    completed_items: int = 0
    failed_items: int = 0
    list_seen: bool = False
    pages_turned: int = 0
    rows: int = 0
    rows_viable: int = 0
    cost: Money = Money()
    tiers: dict[TierName, int] = Field(default_factory=dict[TierName, int])
    failed_steps: int = 0
    checks: dict[int, bool] = Field(default_factory=dict[int, bool])
    pages: dict[int, PageCount] = Field(default_factory=dict[int, PageCount])

    @property
    def page(self) -> PageCount:
        """The account of the page of the list that the run is on."""
        return self.pages.setdefault(max(1, self.pages_seen), PageCount())

    def close_task(self, *, passed: bool) -> None:
        """Count a task of a suite that is over."""
        self.attempted_items += 1
        self.completed_items += passed
        self.failed_items += not passed

    def saw_list(self, outcome: Outcome) -> None:
        """Take in what a call has seen of the list's page."""
        if outcome.list_items is not None:
            self.page.found = max(self.page.found or 0, outcome.list_items)
        if outcome.filters is not None and self.page.filters != "fail":
            unsure = self.page.filters == "pass" and outcome.filters == "unknown"
            self.page.filters = "pass" if unsure else outcome.filters

    @property
    def pages_seen(self) -> int:
        """Pages of the list that were seen: 0 before one, then one more a page turned."""
        return 1 + self.pages_turned if self.list_seen else 0


class RunState(BaseModel):
    """A run between two calls; `Interpreter` alone changes it.

    `pc` is the index of the step that `pending` is about; `passes` counts the finished
    passes of each running loop, `visits` the finished executions of each step and
    `looks` the finished looks of each loop. `variables` are truths, never values.
    `round` counts how often the run went back to an earlier page.
    `way_lost` is why the list could not be found again, until the site answers once more.
    `before` is the state before the call that ended the run or lost the way to its list.
    """

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    pc: int = 0
    pending: CallKind | None = None
    attempt: int = 1
    passes: dict[int, int] = Field(default_factory=dict[int, int])
    visits: dict[int, int] = Field(default_factory=dict[int, int])
    looks: dict[int, int] = Field(default_factory=dict[int, int])
    round: int = 0
    variables: dict[str, bool] = Field(default_factory=dict[str, bool])
    enough: set[int] = Field(default_factory=set[int])
    transitions: int = 0
    elapsed_ms: int = 0
    extracted_in_pass: bool = False
    any_success: bool = False
    list_empty: bool = False
    first_failure: Failure | None = None
    extraction_failure: Failure | None = None
    navigation_failure: Failure | None = None
    way_lost: Failure | None = None
    counters: Counters = Field(default_factory=Counters)
    cancelled: str | None = None
    finish: Finish | None = None
    before: "RunState | None" = None

    @classmethod
    def start(cls, inputs: Mapping[str, JsonValue] | None = None) -> "RunState":
        """The state before the first call; `inputs` are known by their truth."""
        return cls(variables={name: truth_of(value) for name, value in (inputs or {}).items()})

    def go_on(self) -> "RunState | None":
        """The state from which another run goes on after this one, which failed or was cancelled.

        The call that was due, that ended the run or that lost its list is due again, with all
        its tries. What was done stays: rows, items, visits, passes, variables. Money, time and
        steps of the new run are counted from 0. None: the plan came to its end, nothing is left.
        `plans.resuming` also knows of a call that was done and not heard of.
        """
        if self.before is None and self.pending is None and not (self.finish or self.cancelled):
            return None
        state = (self.before or self).model_copy(deep=True)
        state.attempt = 1
        state.cancelled = state.finish = state.before = None
        state.elapsed_ms = state.transitions = 0
        counters = state.counters
        counters.rows = self.counters.rows
        counters.rows_viable = self.counters.rows_viable
        counters.steps_executed = 0
        counters.cost = Money()
        counters.tiers = {}
        return state

    def step_back(self, anchor: "RunState") -> "RunState":
        """The state at an earlier page, to do the steps since then again, under new call keys.

        What they had used and stored stays on the account: money, time, steps, rows.
        """
        halted = anchor.before if anchor.finish is not None else None
        state = (halted or anchor).model_copy(deep=True)
        state.cancelled = state.finish = None
        state.round = max(self.round, anchor.round) + 1
        state.elapsed_ms, state.transitions = self.elapsed_ms, self.transitions
        counters, now = state.counters, self.counters
        counters.rows, counters.rows_viable = now.rows, now.rows_viable
        counters.steps_executed, counters.cost = now.steps_executed, now.cost
        counters.tiers = dict(now.tiers)
        return state

    def executed(self, index: int, in_list: bool, tier: TierName | None) -> None:
        """Count an execution of a step, and the tier that answered it."""
        self.visits[index] = self.visits.get(index, 0) + 1
        counters = self.counters
        counters.steps_executed += 1
        counters.list_seen = counters.list_seen or in_list
        if tier is not None:
            counters.tiers[tier] = counters.tiers.get(tier, 0) + 1

    def close_item(self, failed: bool = False) -> None:
        """Account for the item of the pass that ends here, if there was one."""
        if failed:
            self.counters.failed_items += 1
            self.counters.page.failed += 1
        elif self.extracted_in_pass:
            self.counters.completed_items += 1
            self.counters.page.completed += 1
        else:
            return
        self.counters.attempted_items += 1
        self.counters.page.attempted += 1
        self.extracted_in_pass = False

    def remember(self, failure: Failure, navigates: bool, extraction: bool) -> None:
        """Keep a failure that the account at the end may have to name."""
        self.first_failure = self.first_failure or failure
        if navigates:
            self.navigation_failure = failure
        if extraction:
            self.extraction_failure = self.extraction_failure or failure
