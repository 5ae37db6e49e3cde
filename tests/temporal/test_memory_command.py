"""`mantis memory`, on a ledger that other processes may have open."""

import argparse
import asyncio
import json
from pathlib import Path

import pytest

from inference.decisions import ActKind
from inference.memory.fields import FIELDS, READ
from ledger.ledger import Ledger
from ledger.models import Locator, LocatorFilter, LocatorPlace, NewLocator
from temporal.memory_command import LONGEST_LINE, memory

FINGERPRINT = {"tag": "button", "role": "button", "name": "save the [red]boat"}


def command(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    memory(parser)
    try:
        arguments = parser.parse_args(["--data-dir", str(folder), *words])
    except SystemExit as ended:
        return int(str(ended.code))
    return int(arguments.handler(arguments))


async def _with_ledger(folder: Path, *, fill: bool = False) -> tuple[Locator, ...]:
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{folder}/ledger.db")
    try:
        if fill:
            for tenant, site in (
                ("acme", "a.example"),
                ("acme", "b.example"),
                ("other", "a.example"),
            ):
                place = LocatorPlace(
                    tenant_id=tenant, site=site, page="/x", intent="save {{it}}", step_type="click"
                )
                new = NewLocator(place=place, skeleton="s", act="click", fingerprint=FINGERPRINT)
                learned = await ledger.locators.learn(new, 30)
            await ledger.locators.won("other", learned.locator_id)
        return await ledger.locators.page(LocatorFilter())
    finally:
        await ledger.close()


def kept(folder: Path) -> tuple[Locator, ...]:
    return asyncio.run(_with_ledger(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asyncio.run(_with_ledger(tmp_path, fill=True))
    return tmp_path


def test_it_lists_what_the_filters_name(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert command(folder) == 0
    shown = capsys.readouterr().out
    assert shown.count("save {{it}}") == 3 and "[red]boat" in shown
    assert command(folder, "list", "--tenant", "acme", "--site", "www.B.example") == 0
    assert capsys.readouterr().out.count("save {{it}}") == 1
    assert command(folder, "list", "--standing", "trusted") == 0
    assert capsys.readouterr().out.count("save {{it}}") == 1
    assert command(folder, "list", "--older-than", "1") == 0
    assert "nothing is remembered" in capsys.readouterr().out


def test_what_is_exported_comes_in_again_as_new(folder: Path, tmp_path: Path):
    file = tmp_path / "memory.jsonl"
    before = kept(folder)
    assert command(folder, "export", str(file)) == 0
    assert command(folder, "purge", "--yes") == 0
    assert kept(folder) == ()
    assert command(folder, "import", str(file)) == 0
    after = kept(folder)
    assert [one.locator_id for one in after] == [one.locator_id for one in before]
    assert {one.standing for one in after} == {"new"}
    assert command(folder, "import", "--keep-standing", str(file)) == 0
    assert kept(folder) == before


@pytest.mark.parametrize("act", [*(kind.value for kind in ActKind), READ])
def test_all_kinds_that_are_learned_come_in_again(tmp_path: Path, act: str):
    file = tmp_path / "memory.jsonl"
    kept_fields = {"tag": "", "role": FIELDS, "fields": [
        {"field": "year", "source": "pairs", "path": "dl>dt", "label": "year"}]}  # fmt: skip
    new = _line(act=act, fingerprint=kept_fields if act == READ else FINGERPRINT,
                step_type="extract_data" if act == READ else "click")  # fmt: skip
    asyncio.run(_with_ledger(tmp_path))
    file.write_text(HEAD + new, encoding="utf-8")
    assert command(tmp_path, "import", str(file)) == 0
    assert command(tmp_path, "export", str(file)) == 0
    assert command(tmp_path, "purge", "--yes") == 0
    assert command(tmp_path, "import", str(file)) == 0
    assert [one.act for one in kept(tmp_path)] == [act]


@pytest.mark.parametrize("keep", [(), ("--keep-standing",)])
def test_what_led_astray_here_stays_out_of_use(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], keep: tuple[str, ...]
):
    file = tmp_path / "memory.jsonl"
    assert command(folder, "export", str(file)) == 0
    lost = kept(folder)[0]
    asyncio.run(_lose(folder, lost))
    assert command(folder, "import", *keep, str(file)) == 0
    assert "2 taken in; 1 led astray here" in capsys.readouterr().out
    assert kept(folder)[0].standing == "quarantined"


async def _lose(folder: Path, one: Locator) -> None:
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{folder}/ledger.db")
    try:
        await ledger.locators.lost(one.tenant_id, one.locator_id)
    finally:
        await ledger.close()


def test_it_comes_in_for_another_tenant(folder: Path, tmp_path: Path):
    file = tmp_path / "memory.jsonl"
    assert command(folder, "export", "--tenant", "other", str(file)) == 0
    assert command(folder, "import", "--tenant", "third", str(file)) == 0
    assert sum(one.tenant_id == "third" for one in kept(folder)) == 1


def _line(**changes: object) -> str:
    row = {
        "tenant_id": "acme", "locator_id": "x", "site": "s", "page": "/", "skeleton": "k",
        "intent": "i", "step_type": "click", "act": "click", "fingerprint": FINGERPRINT,
        "standing": "trusted", "wins": 2, "losses": 0, "created_at": 1, "used_at": 2,
        "won_at": None,
    }  # fmt: skip
    return json.dumps(row | changes) + "\n"


HEAD = '{"format": "mantis-memory", "version": 1}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no export"),
        ("[[[[", "no export"),
        ('{"format": "mantis-memory", "version": 2}\n', "version 2"),
        ('{"format": "other", "version": 1}\n', "other of version 1"),
        (HEAD + "{}\n", "line 2: tenant_id"),
        (HEAD + _line() + "nonsense\n", "line 3"),
        (HEAD + _line(act="explode"), "line 2"),
        (HEAD + _line(step_type="sudo"), "line 2"),
        (HEAD + _line(fingerprint={"selector": "body"}), "line 2"),
        (HEAD + _line(standing="holy"), "line 2: standing"),
        (HEAD + _line(wins=-1), "line 2: wins"),
        (HEAD + _line(extra=1), "line 2: extra"),
        (HEAD + _line()[:-40], "cut off"),
        (HEAD + _line(intent="x" * LONGEST_LINE), "too long"),
        (HEAD + "[" * 50_000 + "\n", "line 2"),
    ],
)
def test_what_is_not_right_is_refused_whole(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
):
    file = tmp_path / "bad.jsonl"
    file.write_text(text, encoding="utf-8")
    before = kept(folder)
    assert command(folder, "import", str(file)) == 1
    told = capsys.readouterr().err
    assert says in told and "nothing was changed" in told
    assert kept(folder) == before


def test_what_is_no_text_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "bad.jsonl"
    for content in (b"\xff\xfe\x00\x01", HEAD.encode() + b"\xff\xfe\n"):
        file.write_bytes(content)
        assert command(folder, "import", str(file)) == 1
        assert "nothing was changed" in capsys.readouterr().err
    assert command(folder, "import", str(tmp_path / "missing")) == 1
    assert "can't read" in capsys.readouterr().err


def test_times_of_the_future_are_brought_to_now(folder: Path, tmp_path: Path):
    file = tmp_path / "memory.jsonl"
    file.write_text(HEAD + _line(used_at=10**17, created_at=10**17), encoding="utf-8")
    assert command(folder, "import", str(file)) == 0
    assert all(one.used_at < 10**16 for one in kept(folder))


def test_purging_asks_first(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert command(folder, "purge", "--tenant", "acme") == 1
    assert "2 would be deleted" in capsys.readouterr().err
    assert len(kept(folder)) == 3
    assert command(folder, "purge", "--tenant", "acme", "--yes") == 0
    assert [one.tenant_id for one in kept(folder)] == ["other"]


def test_wrong_words_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert command(tmp_path, "list") == 1
    assert "there is no ledger" in capsys.readouterr().err
    for words in (["--older-than", "nan"], ["--older-than", "soon"], ["--standing", "good"]):
        assert command(tmp_path, "list", *words) == 2
