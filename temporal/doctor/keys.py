"""Looks at the encryption keys: are they there, and are they those in use."""

import asyncio
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from ledger.database import Database
from ledger.errors import LedgerAway, SecretUnreadable
from ledger.key_checks import KeyCheck, KeyChecks
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.doctor.finding import Finding, missing, ok
from temporal.key_check import Fit, KeysDiffer, fit, key_ids

_NAME = "keys"
_PATIENCE_S = 8.0


async def keys(settings: LedgerSettings) -> Finding:
    """Whether the keys can be read, and open what the other processes encrypt."""
    where = "MANTIS_ENCRYPTION_KEYS"
    if not settings.encryption_keys.get_secret_value().strip():
        if not await asyncio.to_thread(settings.keys_path.exists):
            return ok(_NAME, f"{settings.keys_path} is made at the first start")
        where = str(settings.keys_path)
    try:
        keyring = await asyncio.to_thread(Keyring.load, settings)
    except SecretUnreadable as error:
        return missing(_NAME, str(error), "mantis keys new prints one")
    kept = await _in_use(settings)
    ids = ", ".join(key_ids(keyring))
    match fit(kept, keyring):
        case Fit.DIFFERENT if kept is not None:
            way_out = "give this process the others' keys; lost for good: mantis keys accept"
            return missing(_NAME, str(KeysDiffer(kept, keyring)).partition(": give ")[0], way_out)
        case Fit.ROTATED if kept is not None:
            return ok(_NAME, f"{where}: {ids}; {kept.key_id} is in use until the next start")
        case _:
            return ok(_NAME, f"{where}: {ids}")


async def _in_use(settings: LedgerSettings) -> KeyCheck | None:
    """What the ledger keeps to try keys on; None where it can't be asked or is older."""
    try:
        url = make_url(settings.url)
        file = Path(url.database or "")
        if url.get_backend_name() == "sqlite" and not await asyncio.to_thread(file.exists):
            return None
        database = Database(settings.url)
    except (ArgumentError, ImportError, NoSuchModuleError, ValueError):
        return None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await KeyChecks(database).read()
    except (LedgerAway, TimeoutError, OSError, DBAPIError):
        return None
    finally:
        await database.close()
