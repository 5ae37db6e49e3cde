"""What can be asked of a run that exists, whatever route it is asked by."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from api.apart import about
from api.errors import BadRequest, NotFound
from api.metrics import note
from api.service import Service
from api.submit import RUN_ID
from api.tenants import Scope, Tenant
from api.views import LogsView
from ledger.clock import now_micros
from ledger.earlier import earlier_tasks
from ledger.errors import SecretUnreadable
from ledger.models import Delivery, Document, PauseRow, RunRow, RunStatus
from ledger.result import STEP_EVENT, build_poll, build_result, build_status, log_line
from ledger.views import PollView, ResultView, StatusView
from ledger.wire import masked_text
from plans.occurrences import Occurrences
from plans.placeholders import as_text

MAX_TAIL = 10_000
DEFAULT_TAIL = 200
MAX_REASON = 500
LOOKS = 5
"""How often a run that is just being resumed is read again."""
LOOK_S = 0.5
"""How often a blocking submission looks whether its caller is still there."""


class Action(StrEnum):
    """The values of `action`."""

    STATUS = "status"
    RESULT = "result"
    LOGS = "logs"
    CANCEL = "cancel"
    RESUME = "resume"
    PAUSE = "pause"

    @property
    def scope(self) -> Scope:
        """What a token needs for it."""
        match self:
            case Action.STATUS:
                return Scope.STATUS
            case Action.RESULT:
                return Scope.RESULT
            case Action.LOGS:
                return Scope.LOGS
            case Action.CANCEL | Action.RESUME | Action.PAUSE:
                return Scope.RUN


async def find(service: Service, tenant: Tenant, run_id: str) -> RunRow:
    """The tenant's run.

    Raises:
        BadRequest: no run could have this id.
        NotFound: the tenant has none of it.
    """
    row = await service.ledger.runs.get(tenant.tenant_id, read_run_id(run_id))
    if row is None:
        raise NotFound(f"unknown run_id: {run_id}")
    note(run_id=run_id)
    return row


def read_run_id(given: str) -> str:
    """The id of a run that could be.

    Raises:
        BadRequest: no run could have this id.
    """
    if not RUN_ID.fullmatch(given):
        raise BadRequest("malformed run_id: it looks like YYYYMMDD_HHMMSS_xxxxxxxx")
    return given


async def status(service: Service, tenant: Tenant, run_id: str) -> StatusView:
    """The status of a run."""
    return await status_of(service, await find(service, tenant, run_id))


async def poll(service: Service, tenant: Tenant, run_id: str) -> PollView:
    """The cheap poll of a run."""
    return build_poll(await find(service, tenant, run_id), now_micros())


async def result(service: Service, tenant: Tenant, run_id: str) -> ResultView:
    """The status of a run with its result, None before the end."""
    return await result_of(service, await find(service, tenant, run_id))


async def result_of(service: Service, row: RunRow) -> ResultView:
    """The result of a run whose row is at hand."""
    if not row.status.terminal:
        row, pause = await _with_pause(service, row)
        return await about(
            row.payload, lambda: build_result(row, (), (), now_micros(), pause=pause)
        )
    steps = await service.ledger.events.of_kind(row.tenant_id, row.run_id, STEP_EVENT)
    rows = await service.ledger.rows.read(row.tenant_id, row.run_id)
    earlier = await earlier_tasks(service.ledger.runs, service.ledger.events, row)
    delivery = await _delivery(service, row)
    return await about(
        [row.payload, *(step.body for step in steps), *(found.record for found in rows)],
        lambda: build_result(row, steps, rows, now_micros(), delivery, earlier=earlier),
    )


async def logs(service: Service, tenant: Tenant, run_id: str, tail: int) -> LogsView:
    """The last `tail` lines of a run's log."""
    row = await find(service, tenant, run_id)
    events = await service.ledger.events.tail(row.tenant_id, row.run_id, tail)
    lines = await about(
        [event.body for event in events], lambda: [log_line(event) for event in events]
    )
    return LogsView(run_id=run_id, events=lines)


async def cancel(service: Service, tenant: Tenant, run_id: str, reason: str) -> StatusView:
    """Ask a run to stop; a terminal one stays as it is."""
    row = await find(service, tenant, run_id)
    now = now_micros()
    reason = await without_secrets(service, row, reason) if reason else reason
    asked = await service.ledger.runs.request_cancel(row.tenant_id, run_id, reason, now)
    service.dispatcher.wake()
    return await status_of(service, asked)


async def status_of(service: Service, row: RunRow) -> StatusView:
    """The status of a run whose row is at hand."""
    delivery = await _delivery(service, row)
    row, pause = await _with_pause(service, row)
    return await about(row.payload, lambda: build_status(row, now_micros(), delivery, pause))


async def _with_pause(service: Service, row: RunRow) -> tuple[RunRow, PauseRow | None]:
    """The run and the pause that it is in, as of one time: it may be resumed meanwhile."""
    for _ in range(LOOKS):
        if row.status is not RunStatus.PAUSED:
            break
        pause = await service.ledger.pauses.newest(row.tenant_id, row.run_id)
        if pause is not None and pause.answered_at is None:
            return row, pause
        row = await service.ledger.runs.get(row.tenant_id, row.run_id) or row
    return row, None


async def _delivery(service: Service, row: RunRow) -> Delivery | None:
    """The run's webhook; none is due before its end."""
    if row.callback_url is None or not row.status.terminal:
        return None
    return await service.ledger.deliveries.of_run(row.tenant_id, row.run_id)


async def without_secrets(service: Service, row: RunRow, text: str) -> str:
    """A text of the caller's with the run's secrets as `***`."""
    try:
        values = await service.ledger.secrets.read(row.tenant_id, row.run_id)
    except SecretUnreadable:
        return masked_text(text)
    return masked_text(Occurrences(map(as_text, values.values())).masked(text))


async def wait_until_settled(
    service: Service, row: RunRow, gone: Callable[[], Awaitable[bool]]
) -> RunRow:
    """Wait until a run is over or paused, its caller is gone, or the API stops.

    Raises:
        LedgerAway: the database can't be reached.
    """
    async with service.feeds.watch(row) as watch:
        while not watch.settled and not watch.closed:
            watch.clear()
            if await gone():
                return row
            if not watch.settled:
                await watch.wait(LOOK_S)
    return await service.ledger.runs.get(row.tenant_id, row.run_id) or row


def read_tail(given: object) -> int:
    """How many lines of the log are asked for: a whole number, or its digits in a query.

    Raises:
        BadRequest: not a whole number from 1 to 10000.
    """
    if given is None:
        return DEFAULT_TAIL
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = int(given[:20])
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MAX_TAIL:
        raise BadRequest(f"tail must be a whole number from 1 to {MAX_TAIL}")
    return given


def read_reason(body: Document) -> str:
    """Why somebody cancels or pauses, cut to 500 characters; empty where nobody says.

    Raises:
        BadRequest: it is not text.
    """
    reason = body.get("reason")
    if reason is None:
        return ""
    if not isinstance(reason, str):
        raise BadRequest("invalid request: reason: must be a string")
    return reason[:MAX_REASON]
