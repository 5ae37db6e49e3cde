"""What the interpreter asks for and what it is told: the words between it and the workflow.

The interpreter never sees a page, a value or a clock: variables are known here by their
truth alone, rows and visited items by their counts. The values live in the ledger.
"""

from enum import StrEnum
from typing import Literal

from pydantic import JsonValue, field_serializer

from plans.step import FailureClass, Frozen, HaltClass, Section, Step, TierName


class Money(Frozen):
    """Metered cost in integer micro-dollars, by who is paid."""

    gpu: int = 0
    claude: int = 0
    proxy: int = 0

    @property
    def total(self) -> int:
        """Sum of the parts, micro-dollars."""
        return self.gpu + self.claude + self.proxy

    def __add__(self, other: "Money") -> "Money":
        return Money(
            gpu=self.gpu + other.gpu,
            claude=self.claude + other.claude,
            proxy=self.proxy + other.proxy,
        )


class CallKind(StrEnum):
    """What the workflow has to have done next."""

    STEP = "step"
    """Execute a step against the page: the activity named by the step's type."""
    LOOK = "look"
    """A loop asks whether its list holds an item not visited yet (activity `loop`)."""
    RETURN = "return"
    """An item failed: find the way back to its list (activity `return_to_list`)."""
    PAUSE = "pause"
    """A `request_user_input` step: wait for the answer."""


class Call(Frozen):
    """One thing to do. `key` is unique per call of a run, attempts of a step differ in it.

    `iteration` counts the passes of the innermost loop around the step from 0 (0 outside
    loops); `item_loop` is the index of that innermost loop step, or None outside loops.
    For a look, `item_loop` is the loop around the body's first click, the one that claims.
    `visit` is the ordinal of this step's executions in the run, from 0: with `index` it
    names the item that a click claimed, the same for every attempt. `round` counts how often
    the run went back to an earlier page and does its steps from there again. `turn` counts
    the answers (of models, of the user) that this execution has waited for: each part of a
    call between two of them is durable on its own.
    """

    kind: CallKind
    index: int
    step: Step
    section: Section
    iteration: int = 0
    attempt: int = 1
    visit: int = 0
    item_loop: int | None = None
    round: int = 0
    turn: int = 0

    @field_serializer("step")
    def _said(self, step: Step) -> dict[str, JsonValue]:
        """A step as its author said it: histories hold one for each call."""
        return step.model_dump(mode="json", exclude_defaults=True)

    @property
    def whole_key(self) -> str:
        """Dedup key of the call: `<kind>:<index>:<visit>:<attempt>`, from round 1 on `:r<n>`."""
        key = f"{self.kind}:{self.index}:{self.visit}:{self.attempt}"
        return f"{key}:r{self.round}" if self.round else key

    @property
    def key(self) -> str:
        """Dedup key of this part of the call: that of the whole, from turn 1 on `:t<n>`."""
        return f"{self.whole_key}:t{self.turn}" if self.turn else self.whole_key

    @property
    def asked_key(self) -> str:
        """Under which the ledger keeps that this part of the call was left with a question.

        `<whole_key>:t<n>`, also for turn 0: the outcome of the whole is kept under `whole_key`.
        """
        return f"{self.whole_key}:t{self.turn}"

    def turn_of(self, key: str) -> int | None:
        """Which part of this call the key of a claim or of an outcome names; None: none of it."""
        if key == self.whole_key:
            return 0
        number = key.removeprefix(f"{self.whole_key}:t")
        return int(number) if number != key and number.isascii() and number.isdigit() else None


class Finish(Frozen):
    """The run is over; `halt_class` is None exactly when `status` is succeeded."""

    status: Literal["succeeded", "failed", "cancelled"]
    halt_class: HaltClass | None = None
    step_index: int | None = None
    message: str = ""


Verdict = Literal["holds", "fails", "undecided"]
Present = Literal["pass", "fail", "unknown"]
"""Whether a list page shows all the filters that its plan has set."""


class AskKind(StrEnum):
    """What is asked."""

    GROUND = "ground"
    """Which act, on what, a step means."""
    CHECK = "check"
    """Whether a condition holds on the page."""
    EXTRACT = "extract"
    """What the fields of a record, or of a list of them, hold."""
    TASK = "task"
    """The next turn of the agent that works on a task of a suite."""
    INPUT = "input"
    """What a model wants to know of the user."""


class Ask(Frozen):
    """A question that has to be answered before the call can go on.

    `tier` is the model that is asked, None where the user is. `body` is the key of the whole
    question in the artifact store; `why` says in one sentence, for people, what is asked and
    holds no value of a secret. `prompt` is what the user is asked.
    """

    kind: AskKind
    tier: TierName | None
    body: str = ""
    why: str = ""
    prompt: str = ""


class Outcome(Frozen):
    """What became of a call.

    `ask`: it has to wait for an answer, and is made again with it, one `turn` on, and with its
    own `progress`, which nobody else reads. Neither is there in an outcome that the
    interpreter takes in.

    `exhausted`: the list has no item left that was not visited, or there is no next page.
    `list_empty`: the page itself proves that its list is empty ("0 results").
    `has_more`: answer of a look; None means that it can't be told.
    `truth`: truth of the value that the call stored under the step's `out_var`, or of the
    condition that an `if_else` or `detect_visible` looked at.
    `gate`: verdict on `verify`, None where the step has none.
    `rows_added`/`rows_viable`: records stored by this call, and how many of them are viable.
    `rows_total`: records that this extract step has stored in the whole run.
    `list_items`: how many items the list on this page has. `filters`: whether the page shows
    the filters that the plan has set on it, None where it sets none or no list was looked at.
    `anchor`: whether the pages as they are now can be restored in another browser; None: as
    before. `acted`: an act that must not happen twice was done, other than a sign-in.
    `may_go_back`: a call whose page could not be restored was looked into, and no act of it
    stands in the way of doing it again under another key.
    """

    success: bool
    failure_class: FailureClass | None = None
    message: str = ""
    tier: TierName | None = None
    confidence: float | None = None
    cost: Money = Money()
    duration_ms: int = 0
    url: str = ""
    exhausted: bool = False
    list_empty: bool = False
    has_more: bool | None = None
    truth: bool | None = None
    gate: Verdict | None = None
    rows_added: int = 0
    rows_viable: int = 0
    rows_total: int = 0
    list_items: int | None = None
    filters: Present | None = None
    anchor: bool | None = None
    acted: bool = False
    may_go_back: bool = False
    ask: Ask | None = None
    progress: JsonValue = None
