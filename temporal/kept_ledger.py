"""The ledger as a command finds it: an existing one, opened for a moment."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings


class NoLedger(LedgerError):
    """There is none where the settings say; the message says what to do."""


@asynccontextmanager
async def kept_ledger(settings: LedgerSettings) -> AsyncGenerator[Ledger]:
    """Open the ledger without keys; none is made where there is none.

    Raises:
        NoLedger: there is none.
    """
    kept = settings.data_dir / "ledger.db"
    if not settings.database_url and not kept.exists():
        raise NoLedger(
            f"there is no ledger in {settings.data_dir}: give --data-dir or MANTIS_DATABASE_URL"
        )
    ledger = await Ledger.open(settings.url)
    try:
        yield ledger
    finally:
        await ledger.close()
