"""Webhooks that are due: one row a delivery, written with the end of its run."""

from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import ColumnElement, RowMapping, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Clock, Micros
from ledger.database import Database
from ledger.errors import UnknownDelivery
from ledger.events import append_locked, lock_run
from ledger.models import Delivery, DeliveryState, NewEvent, RunRow
from ledger.outbox import enqueue
from ledger.schema import deliveries
from ledger.whole import whole

WEBHOOK_EVENT = "webhook"
LONGEST_ERROR = 500


class Deliveries:
    """Reads deliveries and notes their tries."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @whole
    async def get(self, tenant_id: str, delivery_id: str) -> Delivery | None:
        """The delivery, or None where this tenant has none of that id."""
        async with self._database.read() as connection:
            return await _find(connection, _is(tenant_id, delivery_id))

    @whole
    async def find(self, delivery_id: str) -> Delivery | None:
        """The delivery of this id, whosever it is: for the operator."""
        async with self._database.read() as connection:
            return await _find(connection, deliveries.c.delivery_id == delivery_id)

    @whole
    async def of_run(self, tenant_id: str, run_id: str) -> Delivery | None:
        """The delivery of a run; None before its end and where no webhook is due."""
        here = and_(deliveries.c.tenant_id == tenant_id, deliveries.c.run_id == run_id)
        async with self._database.read() as connection:
            return await _find(connection, here)

    @whole
    async def in_state(
        self, state: DeliveryState, tenant_id: str | None = None, limit: int = 1000
    ) -> tuple[Delivery, ...]:
        """Deliveries of one tenant or all in this state, oldest first."""
        query = select(deliveries).where(deliveries.c.state == state)
        if tenant_id is not None:
            query = query.where(deliveries.c.tenant_id == tenant_id)
        query = query.order_by(deliveries.c.created_at, deliveries.c.delivery_id).limit(limit)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return tuple(_row(row) for row in found)

    @whole
    async def quiet(self, since: Micros, limit: int) -> tuple[Delivery, ...]:
        """Pending deliveries of all tenants that nothing was written about since, oldest first."""
        query = (
            select(deliveries)
            .where(deliveries.c.state == "pending", deliveries.c.updated_at < since)
            .order_by(deliveries.c.created_at)
            .limit(limit)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return tuple(_row(row) for row in found)

    @whole
    async def record_try(
        self,
        tenant_id: str,
        delivery_id: str,
        number: int,
        code: int | None,
        error: str,
        state: DeliveryState,
    ) -> Delivery:
        """Keep how a try went, and tell the run's events; once, however often it is called.

        Args:
            tenant_id: whose delivery.
            delivery_id: which.
            number: of the try, from 1 over all tries of the delivery.
            code: the status that was answered; None: nobody answered.
            error: what went wrong, safe to show; empty where nothing did.
            state: pending while another try is due.

        Raises:
            UnknownDelivery: there is no such delivery.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = await _load(connection, tenant_id, delivery_id)
            last = await lock_run(connection, tenant_id, row.run_id)
            row = await _load(connection, tenant_id, delivery_id)
            if number <= row.tries:
                return row
            tried = {
                "state": state,
                "tries": number,
                "last_code": code,
                "last_error": error[:LONGEST_ERROR],
                "updated_at": now,
            }
            await _change(connection, tenant_id, delivery_id, tried)
            row = await _load(connection, tenant_id, delivery_id)
            await append_locked(connection, tenant_id, row.run_id, [_event(row)], last, now)
            return row

    @whole
    async def resend(self, tenant_id: str, delivery_id: str) -> Delivery:
        """Make a delivery due again, whatever became of it.

        Raises:
            UnknownDelivery: there is no such delivery.
        """
        now = self._clock()
        async with self._database.write() as connection:
            due = {"state": "pending", "updated_at": now}
            await _change(connection, tenant_id, delivery_id, due)
            row = await _load(connection, tenant_id, delivery_id)
            await enqueue(connection, tenant_id, row.run_id, "webhook", now, delivery_id)
            return row


async def make_due(connection: AsyncConnection, run: RunRow, now: Micros) -> None:
    """Write the delivery of a run that ends in this transaction, if it wants one."""
    if run.callback_url is None:
        return
    delivery_id = uuid4().hex
    await connection.execute(
        insert(deliveries).values(
            tenant_id=run.tenant_id,
            delivery_id=delivery_id,
            run_id=run.run_id,
            url=run.callback_url,
            secret_name=run.webhook_secret_name,
            state="pending",
            tries=0,
            last_error="",
            created_at=now,
            updated_at=now,
        )
    )
    await enqueue(connection, run.tenant_id, run.run_id, "webhook", now, delivery_id)


def _event(row: Delivery) -> NewEvent:
    what = {"delivered": "delivered", "given_up": "given up", "pending": "to be tried again"}
    how = "no answer" if row.last_code is None else f"status {row.last_code}"
    return NewEvent(
        dedup_key=f"{WEBHOOK_EVENT}:{row.delivery_id}:{row.tries}",
        kind=WEBHOOK_EVENT,
        body={
            "message": f"webhook, try {row.tries}: {how}, {what[row.state]}",
            "delivery_id": row.delivery_id,
            "state": row.state,
            "tries": row.tries,
            "code": row.last_code,
            "error": row.last_error,
        },
    )


async def _change(
    connection: AsyncConnection, tenant_id: str, delivery_id: str, values: Mapping[str, object]
) -> None:
    await connection.execute(update(deliveries).where(_is(tenant_id, delivery_id)).values(values))


async def _load(connection: AsyncConnection, tenant_id: str, delivery_id: str) -> Delivery:
    found = await _find(connection, _is(tenant_id, delivery_id))
    if found is None:
        raise UnknownDelivery(delivery_id)
    return found


async def _find(connection: AsyncConnection, here: ColumnElement[bool]) -> Delivery | None:
    found = (await connection.execute(select(deliveries).where(here))).mappings().one_or_none()
    return None if found is None else _row(found)


def _row(found: RowMapping) -> Delivery:
    return Delivery.model_validate(dict(found))


def _is(tenant_id: str, delivery_id: str) -> ColumnElement[bool]:
    return and_(deliveries.c.tenant_id == tenant_id, deliveries.c.delivery_id == delivery_id)
