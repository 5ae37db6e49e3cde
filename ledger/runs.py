"""The runs themselves: admitted, begun, ended once."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.admission import admit_run
from ledger.clock import Clock, Micros
from ledger.database import Database
from ledger.deliveries import make_due
from ledger.events import append_locked
from ledger.gates import Admission, Gate
from ledger.keys import SWEEP_EVERY_US, sweep_keys
from ledger.listing import (
    count_concurrent,
    count_queue,
    find_open,
    find_waiting_profiles,
    read_page,
)
from ledger.models import (
    TERMINAL,
    Ending,
    NewEvent,
    NewPhase,
    NewRun,
    OpenRun,
    Phase,
    QueueCounts,
    RunPage,
    RunRow,
    RunStatus,
    TerminalStatus,
)
from ledger.outbox import enqueue
from ledger.phases import mark
from ledger.profiles import release, release_next
from ledger.resume_state import forget
from ledger.run_rows import find_run, is_run, load_run
from ledger.schema import runs
from ledger.secrets import Secrets
from ledger.spending import tell_costs
from ledger.whole import whole

OPEN_GATE = Gate()
"""Checks nothing."""


class Runs:
    """Reads and writes the run rows."""

    def __init__(self, database: Database, clock: Clock, secrets: Secrets) -> None:
        self._database = database
        self._clock = clock
        self._secrets = secrets
        self._sweep_at: Micros = 0

    @whole
    async def admit(self, new: NewRun, gate: Gate = OPEN_GATE) -> Admission:
        """Take a run through the gates and write it with its start, in one transaction.

        The order is idempotency, rate, concurrency. A refusal leaves the key unused; one for
        concurrency has cost its token. A run whose profile is in use is not released yet.

        Raises:
            SecretUnreadable: the run has secrets, and there are no keys to encrypt them with.
            PlanError: `gate.accept` refuses the steps that the run would go on in.
        """
        sealed = self._secrets.seal(new.secrets)
        now = self._clock()
        sweeping = now >= self._sweep_at
        if sweeping:
            self._sweep_at = now + SWEEP_EVERY_US

        async def work(connection: AsyncConnection) -> Admission:
            admission = await admit_run(connection, new, gate, sealed, now)
            if sweeping:
                await sweep_keys(connection, now)
            return admission

        return await self._database.together(new.tenant_id, work)

    @whole
    async def get(self, tenant_id: str, run_id: str) -> RunRow | None:
        """The run, or None where this tenant has none of that id."""
        async with self._database.read() as connection:
            return await find_run(connection, tenant_id, run_id)

    @whole
    async def tenants_of(self, run_id: str) -> tuple[str, ...]:
        """The tenants that have a run of this id, for an operator who knows the id alone."""
        query = select(runs.c.tenant_id).where(runs.c.run_id == run_id).order_by(runs.c.tenant_id)
        async with self._database.read() as connection:
            return tuple((await connection.execute(query)).scalars())

    @whole
    async def page(
        self, tenant_id: str, status: RunStatus | None, limit: int, cursor: str | None
    ) -> RunPage:
        """At most `limit` runs of a tenant, newest first; runs that come meanwhile do no harm.

        Raises:
            BadCursor: the ledger never gave out such a cursor.
        """
        async with self._database.read() as connection:
            return await read_page(connection, tenant_id, status, limit, cursor)

    @whole
    async def queue(self, tenant_id: str) -> QueueCounts:
        """How the tenant's open runs stand; a paused one counts as running."""
        async with self._database.read() as connection:
            return await count_queue(connection, tenant_id)

    @whole
    async def concurrent(self) -> dict[str, int]:
        """Queued and running runs of each tenant that has any."""
        async with self._database.read() as connection:
            return await count_concurrent(connection)

    @whole
    async def open_runs(
        self, quiet_since: Micros, limit: int, after: OpenRun | None = None
    ) -> tuple[OpenRun, ...]:
        """Released runs that are not over and were not touched since, oldest first.

        Args:
            quiet_since: a run whose row or events changed at or after it is left out.
            limit: how many at most.
            after: the last one of the batch before.
        """
        async with self._database.read() as connection:
            return await find_open(connection, quiet_since, limit, after)

    @whole
    async def stuck_waiting(self) -> tuple[tuple[str, str], ...]:
        """Release runs that wait for a profile which is free; answers their tenants and ids."""
        async with self._database.read() as connection:
            waiting = await find_waiting_profiles(connection)
        released: list[tuple[str, str]] = []
        for tenant_id, profile_id in waiting:
            async with self._database.decide(tenant_id) as connection:
                run_id = await release_next(connection, tenant_id, profile_id, self._clock())
            if run_id is not None:
                released.append((tenant_id, run_id))
        return tuple(released)

    @whole
    async def begin(self, tenant_id: str, run_id: str, now: Micros) -> RunRow:
        """Mark the run running from `now`, once; a terminal or begun run stays as it is.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.write() as connection:
            row = await load_run(connection, tenant_id, run_id, lock=True)
            if row.status is not RunStatus.QUEUED:
                return row
            await connection.execute(
                update(runs)
                .where(is_run(tenant_id, run_id))
                .values(
                    status=RunStatus.RUNNING,
                    phase=Phase.RUNNING,
                    started_at=now,
                    updated_at=now,
                )
            )
            started = NewEvent(dedup_key="begin", kind="log", body={"message": "run started"})
            await append_locked(connection, tenant_id, run_id, [started], row.last_event_at, now)
            return await load_run(connection, tenant_id, run_id)

    @whole
    async def mark_phase(self, tenant_id: str, run_id: str, new: NewPhase, now: Micros) -> bool:
        """Set the phase of a run that is not over, with a line in its log; once a number.

        Returns:
            whether this call did it.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.write() as connection:
            return await mark(connection, tenant_id, run_id, new, now)

    @whole
    async def finish(self, tenant_id: str, run_id: str, ending: Ending, now: Micros) -> bool:
        """Write the terminal state unless one is there; answers whether this call wrote it.

        With it the run's webhook becomes due, and the next run of its profile is released.
        What only the run itself needed goes.
        """
        async with self._database.decide(tenant_id) as connection:
            done = await connection.execute(
                update(runs)
                .where(is_run(tenant_id, run_id), runs.c.status.not_in(TERMINAL))
                .values(
                    status=ending.status,
                    phase=_last_phase(ending.status),
                    halt_class=ending.halt_class,
                    message=ending.message,
                    summary=ending.summary,
                    video=ending.video,
                    state=ending.state,
                    finished_at=now,
                    updated_at=now,
                )
            )
            if done.rowcount == 0:
                return False
            row = await load_run(connection, tenant_id, run_id, lock=True)
            text = f"run {ending.status}" + (f": {ending.message}" if ending.message else "")
            event = NewEvent(dedup_key="finish", kind="log", body={"message": text})
            await append_locked(connection, tenant_id, run_id, [event], row.last_event_at, now)
            await tell_costs(connection, tenant_id, run_id)
            await forget(connection, tenant_id, run_id, ending)
            await make_due(connection, row, now)
            if row.profile_id is not None:
                await release_next(connection, tenant_id, row.profile_id, now)
            return True

    @whole
    async def request_cancel(self, tenant_id: str, run_id: str, reason: str, now: Micros) -> RunRow:
        """Mark the run to be cancelled and put the signal into the outbox, once.

        A terminal run stays as it is; the first reason stays. A run that waits for its
        profile is released, so that its workflow ends it.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.decide(tenant_id) as connection:
            row = await load_run(connection, tenant_id, run_id, lock=True)
            if row.status.terminal or row.cancel_requested:
                return row
            await connection.execute(
                update(runs)
                .where(is_run(tenant_id, run_id))
                .values(cancel_requested=True, cancel_reason=reason or None, updated_at=now)
            )
            if not row.released:
                await release(connection, tenant_id, run_id, "released to be cancelled", now)
                row = await load_run(connection, tenant_id, run_id)
            await enqueue(connection, tenant_id, run_id, "cancel", now, reason)
            text = "cancel requested" + (f": {reason}" if reason else "")
            event = NewEvent(dedup_key="cancel", kind="log", body={"message": text})
            await append_locked(connection, tenant_id, run_id, [event], row.last_event_at, now)
            return await load_run(connection, tenant_id, run_id)

    @whole
    async def request_pause(self, tenant_id: str, run_id: str, reason: str, now: Micros) -> RunRow:
        """Mark a running run to be paused and put the signal into the outbox.

        Until it pauses, asking again changes nothing; a run that isn't running, or that is
        being cancelled, stays as it is.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.write() as connection:
            row = await load_run(connection, tenant_id, run_id, lock=True)
            open_to_it = row.status is RunStatus.RUNNING and not row.cancel_requested
            if not open_to_it or row.pause_requested:
                return row
            await connection.execute(
                update(runs)
                .where(is_run(tenant_id, run_id))
                .values(pause_requested=True, updated_at=now)
            )
            await enqueue(connection, tenant_id, run_id, "pause", now, reason)
            text = "pause requested" + (f": {reason}" if reason else "")
            event = NewEvent(dedup_key=f"pause_request:{now}", kind="log", body={"message": text})
            await append_locked(connection, tenant_id, run_id, [event], row.last_event_at, now)
            return await load_run(connection, tenant_id, run_id)


def _last_phase(status: TerminalStatus) -> Phase:
    match status:
        case RunStatus.SUCCEEDED:
            return Phase.COMPLETE
        case RunStatus.FAILED:
            return Phase.HALTED
        case RunStatus.CANCELLED:
            return Phase.CANCELLED
