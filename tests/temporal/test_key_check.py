"""Keys that do not fit those in use: who has them does not start."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.app import create_app
from api.settings import ApiSettings
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from ledger.vault import Keyring, new_key
from temporal.key_check import Fit, KeysDiffer, accept_keys, check_keys, fit, key_ids
from temporal.settings import TemporalSettings

OLD, NEW, STRANGE = new_key(), new_key(), new_key()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(LedgerSettings(data_dir=tmp_path, database_url="").url)
    yield opened
    await opened.close()


async def test_the_same_keys_fit_and_others_do_not(ledger: Ledger) -> None:
    await check_keys(ledger, Keyring([OLD]))
    await check_keys(ledger, Keyring([OLD]))
    with pytest.raises(KeysDiffer, match="MANTIS_ENCRYPTION_KEYS") as refused:
        await check_keys(ledger, Keyring([STRANGE]))
    assert key_ids(Keyring([OLD]))[0] in str(refused.value)
    assert STRANGE.decode() not in str(refused.value)
    await check_keys(ledger, Keyring([OLD]))


async def test_a_rotation_ends_with_the_new_key_in_use(ledger: Ledger) -> None:
    for ring in ([OLD], [OLD, NEW], [NEW, OLD], [NEW]):
        await check_keys(ledger, Keyring(ring))
    with pytest.raises(KeysDiffer):
        await check_keys(ledger, Keyring([OLD]))


async def test_a_key_that_is_not_everywhere_yet_is_noticed(ledger: Ledger) -> None:
    """The new key was made the first before every process had it."""
    await check_keys(ledger, Keyring([OLD]))
    await check_keys(ledger, Keyring([NEW, OLD]))
    with pytest.raises(KeysDiffer):
        await check_keys(ledger, Keyring([OLD]))


async def test_a_lost_key_can_be_given_up(ledger: Ledger) -> None:
    await check_keys(ledger, Keyring([OLD]))
    await accept_keys(ledger, Keyring([NEW]))
    await check_keys(ledger, Keyring([NEW]))
    assert fit(await ledger.key_checks.read(), Keyring([OLD])) is Fit.DIFFERENT


async def test_of_two_that_start_first_one_is_refused(ledger: Ledger) -> None:
    """Both found nothing; what the first of them wrote stays."""
    await check_keys(ledger, Keyring([OLD]))
    kept = await ledger.key_checks.read()
    assert kept is not None
    other = kept.model_copy(update={"key_id": "other"})
    await ledger.key_checks.keep(other)
    assert await ledger.key_checks.read() == kept


async def test_the_api_does_not_start(ledger: Ledger, tmp_path: Path) -> None:
    await check_keys(ledger, Keyring([OLD]))
    app = create_app(
        ApiSettings(data_dir=tmp_path, api_token="t"),
        LedgerSettings(data_dir=tmp_path, database_url="", encryption_keys=STRANGE.decode()),
        TemporalSettings(address="127.0.0.1:1"),
    )
    with pytest.raises(KeysDiffer):
        async with app.router.lifespan_context(app):
            pass


async def test_a_worker_does_not_start(
    ledger: Ledger, tmp_path: Path, temporal_address: str
) -> None:
    await check_keys(ledger, Keyring([OLD]))
    environment = os.environ | {
        "MANTIS_DATA_DIR": str(tmp_path),
        "MANTIS_DATABASE_URL": "",
        "MANTIS_ENCRYPTION_KEYS": STRANGE.decode(),
        "TEMPORAL_ADDRESS": temporal_address,
    }
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "temporal.worker", "--pool", "delivery"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "give every process the same MANTIS_ENCRYPTION_KEYS" in ended.stderr
    assert "Traceback" not in ended.stderr
