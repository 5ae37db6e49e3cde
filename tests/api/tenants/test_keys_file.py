"""The keys file while it changes: replaced, half written, gone, back."""

import json
import logging
import os
from pathlib import Path

import pytest

from api.tenants import KeysFile

GOOD = {"tenant_keys": {"tok-1": {"tenant_id": "acme"}}}
OTHER = {"tenant_keys": {"tok-2": {"tenant_id": "acme"}}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


def test_a_change_is_taken_over(path: Path, caplog: pytest.LogCaptureFixture):
    path.write_text(json.dumps(GOOD))
    keys = KeysFile(path)
    assert keys.find("tok-1") is None
    keys.look()
    assert keys.health == "ok" and keys.find("tok-1")
    replace(path, json.dumps(OTHER))
    with caplog.at_level(logging.INFO, "mantis.tenants"):
        keys.look()
        keys.look()
    assert keys.find("tok-1") is None and keys.find("tok-2")
    assert [record.getMessage() for record in caplog.records] == [
        "tenant keys read: 1 tokens of 1 tenants"
    ]


def test_a_change_in_place_of_the_same_size_and_time_is_seen(path: Path):
    path.write_text(json.dumps(GOOD))
    keys = KeysFile(path)
    keys.look()
    before = path.stat()
    path.write_text(json.dumps(OTHER))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    keys.look()
    assert keys.find("tok-2")


@pytest.mark.parametrize("broken", ["", "{", '{"tenant_keys": {"tok-9": {"tenant_id": "', "null"])
def test_a_file_that_turns_invalid_keeps_the_last_good_one(
    path: Path, broken: str, caplog: pytest.LogCaptureFixture
):
    path.write_text(json.dumps(GOOD))
    keys = KeysFile(path)
    keys.look()
    path.write_text(broken)
    for _ in range(3):
        keys.look()
    assert keys.find("tok-1")
    assert keys.health == "the tenant keys file is not valid: the last good one is in force"
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "tok-" not in caplog.text
    path.write_text(json.dumps(GOOD))
    keys.look()
    assert keys.health == "ok" and keys.find("tok-1")


def test_a_file_that_goes_and_comes_back(path: Path):
    path.write_text(json.dumps(GOOD))
    keys = KeysFile(path)
    keys.look()
    path.unlink()
    keys.look()
    assert keys.find("tok-1") and "last good one" in keys.health
    path.write_text(json.dumps(GOOD))
    keys.look()
    assert keys.health == "ok"


def test_a_file_that_never_was_valid_lets_nobody_in(path: Path):
    keys = KeysFile(path)
    keys.look()
    assert keys.configured
    assert keys.health == "the tenant keys file is not valid: nobody gets in"
    assert keys.find("tok-1") is None and keys.find("") is None
    path.write_text(json.dumps(GOOD))
    keys.look()
    assert keys.find("tok-1")


def test_what_is_no_file_is_never_waited_for(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for odd in (pipe, tmp_path, Path("/dev/zero")):
        keys = KeysFile(odd)
        keys.look()
        assert "nobody gets in" in keys.health


def test_a_mounted_folder_that_is_swapped(tmp_path: Path):
    for name, body in (("one", GOOD), ("two", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "keys.json").write_text(json.dumps(body))
    (tmp_path / "now").symlink_to("one")
    keys = KeysFile(tmp_path / "now" / "keys.json")
    keys.look()
    assert keys.find("tok-1")
    (tmp_path / "next").symlink_to("two")
    os.replace(tmp_path / "next", tmp_path / "now")
    keys.look()
    assert keys.find("tok-2") and not keys.find("tok-1")
