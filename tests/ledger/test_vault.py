"""The keyring: rotation, keys that are gone, and a key file that eight processes make at once."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from ledger.errors import SecretUnreadable
from ledger.settings import LedgerSettings
from ledger.vault import Keyring, new_key

SECRET = b'"hunter2"'


def _settings(folder: Path, keys: str = "") -> LedgerSettings:
    return LedgerSettings(data_dir=folder, encryption_keys=SecretStr(keys))


def test_what_was_encrypted_comes_back_and_shows_nothing() -> None:
    ring = Keyring([new_key()])
    cipher = ring.encrypt(SECRET)
    assert b"hunter2" not in cipher
    assert ring.decrypt(cipher) == SECRET
    assert ring.encrypt(SECRET) != cipher


def test_a_new_key_in_front_opens_what_the_old_one_closed() -> None:
    old, new = new_key(), new_key()
    cipher = Keyring([old]).encrypt(SECRET)
    rotated = Keyring([new, old])
    assert rotated.decrypt(cipher) == SECRET
    fresh = rotated.encrypt(SECRET)
    assert Keyring([new]).decrypt(fresh) == SECRET
    with pytest.raises(SecretUnreadable):
        Keyring([old]).decrypt(fresh)


def test_a_key_that_is_marked_decrypts_and_does_nothing_else() -> None:
    old, new = new_key(), new_key()
    for marked in (Keyring([b"~" + new, old]), Keyring([old, b"~" + new])):
        assert Keyring([old]).decrypt(marked.encrypt(SECRET)) == SECRET
        assert marked.decrypt(Keyring([new]).encrypt(SECRET)) == SECRET
        assert marked.fingerprint(b"{}") == Keyring([old]).fingerprint(b"{}")
        assert [key.key_id for key in marked.derive("x")] == [
            Keyring([one]).derive("x")[0].key_id for one in (old, new)
        ]
    with pytest.raises(SecretUnreadable, match="marked"):
        Keyring([b"~" + new])


def test_a_key_that_is_gone_is_told_with_what_to_do() -> None:
    cipher = Keyring([new_key()]).encrypt(SECRET)
    with pytest.raises(SecretUnreadable, match="MANTIS_ENCRYPTION_KEYS"):
        Keyring([new_key()]).decrypt(cipher)


@pytest.mark.parametrize("damage", [b"", b"x", b"gAAAAA", None])
def test_a_damaged_ciphertext_is_no_other_error(damage: bytes | None) -> None:
    ring = Keyring([new_key()])
    cipher = ring.encrypt(SECRET)
    with pytest.raises(SecretUnreadable):
        ring.decrypt(cipher[:-3] + b"AAA" if damage is None else damage)


def test_the_fingerprint_outlives_a_rotation_and_differs_by_ring() -> None:
    old, new = new_key(), new_key()
    before = Keyring([old]).fingerprint(b"{}")
    assert Keyring([new, old]).fingerprint(b"{}") == before
    assert Keyring([old]).fingerprint(b"[]") != before
    assert Keyring([new]).fingerprint(b"{}") != before
    assert len(before) == 64


def test_keys_come_from_the_environment_first(tmp_path: Path) -> None:
    old, new = new_key().decode(), new_key().decode()
    ring = Keyring.load(_settings(tmp_path, f" {new}, {old}\n"))
    assert ring.decrypt(Keyring([old.encode()]).encrypt(SECRET)) == SECRET
    assert not (tmp_path / "keys").exists()
    assert "SecretStr" in repr(_settings(tmp_path, new))
    assert new not in repr(_settings(tmp_path, new))


def test_the_key_file_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    first = Keyring.load(_settings(tmp_path))
    path = _settings(tmp_path).keys_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert Keyring.load(_settings(tmp_path)).decrypt(first.encrypt(SECRET)) == SECRET
    assert [found.name for found in path.parent.iterdir()] == ["encryption.keys"]


@pytest.mark.parametrize("text", ["", "\n", "not a key", "AAAA", "é" * 44, "A" * 43])
def test_a_malformed_key_file_is_told_and_never_replaced(tmp_path: Path, text: str) -> None:
    path = _settings(tmp_path).keys_path
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SecretUnreadable):
        Keyring.load(_settings(tmp_path))
    assert path.read_text(encoding="utf-8") == text


def test_malformed_keys_of_the_environment_are_told_without_showing_them(tmp_path: Path) -> None:
    with pytest.raises(SecretUnreadable) as told:
        Keyring.load(_settings(tmp_path, "my-secret-key"))
    assert "my-secret-key" not in str(told.value)


_OPEN = """
import sys
from pathlib import Path
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
sys.stdin.readline()
print(Keyring.load(LedgerSettings(data_dir=Path(sys.argv[1]))).fingerprint(b"x"))
"""


def test_eight_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _OPEN, str(tmp_path)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].strip() for process in started]
    assert len(set(told)) == 1 and told[0]
    assert json.dumps(sorted(p.name for p in (tmp_path / "keys").iterdir())) == (
        '["encryption.keys"]'
    )
