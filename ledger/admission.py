"""Admitting a run: idempotency, rate, concurrency, the run and its start, all at once.

One query reads what the gates need to know, then they judge, then everything is written, in
a transaction that decides about the tenant (`Database.decide`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, exists, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Micros
from ledger.content import in_words, plan_document, read_content
from ledger.database import insert_or
from ledger.events import event_values
from ledger.gates import (
    Admission,
    Admitted,
    Gate,
    KeyConflict,
    RateLimited,
    RateState,
    Replayed,
    TooManyRuns,
)
from ledger.models import NewEvent, NewRun, Phase, RunRow, RunStatus
from ledger.outbox import enqueue
from ledger.profiles import OPEN
from ledger.rates import Level, write_level
from ledger.resume_state import GoesOn, carry_over, look_back, rows_of
from ledger.run_rows import load_run, read_row
from ledger.schema import idempotency_keys, rate_buckets, run_events, run_secrets, runs
from plans.plan import Plan

COUNTED = (RunStatus.QUEUED, RunStatus.RUNNING)
"""What `max_concurrent_runs` counts."""

_TENANT = bindparam("tenant")
_CONCURRENT = select(func.count()).where(runs.c.tenant_id == _TENANT, runs.c.status.in_(COUNTED))
_PROFILE_IN_USE = exists().where(
    runs.c.tenant_id == _TENANT, runs.c.profile_id == bindparam("profile"), runs.c.status.in_(OPEN)
)
_KEY = and_(
    idempotency_keys.c.tenant_id == _TENANT,
    idempotency_keys.c.key == bindparam("key"),
    idempotency_keys.c.expires_at > bindparam("now"),
)
_BUCKET = and_(rate_buckets.c.tenant_id == _TENANT, rate_buckets.c.bucket == "submit")
_FACTS = select(
    _CONCURRENT.scalar_subquery().label("concurrent"),
    _PROFILE_IN_USE.label("profile_in_use"),
    idempotency_keys.c.run_id,
    idempotency_keys.c.fingerprint,
    rate_buckets.c.tokens_micro,
    rate_buckets.c.updated_at,
).select_from(
    select(literal(1).label("one"))
    .subquery()
    .outerjoin(idempotency_keys, _KEY)
    .outerjoin(rate_buckets, _BUCKET)
)
_INSERT_RUN = insert(runs).returning(*runs.c)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the gates judge by. `run_id` is the one that the key belongs to."""

    concurrent: int
    profile_in_use: bool
    run_id: str | None
    fingerprint: str | None
    level: Level | None


async def admit_run(
    connection: AsyncConnection,
    new: NewRun,
    gate: Gate,
    secrets: Mapping[str, bytes],
    now: Micros,
) -> Admission:
    """Take a run through the gates in order and write it, in this transaction.

    Args:
        connection: a transaction that decides about the tenant.
        new: the run.
        gate: what to check.
        secrets: the run's secrets, encrypted.
        now: for the key and the bucket.

    Raises:
        PlanError: the steps that it would go on in may not run any more.
    """
    tenant_id, limit = new.tenant_id, gate.rate_limit_per_minute
    facts = await _read_facts(connection, new, gate, now)
    level = (facts.level or Level.full(limit, now)).filled(limit, now) if limit > 0 else None
    if facts.run_id is not None:
        rate = None if level is None else level.state(limit, allowed=True)
        if facts.fingerprint != gate.fingerprint:
            return KeyConflict(rate=rate)
        return Replayed(run=await load_run(connection, tenant_id, facts.run_id), rate=rate)
    before: GoesOn | None = None
    if gate.resume_state:
        match await look_back(connection, new):
            case GoesOn() as before:
                new = _noting(_in_steps(new, before, gate), await _goes_on(connection, new, before))
            case str() as why:
                new = _noting(new, why)
            case refused:
                return refused
    rate: RateState | None = None
    if level is not None:
        level, rate = level.draw(limit)
        if not rate.allowed:
            return RateLimited(rate=rate)
        await write_level(connection, tenant_id, "submit", level)
    if gate.max_concurrent_runs is not None and facts.concurrent >= gate.max_concurrent_runs:
        return TooManyRuns(rate=rate)
    run = await _write(connection, new, before, not facts.profile_in_use, secrets, now)
    if before is not None:
        await carry_over(connection, tenant_id, before.run_id, new.run_id)
    await _keep_key(connection, new, gate, now)
    return Admitted(run=run, rate=rate)


def _noting(new: NewRun, sentence: str) -> NewRun:
    return new.model_copy(update={"notes": (*new.notes, sentence)})


def _in_steps(new: NewRun, before: GoesOn, gate: Gate) -> NewRun:
    """A plan in words goes on in the steps it was made into: where it stood counts them."""
    if not in_words(new.plan):
        return new
    plan = read_content(before.plan)
    if gate.accept is None or not isinstance(plan, Plan):
        return new.model_copy(update={"plan": before.plan})
    return new.model_copy(update={"plan": plan_document(gate.accept(plan))})


async def _goes_on(connection: AsyncConnection, new: NewRun, before: GoesOn) -> str:
    rows = await rows_of(connection, new.tenant_id, before.run_id)
    records = "1 record comes" if rows == 1 else f"{rows} records come"
    return f"resume_state: goes on from run {before.run_id}, {records} along"


async def _read_facts(connection: AsyncConnection, new: NewRun, gate: Gate, now: Micros) -> _Facts:
    names = {
        "tenant": new.tenant_id,
        "profile": new.profile_id,
        "key": gate.idempotency_key,
        "now": now,
    }
    found = (await connection.execute(_FACTS, names)).one()
    level = None if found.tokens_micro is None else Level(found.tokens_micro, found.updated_at)
    return _Facts(
        found.concurrent, bool(found.profile_in_use), found.run_id, found.fingerprint, level
    )


async def _write(
    connection: AsyncConnection,
    new: NewRun,
    before: GoesOn | None,
    released: bool,
    secrets: Mapping[str, bytes],
    now: Micros,
) -> RunRow:
    tenant_id, run_id = new.tenant_id, new.run_id
    log = ["run accepted", *new.notes]
    if not released:
        log.append(f"waiting until profile {new.profile_id} is free")
    values = new.model_dump(mode="json", exclude={"limits", "notes", "secrets"})
    values |= new.limits.model_dump()
    values |= {
        "status": RunStatus.QUEUED,
        "phase": Phase.QUEUED,
        "updated_at": new.created_at,
        "last_event_at": new.created_at + len(log) - 1,
        "message": "",
        "cancel_requested": False,
        "released": released,
        "resumed_from": None if before is None else before.run_id,
        "state": None if before is None else before.state,
        "pause_requested": False,
    }
    run = read_row((await connection.execute(_INSERT_RUN, values)).mappings().one())
    if released:
        await enqueue(connection, tenant_id, run_id, "start", now)
    events = [
        event_values(
            tenant_id,
            run_id,
            new.created_at + number,
            NewEvent(dedup_key=f"admission:{number}", kind="log", body={"message": note}),
        )
        for number, note in enumerate(log)
    ]
    await connection.execute(insert(run_events), events)
    if secrets:
        await connection.execute(
            insert(run_secrets),
            [
                {"tenant_id": tenant_id, "run_id": run_id, "name": name, "ciphertext": text}
                for name, text in secrets.items()
            ],
        )
    return run


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
