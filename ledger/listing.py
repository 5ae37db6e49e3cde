"""Looking at many runs: pages of a tenant's runs, its queue, what is open."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from statistics import median

from sqlalchemy import case, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.admission import COUNTED
from ledger.clock import Micros
from ledger.errors import BadCursor
from ledger.models import OpenRun, Phase, QueueCounts, RunPage, RunStatus
from ledger.profiles import OPEN
from ledger.run_rows import read_row
from ledger.schema import runs

SAMPLES = 50
"""Recent dispatches that the estimate of a wait is made from."""
_PLACE = re.compile(r"([0-9]{1,18})\.([\x21-\x7e]{1,128})")


async def read_page(
    connection: AsyncConnection,
    tenant_id: str,
    status: RunStatus | None,
    limit: int,
    cursor: str | None,
) -> RunPage:
    """At most `limit` runs, newest first, from the cursor on.

    Raises:
        BadCursor: the ledger never gave out such a cursor.
    """
    place = (runs.c.created_at, runs.c.run_id)
    query = select(runs).where(runs.c.tenant_id == tenant_id)
    if status is not None:
        query = query.where(runs.c.status == status)
    if cursor is not None:
        query = query.where(tuple_(*place) < tuple_(*_read_cursor(cursor)))
    query = query.order_by(*(column.desc() for column in place)).limit(limit + 1)
    found = (await connection.execute(query)).mappings().all()
    page = tuple(read_row(row) for row in found[:limit])
    more = len(found) > limit
    next_cursor = _cursor(page[-1].created_at, page[-1].run_id) if more else None
    return RunPage(runs=page, next_cursor=next_cursor)


def _cursor(created_at: Micros, run_id: str) -> str:
    return urlsafe_b64encode(f"{created_at}.{run_id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[Micros, str]:
    try:
        text = urlsafe_b64decode(f"{cursor[:400]}==".encode("ascii")).decode("ascii")
    except ValueError as fault:
        raise BadCursor from fault
    place = _PLACE.fullmatch(text)
    if place is None or _cursor(int(place[1]), place[2]) != cursor:
        raise BadCursor
    return int(place[1]), place[2]


async def count_queue(connection: AsyncConnection, tenant_id: str) -> QueueCounts:
    """How the tenant's open runs stand, and how long recent ones waited."""
    query = (
        select(runs.c.status, runs.c.phase, func.count().label("number"))
        .where(runs.c.tenant_id == tenant_id, runs.c.status.in_(OPEN))
        .group_by(runs.c.status, runs.c.phase)
    )
    queued = running = recovering = 0
    for row in (await connection.execute(query)).all():
        if row.phase == Phase.RECOVERING:
            recovering += row.number
        elif row.status == RunStatus.QUEUED:
            queued += row.number
        else:
            running += row.number
    recent = (
        select((runs.c.started_at - runs.c.created_at).label("waited"))
        .where(runs.c.tenant_id == tenant_id, runs.c.started_at.is_not(None))
        .order_by(runs.c.started_at.desc())
        .limit(SAMPLES)
    )
    waits = [max(0, waited) for waited in (await connection.execute(recent)).scalars()]
    eta = int(median(waits)) // 1000 if waits else None
    return QueueCounts(queued=queued, running=running, recovering=recovering, eta_ms=eta)


async def count_concurrent(connection: AsyncConnection) -> dict[str, int]:
    """Queued and running runs of each tenant that has any."""
    query = (
        select(runs.c.tenant_id, func.count().label("number"))
        .where(runs.c.status.in_(COUNTED))
        .group_by(runs.c.tenant_id)
    )
    return {row.tenant_id: row.number for row in (await connection.execute(query)).all()}


async def find_open(
    connection: AsyncConnection, quiet_since: Micros, limit: int, after: OpenRun | None
) -> tuple[OpenRun, ...]:
    """Released runs that are not over and were not touched since, oldest first."""
    touched = case(
        (runs.c.last_event_at > runs.c.updated_at, runs.c.last_event_at), else_=runs.c.updated_at
    ).label("touched_at")
    order = (runs.c.created_at, runs.c.tenant_id, runs.c.run_id)
    query = select(*order, runs.c.status, runs.c.cancel_requested, touched).where(
        runs.c.status.in_(OPEN), runs.c.released, touched < quiet_since
    )
    if after is not None:
        query = query.where(
            tuple_(*order) > tuple_(after.created_at, after.tenant_id, after.run_id)
        )
    found = await connection.execute(query.order_by(*order).limit(limit))
    return tuple(OpenRun.model_validate(dict(row)) for row in found.mappings().all())


async def find_waiting_profiles(connection: AsyncConnection) -> tuple[tuple[str, str], ...]:
    """Tenant and profile of the runs that wait for one which no run uses."""
    user = runs.alias("user")
    used = exists().where(
        user.c.tenant_id == runs.c.tenant_id,
        user.c.profile_id == runs.c.profile_id,
        user.c.status.in_(OPEN),
        user.c.released,
    )
    query = (
        select(runs.c.tenant_id, runs.c.profile_id)
        .where(runs.c.status == RunStatus.QUEUED, ~runs.c.released, ~used)
        .distinct()
    )
    return tuple((row.tenant_id, row.profile_id) for row in (await connection.execute(query)).all())
