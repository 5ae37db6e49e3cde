"""One step of a plan: its type, its fields and what may become of it."""

from enum import StrEnum
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Frozen(BaseModel):
    """Base of the immutable models that the rooms hand to each other."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class StepType(StrEnum):
    """The closed set of step types (contract, section 10)."""

    NAVIGATE = "navigate"
    CLICK = "click"
    SCROLL = "scroll"
    FILTER = "filter"
    EXTRACT_URL = "extract_url"
    EXTRACT_DATA = "extract_data"
    EXTRACT_ROWS = "extract_rows"
    NAVIGATE_BACK = "navigate_back"
    PAGINATE = "paginate"
    LOOP = "loop"
    IF_ELSE = "if_else"
    DETECT_VISIBLE = "detect_visible"
    FILL_FIELD = "fill_field"
    SUBMIT = "submit"
    SELECT_OPTION = "select_option"
    TYPE_TEXT = "type_text"
    KEY_PRESS = "key_press"
    WAIT = "wait"
    REQUEST_USER_INPUT = "request_user_input"
    TASK = "task"
    """A task of a suite as the step that it is to the run; no plan that is given has one."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What a caller may write."""
        shown = handler(schema)
        handler.resolve_ref_schema(shown)["enum"] = [kind.value for kind in WRITTEN]
        return shown


WRITTEN = tuple(kind for kind in StepType if kind is not StepType.TASK)
"""The types that a plan may be written with."""


class Section(StrEnum):
    """Part of a plan a step belongs to; decides what its failure means."""

    SETUP = "setup"
    EXTRACTION = "extraction"
    PAGINATION = "pagination"


class FailureClass(StrEnum):
    """Why a step failed (contract, section 4)."""

    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    NAV_TIMEOUT = "nav_timeout"
    NAV_BLOCKED = "nav_blocked"
    PAGE_BLOCKED = "page_blocked"
    SELECTOR_MISS = "selector_miss"
    AMBIGUOUS_TARGET = "ambiguous_target"
    NO_STATE_CHANGE = "no_state_change"
    WRONG_TARGET = "wrong_target"
    VERIFY_FAILED = "verify_failed"
    EXTRACT_FAILED = "extract_failed"
    BUDGET_EXHAUSTED = "budget_exhausted"
    MODEL_UNAVAILABLE = "model_unavailable"
    GATE_UNDECIDED = "gate_undecided"
    BROWSER_LOST = "browser_lost"
    OUTCOME_UNKNOWN = "outcome_unknown"
    LIMIT_EXCEEDED = "limit_exceeded"
    UNKNOWN = "unknown"


class HaltClass(StrEnum):
    """Why a run ended without success (contract, section 4)."""

    PAGE_BLOCKED = "page_blocked"
    MAX_COST_EXCEEDED = "max_cost_exceeded"
    TIMEOUT = "timeout"
    GATE_FAILED = "gate_failed"
    EXTRACT_FAILED = "extract_failed"
    NAVIGATION_BLOCKED = "navigation_blocked"
    STEP_FAILED = "step_failed"
    MODEL_UNAVAILABLE = "model_unavailable"
    GATE_UNDECIDED = "gate_undecided"
    BROWSER_LOST = "browser_lost"
    OUTCOME_UNKNOWN = "outcome_unknown"
    LIMIT_EXCEEDED = "limit_exceeded"
    PLAN_REJECTED = "plan_rejected"
    CANCELLED = "cancelled"
    INTERNAL_ERROR = "internal_error"


class TierName(StrEnum):
    """The perception tiers, cheapest first."""

    MEMORY = "memory"
    DOM = "dom"
    HOLO3 = "holo3"
    CLAUDE = "claude"


class Perception(StrEnum):
    """How a run chooses its tiers (contract, section 10)."""

    AUTO = "auto"
    AS_PLANNED = "as_planned"


Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]


INTENT_READ = 4000
"""Characters of an intent that are looked at, and shown with each step that was executed."""


class Params(BaseModel):
    """Arguments of a step; unknown ones are kept and ignored."""

    model_config = ConfigDict(frozen=True, extra="allow")

    url: str | None = None
    label: str | None = None
    value: JsonValue = None
    dropdown_label: str | None = None
    option_label: str | None = None
    seconds: float | None = Field(default=None, ge=0, le=3600)
    keys: str | list[str] | None = None
    count: int | None = Field(default=None, ge=1, le=10_000)
    prompt: str | None = None
    reason: str | None = None
    selector: str | None = None


class Hints(BaseModel):
    """What must be true after the step, beyond the effect of its verb."""

    model_config = ConfigDict(frozen=True, extra="allow")

    expect_url_contains: str | None = None
    expect_url_excludes: str | None = None
    expect_text_present: str | None = None


class ExtractField(BaseModel):
    """One field of a record; `type` is a hint such as str, int, price, phone, url, date."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Name
    type: str = "str"
    required: bool = False


class Extract(BaseModel):
    """What an extract step reads; `max_items` caps the records it keeps in the whole run.

    `record_schema` is the run's `extraction_schema`, which its records are validated against.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_name: str | None = None
    entity_name: str | None = None
    fields: tuple[ExtractField, ...] = ()
    max_items: int | None = Field(default=None, ge=1, le=100_000)
    record_schema: dict[str, JsonValue] | None = None


class Step(BaseModel):
    """A step as the caller wrote it, placeholders unfilled.

    `once`: whether its act must not happen twice; None, what it does and its words tell.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    intent: str
    type: StepType
    section: Section | None = None
    required: bool = False
    gate: bool = False
    verify: str | None = None
    claude_only: bool = False
    grounding: bool = False
    budget: int = Field(default=8, ge=1, le=100)
    loop_target: int | None = None
    loop_count: int | None = Field(default=None, ge=1)
    stop_var: Name | None = None
    out_var: Name | None = None
    condition_var: Name | None = None
    then_target: int | None = None
    else_target: int | None = None
    guard: str | None = None
    url: str | None = None
    params: Params = Params()
    hints: Hints = Hints()
    extract: Extract | None = None
    once: bool | None = None
