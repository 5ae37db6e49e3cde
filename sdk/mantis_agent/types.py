"""What the service answers, as dictionaries that also have their known fields as attributes.

`handle["run_id"]` and `handle.run_id` are the same. A field that an answer does not have, or
that is null, reads as its default by attribute; fields that this version does not know are kept
in the dictionary.
Values of free form are typed `Any`: a record may hold whatever its plan extracts.
"""

from collections.abc import Callable
from typing import Any, Generic, Literal, TypedDict, TypeVar, cast, overload

TERMINAL_STATUSES = frozenset({"succeeded", "failed", "cancelled"})
"""The statuses after which a run does not change any more."""

RunStatus = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
UsageBy = Literal["call", "step", "run", "day"]
Phase = Literal["queued", "running", "recovering", "complete", "halted", "cancelled"]

T = TypeVar("T")


class Field(Generic[T]):
    """A known field of an answer, read as an attribute."""

    def __init__(self, default: Callable[[], T]) -> None:
        self._default = default
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, record: None, owner: type) -> "Field[T]": ...

    @overload
    def __get__(self, record: "Record", owner: type) -> T: ...

    def __get__(self, record: "Record | None", owner: type) -> "Field[T] | T":
        if record is None:
            return self
        value = record.get(self._name)
        return self._default() if value is None else cast(T, value)


def _text() -> Field[str]:
    return Field(str)


def _number() -> Field[int]:
    return Field(int)


def _real() -> Field[float]:
    return Field(float)


def _flag() -> Field[bool]:
    return Field(bool)


def _maybe(_: type[T]) -> Field[T | None]:
    return Field(lambda: None)


def _object() -> Field[dict[str, Any]]:
    return Field(dict)


def _list(_: type[T]) -> Field[list[T]]:
    return Field(list)


class Record(dict[str, Any]):
    """A JSON object of the service."""


class Handle(Record):
    """The answer to a submission. Times are ISO 8601 UTC."""

    status = _text()
    mode = _text()
    model = _text()
    run_id = _text()
    created_at = _text()
    updated_at = _text()
    payload = _object()
    profile_id = _maybe(str)
    workflow_id = _text()
    status_path = _text()
    result_path = _text()
    csv_path = _text()
    events_path = _text()


class Summary(Record):
    """What a run amounts to. Money in USD, time in seconds."""

    total_time_s = _real()
    steps_executed = _number()
    viable = _number()
    leads_with_phone = _number()
    cost_total = _real()
    cost_breakdown = _object()
    dynamic_verification_summary = _object()
    tiers = _object()
    result_path = _text()
    csv_path = _text()


class Status(Handle):
    """How a run stands: the handle's fields and more.

    `prompt`, `reason`, `needs_input` and `pause_id` are there while it is paused, before that
    `pause_requested`; `resumed_from` names the run that it goes on from. `summary` is there
    when it is over; `error`, `halt_class` and `failure_help` when it failed or was cancelled.
    `wait_for_completion` adds `phase`.
    """

    phase = _text()
    started_at = _maybe(str)
    finished_at = _maybe(str)
    cancel_requested = _flag()
    polling_backoff_ms_hint = Field(lambda: 1000)
    prompt = _text()
    reason = _text()
    needs_input = _flag()
    pause_id = _text()
    paused_at = _maybe(str)
    pause_state = _text()
    pause_requested = _flag()
    resumed_from = _maybe(str)
    error = _maybe(str)
    halt_class = _maybe(str)
    message = _text()
    failure_help = _object()
    webhook = _object()
    video = _maybe(dict[str, Any])

    @property
    def terminal(self) -> bool:
        """Whether the run is over."""
        return self.status in TERMINAL_STATUSES

    @property
    def summary(self) -> Summary:
        """What the run amounts to, empty before its end."""
        return Summary(self.get("summary") or {})


class Rows(Record):
    """What a run brought: the `result` of a result.

    `tasks`, `passed` and `total` are there for task suites; `plan` are the steps that a plan in
    words was made into.
    """

    leads = _list(str)
    steps = _list(dict[str, Any])
    rows = _list(dict[str, Any])
    tasks = _list(dict[str, Any])
    passed = _number()
    total = _number()
    plan = _maybe(dict[str, Any])
    video = _maybe(dict[str, Any])


class Result(Status):
    """A status with the run's `result`, which is None before the end."""

    result_ready = _flag()

    @property
    def result(self) -> Rows | None:
        """Leads, steps and rows; None before the end."""
        found = self.get("result")
        return None if found is None else Rows(found)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The extracted records, empty before the end."""
        return self.result.rows if self.result is not None else []

    @property
    def leads(self) -> list[str]:
        """The viable records as one string each, empty before the end."""
        return self.result.leads if self.result is not None else []


class Poll(Record):
    """The cheap poll. Times are seconds since the epoch."""

    run_id = _text()
    status = _text()
    phase = _text()
    last_event_at = _maybe(float)
    polling_backoff_ms_hint = Field(lambda: 1000)
    started_at = _maybe(float)
    finished_at = _maybe(float)
    halt_class = _maybe(str)


class Logs(Record):
    """Lines of a run's log, each a JSON text with `ts` and `message`, oldest first."""

    run_id = _text()
    events = _list(str)


class Events(Record):
    """Events after a cursor, oldest first; the last one's `ts` is the next cursor."""

    run_id = _text()
    events = _list(dict[str, Any])
    count = _number()


class Event(TypedDict):
    """One event of a stream. `id` is "" where it has none; `data` is its parsed JSON."""

    event: str
    id: str
    data: dict[str, Any]


class Queue(Record):
    """What the tenant has under way. `eta_ms` is None without samples."""

    tenant_id = _text()
    queued = _number()
    running = _number()
    recovering = _number()
    eta_ms = _maybe(int)


class RunsPage(Record):
    """A page of the tenant's runs, newest first. `next_cursor` is None on the last one."""

    next_cursor = _maybe(str)

    @property
    def runs(self) -> list[Status]:
        """The runs of this page."""
        return [Status(run) for run in self.get("runs", [])]


class Usage(Record):
    """What questions to models used and cost, in USD; `cost_micro` in millionths of one.

    `open_tries` of the `tries` are under way, or lost: what they cost is not known, at most
    `held`, which is not part of `cost`.
    """

    calls = _number()
    tries = _number()
    open_tries = _number()
    input_tokens = _number()
    output_tokens = _number()
    cache_read_tokens = _number()
    cache_write_tokens = _number()
    gpu_ms = _number()
    images = _number()
    cost = _real()
    cost_micro = _number()
    cost_breakdown = _object()
    held = _real()


class UsageRecord(Usage):
    """A billing record: of a question (`by="call"`), of a step, of a run, or of a day.

    `run_id` is "" for calls of the chat proxy; `step_index` is -1 for what no step asked.
    """

    run_id = _text()
    step_index = _maybe(int)
    day = _text()
    call_id = _text()
    kind = _text()
    tier = _text()
    model = _text()
    state = _text()
    asked_at = _text()
    settled_at = _maybe(str)


class UsagePage(Record):
    """A page of billing records; `next_cursor` is None on the last one."""

    by = _text()
    count = _number()
    next_cursor = _maybe(str)

    @property
    def records(self) -> list[UsageRecord]:
        """The records of this page."""
        return [UsageRecord(one) for one in self.get("records", [])]

    @property
    def total(self) -> Usage:
        """The sum over all pages."""
        return Usage(self.get("total") or {})


class Health(Record):
    """Whether the service can do its work, and which part of it can't."""

    ok = _flag()
    model = _text()
    checks = _object()


class Resumed(Record):
    """The answer to a resume."""

    run_id = _text()
    status = _text()
    resumed_at = _text()
