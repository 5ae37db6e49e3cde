"""How the models' servers were when they were looked at last: for processes that ask none."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from ledger.clock import Clock, Micros
from ledger.database import Database, insert_or
from ledger.schema import model_health
from ledger.text import clean_text
from ledger.whole import whole
from plans.step import Frozen, TierName


class Looked(Frozen):
    """What a look at a tier's server has found; `took_ms` is how long its answer took."""

    tier: TierName
    ok: bool
    detail: str
    took_ms: int = 0


class ModelHealth(Looked):
    """The same as the ledger keeps it; `asked_at` is when, microseconds since the epoch."""

    asked_at: Micros


class ModelHealths:
    """Reads and replaces what was found, one row a tier."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @whole
    async def note(self, looked: Looked) -> None:
        """Keep what a look has found, in the place of the one before."""
        values = {
            "ok": looked.ok,
            "detail": clean_text(looked.detail[:500]),
            "took_ms": looked.took_ms,
            "asked_at": self._clock(),
        }
        row = {"tier": looked.tier.value} | values
        async with self._database.write() as connection:
            await connection.execute(insert_or(connection, model_health, row, replacing=values))

    @whole
    async def forget(self, tier: TierName) -> None:
        """The tier is not configured any more: nobody looks at it."""
        async with self._database.write() as connection:
            await connection.execute(delete(model_health).where(model_health.c.tier == tier.value))

    @whole
    async def read(self) -> Sequence[ModelHealth]:
        """The last look at each tier that was ever looked at."""
        async with self._database.read() as connection:
            found = (await connection.execute(select(model_health))).mappings().all()
        return [ModelHealth.model_validate(dict(row)) for row in found]
