"""Token buckets: how often a tenant may ask, exact over any number of replicas.

A bucket holds as many tokens as the limit allows a minute, and fills at that rate. Its
level is one row, read and written only in transactions that decide about the tenant.
"""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Micros
from ledger.database import Database, insert_or
from ledger.gates import RateBucket, RateState
from ledger.schema import rate_buckets
from ledger.whole import whole

TOKEN = 1_000_000
"""Micro-tokens of one token."""
MINUTE_US = 60_000_000


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

        Replicas' clocks differ: a time before the last one adds nothing, and what lies
        between the two is not counted twice later. A time over a minute ahead was that of a
        wrong clock.
        """
        at = now if self.at > now + MINUTE_US else max(self.at, now)
        gained = max(0, now - self.at) * limit * TOKEN // MINUTE_US
        return type(self)(min(limit * TOKEN, self.tokens + gained), at)

    def draw(self, limit: int) -> tuple[Self, RateState]:
        """Take a token where there is one: the level after it, and what to tell the caller."""
        if self.tokens < TOKEN:
            return self, self.state(limit, allowed=False)
        after = type(self)(self.tokens - TOKEN, self.at)
        return after, after.state(limit, allowed=True)

    def state(self, limit: int, *, allowed: bool) -> RateState:
        """What to tell the caller."""
        return RateState(
            limit=limit,
            remaining=self.tokens // TOKEN,
            reset_s=_seconds(limit * TOKEN - self.tokens, limit),
            retry_after_s=0 if allowed else max(1, _seconds(TOKEN - self.tokens, limit)),
            allowed=allowed,
        )


def _seconds(tokens: int, limit: int) -> int:
    """How long so many micro-tokens take to flow in, rounded up."""
    return -(-tokens * 60 // (limit * TOKEN))


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
        async with self._database.decide(tenant_id) as connection:
            query = select(rate_buckets.c.tokens_micro, rate_buckets.c.updated_at).where(
                rate_buckets.c.tenant_id == tenant_id, rate_buckets.c.bucket == bucket
            )
            found = (await connection.execute(query)).one_or_none()
            level = Level(*found) if found is not None else Level.full(limit_per_minute, now)
            level, state = level.filled(limit_per_minute, now).draw(limit_per_minute)
            if state.allowed:
                await write_level(connection, tenant_id, bucket, level)
            return state


async def write_level(
    connection: AsyncConnection, tenant_id: str, bucket: RateBucket, level: Level
) -> None:
    """Store a bucket's level, in a transaction that decides about the tenant."""
    name = {"tenant_id": tenant_id, "bucket": bucket}
    kept = {"tokens_micro": level.tokens, "updated_at": level.at}
    await connection.execute(insert_or(connection, rate_buckets, name | kept, replacing=kept))
