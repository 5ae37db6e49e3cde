"""Token buckets: how often a tenant may ask, exact over any number of replicas.

A bucket holds as many tokens as the limit allows a minute, and fills at that rate. Its
level is one row, locked while a token is taken.
"""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Micros
from ledger.database import Database, insert_or
from ledger.models import RateBucket, RateState
from ledger.schema import rate_buckets
from ledger.whole import whole

TOKEN = 1_000_000
"""Micro-tokens of one token."""
MINUTE_US = 60_000_000


class Rates:
    """The buckets of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def take(
        self, tenant_id: str, bucket: RateBucket, limit_per_minute: int, now: Micros
    ) -> RateState | None:
        """Take a token where there is one; None where the tenant has no limit (0)."""
        if limit_per_minute <= 0:
            return None
        async with self._database.write() as connection:
            return await take_locked(connection, tenant_id, bucket, limit_per_minute, now)


@dataclass(frozen=True, slots=True)
class Level:
    """Micro-tokens in a bucket at a time."""

    tokens: int
    at: Micros

    @classmethod
    def full(cls, limit: int, now: Micros) -> Self:
        """The level of a bucket that nobody has drawn on."""
        return cls(limit * TOKEN, now)

    def filled(self, limit: int, now: Micros) -> Self:
        """The level at `now`, with what has flowed in since.

        Replicas' clocks differ: a time before the last one adds nothing and does not count
        twice later. One that lies over a minute ahead is a clock that was wrong.
        """
        at = now if self.at > now + MINUTE_US else max(self.at, now)
        gained = max(0, now - self.at) * limit * TOKEN // MINUTE_US
        return type(self)(min(limit * TOKEN, self.tokens + gained), at)

    def state(self, limit: int, *, allowed: bool) -> RateState:
        """What to tell the caller."""
        lacking = 0 if allowed else max(1, _seconds(TOKEN - self.tokens, limit))
        return RateState(
            limit=limit,
            remaining=self.tokens // TOKEN,
            reset_s=_seconds(limit * TOKEN - self.tokens, limit),
            retry_after_s=lacking,
            allowed=allowed,
        )


def _seconds(tokens: int, limit: int) -> int:
    """How long so many micro-tokens take to flow in, rounded up."""
    return -(-tokens * 60 // (limit * TOKEN))


async def take_locked(
    connection: AsyncConnection, tenant_id: str, bucket: RateBucket, limit: int, now: Micros
) -> RateState:
    """Take a token in this transaction, which holds the bucket until it ends."""
    level = await _level(connection, tenant_id, bucket, lock=True)
    if level is None:
        fresh = {
            "tenant_id": tenant_id,
            "bucket": bucket,
            "tokens_micro": limit * TOKEN,
            "updated_at": now,
        }
        await connection.execute(insert_or(connection, rate_buckets, fresh))
        level = await _level(connection, tenant_id, bucket, lock=True) or Level.full(limit, now)
    level = level.filled(limit, now)
    if level.tokens < TOKEN:
        return level.state(limit, allowed=False)
    level = Level(level.tokens - TOKEN, level.at)
    await connection.execute(
        update(rate_buckets)
        .where(rate_buckets.c.tenant_id == tenant_id, rate_buckets.c.bucket == bucket)
        .values(tokens_micro=level.tokens, updated_at=level.at)
    )
    return level.state(limit, allowed=True)


async def look(
    connection: AsyncConnection, tenant_id: str, bucket: RateBucket, limit: int, now: Micros
) -> RateState | None:
    """How a bucket stands, without taking from it; None where there is no limit (0)."""
    if limit <= 0:
        return None
    level = await _level(connection, tenant_id, bucket, lock=False) or Level.full(limit, now)
    return level.filled(limit, now).state(limit, allowed=True)


async def _level(
    connection: AsyncConnection, tenant_id: str, bucket: RateBucket, *, lock: bool
) -> Level | None:
    query = select(rate_buckets.c.tokens_micro, rate_buckets.c.updated_at).where(
        and_(rate_buckets.c.tenant_id == tenant_id, rate_buckets.c.bucket == bucket)
    )
    found = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if found is None else Level(found.tokens_micro, found.updated_at)
