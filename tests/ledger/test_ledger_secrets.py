from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.database import Database
from ledger.errors import SecretUnreadable, UnknownRun
from ledger.gates import Gate
from ledger.ledger import Ledger
from ledger.models import NewRun
from ledger.schema import run_secrets
from ledger.vault import Keyring, new_key

MakeRun = Callable[..., NewRun]
RUN = ("acme", "20260101_000000_0000abcd")
CANARY = "canary-5f2c"
KEY = new_key()


@pytest.fixture
async def locked(url: str) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(url, keyring=Keyring([KEY]))
    yield opened
    await opened.close()


def with_secrets(new: NewRun) -> NewRun:
    return new.model_copy(update={"secrets": {"1": CANARY, "2": {"deep": [CANARY, None, 7]}}})


async def test_secrets_come_back_as_they_were(locked: Ledger, new_run: MakeRun):
    new = with_secrets(new_run())
    await locked.runs.admit(new)
    assert await locked.secrets.read(*RUN) == new.secrets
    await locked.secrets.add(*RUN, "typed:1", "a \ud800 \x00 ü")
    await locked.secrets.add(*RUN, "1", False)
    assert await locked.secrets.read(*RUN) == {
        "1": False,
        "2": {"deep": [CANARY, None, 7]},
        "typed:1": "a \ud800 \x00 ü",
    }
    assert await locked.secrets.read("other", RUN[1]) == {}
    with pytest.raises(UnknownRun):
        await locked.secrets.add("other", RUN[1], "1", "x")


async def test_no_row_holds_them_readable(locked: Ledger, database: Database, new_run: MakeRun):
    new = with_secrets(new_run())
    assert CANARY not in repr(new)
    await locked.runs.admit(new)
    async with database.read() as connection:
        found = (await connection.execute(select(run_secrets.c.ciphertext))).scalars().all()
    assert len(found) == 2
    assert not any(CANARY.encode() in cipher for cipher in found)


def read_files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


async def test_no_file_holds_them_readable(tmp_path: Path, new_run: MakeRun):
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/x.db", keyring=Keyring([KEY]))
    await ledger.runs.admit(with_secrets(new_run()))
    files = read_files(tmp_path)
    await ledger.close()
    assert any(RUN[1].encode() in content for content in files)
    assert not any(CANARY.encode() in content for content in files)


async def test_a_refused_or_replayed_run_leaves_none(
    locked: Ledger, database: Database, new_run: MakeRun
):
    gate = Gate(idempotency_key="k", max_concurrent_runs=1)
    await locked.runs.admit(new_run(run_id="r1"), gate)
    await locked.runs.admit(with_secrets(new_run(run_id="r2")), gate)
    await locked.runs.admit(with_secrets(new_run(run_id="r3")), Gate(max_concurrent_runs=1))
    async with database.read() as connection:
        assert (await connection.execute(select(run_secrets.c.name))).all() == []


async def test_without_keys_secrets_are_refused(ledger: Ledger, new_run: MakeRun):
    with pytest.raises(SecretUnreadable):
        await ledger.runs.admit(with_secrets(new_run()))
    assert await ledger.runs.get(*RUN) is None
    await ledger.runs.admit(new_run())
    assert await ledger.secrets.read(*RUN) == {}


async def test_with_other_keys_they_are_unreadable(locked: Ledger, url: str, new_run: MakeRun):
    await locked.runs.admit(with_secrets(new_run()))
    strange = await Ledger.open(url, keyring=Keyring([new_key()]))
    with pytest.raises(SecretUnreadable):
        await strange.secrets.read(*RUN)
    await strange.close()
    rotated = await Ledger.open(url, keyring=Keyring([new_key(), KEY]))
    assert (await rotated.secrets.read(*RUN))["1"] == CANARY
    await rotated.close()
