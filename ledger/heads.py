"""How runs stand, read for many of them at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ledger.changes import RunName
from ledger.clock import Micros
from ledger.database import Database
from ledger.models import Phase, RunRow, RunStatus
from ledger.schema import runs
from ledger.whole import whole
from plans.step import HaltClass

AT_ONCE = 400
"""Runs asked for in one query: SQLite limits a statement's parameters."""


@dataclass(frozen=True, slots=True)
class Head:
    """How a run stands. `last_event_at` never goes back; with the end it goes on."""

    status: RunStatus
    phase: Phase
    halt_class: HaltClass | None
    last_event_at: Micros

    @classmethod
    def of(cls, row: RunRow) -> "Head":
        """The head of a run whose row is at hand."""
        return cls(row.status, row.phase, row.halt_class, row.last_event_at)


class Heads:
    """Reads heads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def read(self, wanted: Collection[RunName]) -> dict[RunName, Head]:
        """The heads of these runs; a run that does not exist is left out.

        Raises:
            LedgerAway: the database can't be reached.
        """
        found: dict[RunName, Head] = {}
        async with self._database.read() as connection:
            for part in _parts(sorted(wanted)):
                query = select(
                    runs.c.tenant_id,
                    runs.c.run_id,
                    runs.c.status,
                    runs.c.phase,
                    runs.c.halt_class,
                    runs.c.last_event_at,
                ).where(
                    runs.c.tenant_id.in_({tenant_id for tenant_id, _ in part}),
                    runs.c.run_id.in_({run_id for _, run_id in part}),
                )
                for tenant_id, run_id, status, phase, halt_class, last in (
                    await connection.execute(query)
                ).all():
                    found[tenant_id, run_id] = Head(
                        RunStatus(status),
                        Phase(phase),
                        None if halt_class is None else HaltClass(halt_class),
                        last,
                    )
        return {run: found[run] for run in wanted if run in found}


def _parts(wanted: Sequence[RunName]) -> Iterator[Sequence[RunName]]:
    for start in range(0, len(wanted), AT_ONCE):
        yield wanted[start : start + AT_ONCE]
