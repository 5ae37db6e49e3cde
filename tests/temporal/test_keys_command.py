"""`mantis keys`: what an operator sees and does of the encryption keys."""

import argparse
import asyncio
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.key_check import check_keys, key_ids
from temporal.keys_command import keys


def command(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    keys(parser)
    arguments = parser.parse_args(["--data-dir", str(folder), *words])
    return int(arguments.handler(arguments))


async def _start_a_process(settings: LedgerSettings) -> str:
    keyring = Keyring.load(settings)
    ledger = await Ledger.open(settings.url, keyring=keyring)
    await check_keys(ledger, keyring)
    await ledger.close()
    return key_ids(keyring)[0]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LedgerSettings:
    monkeypatch.delenv("MANTIS_ENCRYPTION_KEYS", raising=False)
    monkeypatch.delenv("MANTIS_DATABASE_URL", raising=False)
    return LedgerSettings(data_dir=tmp_path)


def test_a_key_is_made_rotated_lost_and_given_up(
    settings: LedgerSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    old = asyncio.run(_start_a_process(settings))
    assert command(settings.data_dir) == 0
    assert capsys.readouterr().out == f"{old}\nthe first one is in use\n"
    assert command(settings.data_dir, "new") == 0
    made, kept = capsys.readouterr().out, settings.keys_path.read_text()
    new = key_ids(Keyring([made.strip().encode()]))[0]
    settings.keys_path.write_text(made + kept)
    assert command(settings.data_dir) == 0
    assert capsys.readouterr().out.startswith(f"{new}\n{old}\n{old} is in use; ")
    settings.keys_path.write_text(made)
    assert command(settings.data_dir) == 1
    assert f"{old} is in use, and is not here" in capsys.readouterr().out
    assert command(settings.data_dir, "accept") == 0
    assert capsys.readouterr().out == f"{new}\nthe first one is in use\n"
    assert asyncio.run(_start_a_process(settings)) == new


def test_no_ledger_and_no_key_is_made_by_looking(
    settings: LedgerSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(settings.data_dir) == 1
    assert "there is no ledger" in capsys.readouterr().err
    assert list(settings.data_dir.iterdir()) == []


def test_a_malformed_key_is_told(
    settings: LedgerSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_start_a_process(settings))
    settings.keys_path.write_text("no-key")
    assert command(settings.data_dir) == 1
    assert "malformed" in capsys.readouterr().err
