"""Admitting a run: idempotency, rate, concurrency, the run and its start, all at once.

Whatever decides about several runs of a tenant (an admission, an ending, a release) takes
the tenant's lock first and the rows after it, so that no two replicas count past each other.
"""

from collections.abc import Mapping

from sqlalchemy import and_, delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Micros
from ledger.database import insert_or, lock_tenant
from ledger.events import append_locked
from ledger.models import (
    Admission,
    Admitted,
    Gate,
    KeyConflict,
    NewEvent,
    NewRun,
    Phase,
    RateLimited,
    Replayed,
    RunStatus,
    TooManyRuns,
)
from ledger.outbox import enqueue
from ledger.profiles import profile_is_free
from ledger.rates import look, take_locked
from ledger.run_rows import load_run
from ledger.schema import idempotency_keys, run_secrets, runs

SWEPT = 20
"""Expired keys that one admission with a key removes."""
COUNTED = (RunStatus.QUEUED, RunStatus.RUNNING)
"""What `max_concurrent_runs` counts."""


async def admit_run(
    connection: AsyncConnection,
    new: NewRun,
    gate: Gate,
    secrets: Mapping[str, bytes],
    now: Micros,
) -> Admission:
    """Take a run through the gates in order and write it, in this transaction.

    Args:
        connection: a transaction that has done nothing yet.
        new: the run.
        gate: what to check.
        secrets: the run's secrets, encrypted.
        now: for the key and the bucket.
    """
    await lock_tenant(connection, new.tenant_id)
    if (known := await _known(connection, new.tenant_id, gate, now)) is not None:
        return known
    rate = None
    if (limit := gate.rate_limit_per_minute) > 0:
        rate = await take_locked(connection, new.tenant_id, "submit", limit, now)
        if not rate.allowed:
            return RateLimited(rate=rate)
    if gate.max_concurrent_runs is not None:
        running = select(func.count()).where(
            runs.c.tenant_id == new.tenant_id, runs.c.status.in_(COUNTED)
        )
        if (await connection.execute(running)).scalar_one() >= gate.max_concurrent_runs:
            return TooManyRuns(rate=rate)
    await _write(connection, new, secrets, now)
    await _keep_key(connection, new, gate, now)
    return Admitted(run=await load_run(connection, new.tenant_id, new.run_id), rate=rate)


async def _known(
    connection: AsyncConnection, tenant_id: str, gate: Gate, now: Micros
) -> Replayed | KeyConflict | None:
    if gate.idempotency_key is None:
        return None
    query = select(idempotency_keys.c.run_id, idempotency_keys.c.fingerprint).where(
        idempotency_keys.c.tenant_id == tenant_id,
        idempotency_keys.c.key == gate.idempotency_key,
        idempotency_keys.c.expires_at > now,
    )
    if (found := (await connection.execute(query)).one_or_none()) is None:
        return None
    rate = await look(connection, tenant_id, "submit", gate.rate_limit_per_minute, now)
    if found.fingerprint != gate.fingerprint:
        return KeyConflict(rate=rate)
    return Replayed(run=await load_run(connection, tenant_id, found.run_id), rate=rate)


async def _write(
    connection: AsyncConnection, new: NewRun, secrets: Mapping[str, bytes], now: Micros
) -> None:
    tenant_id, run_id = new.tenant_id, new.run_id
    released = await profile_is_free(connection, tenant_id, new.profile_id)
    notes = [] if released else [f"waiting until profile {new.profile_id} is free"]
    values = new.model_dump(mode="json", exclude={"limits", "notes", "secrets"})
    values |= new.limits.model_dump()
    values |= {
        "status": RunStatus.QUEUED,
        "phase": Phase.QUEUED,
        "updated_at": new.created_at,
        "last_event_at": new.created_at,
        "message": "",
        "cancel_requested": False,
        "released": released,
    }
    await connection.execute(insert(runs).values(values))
    if released:
        await enqueue(connection, tenant_id, run_id, "start", now)
    if secrets:
        await connection.execute(
            insert(run_secrets),
            [
                {"tenant_id": tenant_id, "run_id": run_id, "name": name, "ciphertext": text}
                for name, text in secrets.items()
            ],
        )
    log = [
        NewEvent(dedup_key=f"admission:{number}", kind="log", body={"message": note})
        for number, note in enumerate(("run accepted", *new.notes, *notes))
    ]
    await append_locked(connection, tenant_id, run_id, log, new.created_at - 1, new.created_at)


async def _keep_key(connection: AsyncConnection, new: NewRun, gate: Gate, now: Micros) -> None:
    if gate.idempotency_key is None:
        return
    kept = {
        "run_id": new.run_id,
        "fingerprint": gate.fingerprint,
        "expires_at": now + gate.idempotency_ttl_us,
    }
    name = {"tenant_id": new.tenant_id, "key": gate.idempotency_key}
    await connection.execute(insert_or(connection, idempotency_keys, name | kept, replacing=kept))
    await _sweep(connection, now)


async def _sweep(connection: AsyncConnection, now: Micros) -> None:
    """Remove some expired keys; rows that another transaction is at are left to it."""
    identity = (idempotency_keys.c.tenant_id, idempotency_keys.c.key)
    expired = (
        select(*identity)
        .where(idempotency_keys.c.expires_at <= now)
        .order_by(idempotency_keys.c.expires_at)
        .limit(SWEPT)
        .with_for_update(skip_locked=True)
    )
    found = (await connection.execute(expired)).all()
    if found:
        await connection.execute(
            delete(idempotency_keys).where(
                and_(
                    tuple_(*identity).in_([(row.tenant_id, row.key) for row in found]),
                    idempotency_keys.c.expires_at <= now,
                )
            )
        )
