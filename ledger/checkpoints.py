"""The pages of a run as they were at its boundaries, encrypted: what a new browser starts from."""

import asyncio
import json
import zlib

from sqlalchemy import ColumnElement, and_, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.database import Database, insert_or
from ledger.errors import SecretUnreadable
from ledger.events import lock_run
from ledger.models import Checkpoints, Document, NewCheckpoint
from ledger.schema import run_checkpoints
from ledger.secrets import Keyring
from ledger.whole import whole

_FAST = 1
"""Level of compression: web storage shrinks to a quarter even so."""
_DAMAGED = "a checkpoint is damaged: the run can only start afresh"


class RunCheckpoints:
    """Reads and writes checkpoints: of a run the newest one, and the newest restorable one."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @whole
    async def read(self, tenant_id: str, run_id: str) -> Checkpoints:
        """What the run can be restored from; a run without a checkpoint has none of either.

        Raises:
            SecretUnreadable: they were encrypted with keys that are not at hand.
        """
        shown = run_checkpoints.c
        query = select(shown.newest, shown.restorable, shown.restorable_before)
        async with self._database.read() as connection:
            found = await connection.execute(query.where(_of(tenant_id, run_id)))
            row = found.one_or_none()
        if row is None:
            return Checkpoints()
        newest = await asyncio.to_thread(self._unseal, row.newest)
        if row.restorable:
            return Checkpoints(newest=newest, restorable=newest)
        if row.restorable_before is None:
            return Checkpoints(newest=newest)
        before = await asyncio.to_thread(self._unseal, row.restorable_before)
        return Checkpoints(newest=newest, restorable=before)

    @whole
    async def write(self, tenant_id: str, run_id: str, checkpoint: NewCheckpoint) -> None:
        """Keep a checkpoint taken outside of a step; the newest restorable one stays, too.

        Raises:
            UnknownRun: there is no such run.
            SecretUnreadable: there are no keys to encrypt it with.
        """
        sealed = await self.seal(checkpoint)
        async with self._database.write() as connection:
            await lock_run(connection, tenant_id, run_id)
            await put(connection, tenant_id, run_id, sealed, restorable=checkpoint.restorable)

    async def seal(self, checkpoint: NewCheckpoint) -> bytes:
        """The checkpoint, encrypted; off the event loop, since it may be large.

        Raises:
            SecretUnreadable: there are no keys to encrypt it with.
        """
        return await asyncio.to_thread(self._seal, checkpoint.body)

    def _seal(self, body: Document) -> bytes:
        text = json.dumps(body, separators=(",", ":"))
        return self._keyring.encrypt(zlib.compress(text.encode(), _FAST))

    def _unseal(self, cipher: bytes) -> Document:
        try:
            body: Document = json.loads(zlib.decompress(self._keyring.decrypt(cipher)))
        except (zlib.error, ValueError):
            raise SecretUnreadable(_DAMAGED) from None
        return body


async def put(
    connection: AsyncConnection, tenant_id: str, run_id: str, sealed: bytes, *, restorable: bool
) -> None:
    """Make it the newest checkpoint of a run whose row this transaction has locked."""
    row = {
        "tenant_id": tenant_id,
        "run_id": run_id,
        "newest": sealed,
        "restorable": restorable,
        "restorable_before": None,
    }
    shown = run_checkpoints.c
    before = case((shown.restorable, shown.newest), else_=shown.restorable_before)
    replacing = {
        "newest": sealed,
        "restorable": restorable,
        "restorable_before": None if restorable else before,
    }
    await connection.execute(insert_or(connection, run_checkpoints, row, replacing=replacing))


def _of(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    return and_(run_checkpoints.c.tenant_id == tenant_id, run_checkpoints.c.run_id == run_id)
