"""Idempotency keys that have expired are of no use: they go, some at a time."""

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Micros
from ledger.schema import idempotency_keys

SWEPT = 1_000
"""Keys that go at once, at most."""
SWEEP_EVERY_US = 60_000_000


async def sweep_keys(connection: AsyncConnection, now: Micros) -> None:
    """Remove expired keys; rows that another transaction is at are left to it."""
    identity = (idempotency_keys.c.tenant_id, idempotency_keys.c.key)
    expired = (
        select(*identity)
        .where(idempotency_keys.c.expires_at <= now)
        .order_by(idempotency_keys.c.expires_at)
        .limit(SWEPT)
        .with_for_update(skip_locked=True)
    )
    await connection.execute(delete(idempotency_keys).where(tuple_(*identity).in_(expired)))
