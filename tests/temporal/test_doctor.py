"""`mantis doctor`: each look on a machine that has the thing and on one that has not."""

import argparse
import json
import os
import sqlite3
import stat
import uuid
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration
from pydantic import SecretStr
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from inference.settings import ModelSettings
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from ledger.vault import Keyring, new_key
from temporal.doctor import machine, models, parts
from temporal.doctor.command import doctor
from temporal.doctor.finding import Finding, State
from temporal.doctor.keys import keys
from temporal.doctor.namespace import namespace
from temporal.key_check import check_keys
from temporal.settings import StackSettings, TemporalSettings
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Says, broken


def states(findings: object) -> dict[str, State]:
    found = findings if not isinstance(findings, Finding) else [findings]
    return {one.name: one.state for one in found}  # pyright: ignore[reportGeneralTypeIssues]


@pytest.mark.browser
async def test_chromium_is_really_started(tmp_path: Path) -> None:
    found = await parts.chromium(None)
    assert (found.state, "starts" in found.detail) == (State.OK, True)
    false = tmp_path / "chromium"
    false.write_text("#!/bin/sh\necho 'libnss3.so: cannot open shared object file' >&2\nexit 127\n")
    false.chmod(false.stat().st_mode | stat.S_IXUSR)
    broken = await parts.chromium(false)
    assert broken.state is State.MISSING
    assert "libnss3.so" in broken.detail
    none = await parts.chromium(tmp_path / "none")
    assert (none.state, "MANTIS_CHROME_PATH" in none.way_out) == (State.MISSING, True)


async def test_temporal_embedded_reached_and_away(temporal_address: str, nowhere: str) -> None:
    assert (await parts.temporal(TemporalSettings())).detail.startswith("embedded: temporal")
    reached = await parts.temporal(TemporalSettings(address=temporal_address))
    assert (reached.state, temporal_address in reached.detail) == (State.OK, True)
    away = await parts.temporal(TemporalSettings(address=nowhere))
    assert (away.state, "TEMPORAL_ADDRESS" in away.way_out) == (State.MISSING, True)


@pytest.fixture
def nowhere() -> str:
    with machine.socket.create_server(("127.0.0.1", 0)) as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"


async def test_the_ledger_is_looked_at_and_left_alone(tmp_path: Path) -> None:
    settings = LedgerSettings(data_dir=tmp_path, database_url="")
    assert "made at the first start" in (await parts.ledger(settings)).detail
    assert os.listdir(tmp_path) == []
    ledger = await Ledger.open(settings.url)
    await ledger.close()
    assert "the newest" in (await parts.ledger(settings)).detail
    file = tmp_path / "ledger.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    older = await parts.ledger(settings)
    assert (older.state, "at the next start" in older.detail) == (State.OK, True)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    newer = await parts.ledger(settings)
    assert (newer.state, "newer Mantis" in newer.detail) == (State.MISSING, True)
    file.write_bytes(b"no database at all" * 100)
    assert (await parts.ledger(settings)).state is State.MISSING


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgresql+asyncpg://user:hunter2@{nowhere}/mantis",
        "postgresql+nodriver://user:hunter2@{nowhere}/mantis",
        "nodialect://user:hunter2@{nowhere}/mantis",
    ],
)
async def test_a_database_that_is_not_there_shows_no_password(url: str, nowhere: str) -> None:
    found = await parts.ledger(LedgerSettings(database_url=url.format(nowhere=nowhere)))
    assert found.state is State.MISSING
    assert "MANTIS_DATABASE_URL" in found.detail + found.way_out or "postgresql" in found.way_out
    assert "hunter2" not in found.model_dump_json()


def test_who_may_call(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"

    def look() -> Finding:
        return parts.authentication(StackSettings(tenant_keys_path=str(keys), api_token=""))

    assert look().state is State.MISSING
    for content in ("{", "[]", '{"tenant_keys": {}}', '{"tenant_keys": 3}'):
        keys.write_text(content)
        assert look().state is State.MISSING
    keys.write_text('{"tenant_keys": {"a-secret": {"tenant_id": "a"}}}')
    assert look().state is State.OK
    assert "a-secret" not in look().model_dump_json()
    alone = StackSettings(tenant_keys_path="", api_token="a-secret", data_dir=tmp_path)
    assert "a-secret" not in parts.authentication(alone).model_dump_json()


def test_a_key_of_claude_is_no_need_and_is_not_shown(tmp_path: Path) -> None:
    assert models.claude(ModelSettings(anthropic_api_key=SecretStr(""))).state is State.HINT
    found = models.claude(ModelSettings(anthropic_api_key=SecretStr("sk-1")))
    assert found.state is State.OK
    assert "sk-1" not in found.model_dump_json()
    (tmp_path / "anthropic_api_key").write_text("sk-2")
    assert models.claude(ModelSettings(secrets_dir=str(tmp_path))).state is State.OK
    away = ModelSettings(prices_path=str(tmp_path / "none.json"))
    assert models.claude(away).state is State.MISSING


def test_each_tenant_is_told_of_that_has_no_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    entries = {
        "t1": {"tenant_id": "acme", "anthropic_secret_name": "acme_key"},
        "t2": {"tenant_id": "late", "anthropic_secret_name": "late_key"},
        "t3": {"tenant_id": "acme", "anthropic_secret_name": "acme_key", "scopes": ["status"]},
    }
    keys.write_text(json.dumps({"tenant_keys": entries}))
    settings = ModelSettings(secrets_dir=str(tmp_path), anthropic_api_key=SecretStr("sk-1"))
    none = models.claude(settings, str(keys))
    assert (none.state, "no key" in none.detail) == (State.HINT, True)
    (tmp_path / "acme_key").write_text("sk-2")
    some = models.claude(settings, str(keys))
    assert some.state is State.HINT
    assert some.detail == "there is a key for the tenant acme, none for the tenant late"
    (tmp_path / "late_key").write_text("sk-3")
    both = models.claude(settings, str(keys))
    assert (both.state, both.detail) == (State.OK, "there is a key for the tenants acme, late")
    assert "sk-" not in both.model_dump_json()
    keys.write_text("{")
    assert models.claude(settings, str(keys)).state is State.HINT


async def test_holo3_is_really_asked(nowhere: str) -> None:
    assert (await models.holo3(ModelSettings(holo3_url=""))).state is State.HINT
    with SGLang(lambda _: Says("Red")) as pool:
        found = await models.holo3(ModelSettings(holo3_url=f"{pool.url}/v1"))
        assert (found.state, "Red" in found.detail) == (State.OK, True)
        pool.then(broken())
        found = await models.holo3(ModelSettings(holo3_url=f"{pool.url}/v1"))
        assert (found.state, "500" in found.detail) == (State.HINT, True)
    away = await models.holo3(ModelSettings(holo3_url=f"http://{nowhere}/v1"))
    assert (away.state, bool(away.way_out)) == (State.HINT, True)


def test_folders(tmp_path: Path) -> None:
    assert set(states(machine.data_folder(tmp_path)).values()) == {State.OK}
    assert states(machine.data_folder(tmp_path / "a" / "b"))["data folder"] is State.OK
    assert not (tmp_path / "a").exists()
    file = tmp_path / "file"
    file.write_text("")
    assert states(machine.data_folder(file)) == {"data folder": State.MISSING}
    assert states(machine.data_folder(Path("/proc/nothing")))["data folder"] is State.MISSING
    assert "sockets" not in states(machine.temporary_folder(tmp_path))
    assert states(machine.temporary_folder(tmp_path / ("x" * 90)))["sockets"] is State.MISSING


def test_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Usage:
        free = 50 * 2**20

    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage)
    assert states(machine.data_folder(tmp_path))["disk"] is State.MISSING
    assert machine.shared_memory().state is State.HINT
    Usage.free = 600 * 2**20
    assert states(machine.data_folder(tmp_path))["disk"] is State.HINT
    assert machine.shared_memory().state is State.OK


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, state in ((256, State.MISSING), (1024, State.HINT), (9999, State.OK)):
        monkeypatch.setattr(machine.resource, "getrlimit", lambda _, soft=soft: (soft, 9999))
        assert states(machine.limits())["open files"] is state


def test_programs_and_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert machine.ffmpeg().state is State.OK
    assert machine.fonts().state is State.OK
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.ffmpeg().state is State.HINT
    monkeypatch.setattr(machine, "_FONT_FOLDERS", (str(tmp_path),))
    assert machine.fonts().state is State.HINT
    assert machine.run_program(["/bin/false"]) == ""
    assert machine.run_program([str(tmp_path / "none")]) == ""


def test_a_taken_port_is_a_hint() -> None:
    with machine.socket.create_server(("127.0.0.1", 0)) as taken:
        assert machine.api_port(taken.getsockname()[1]).state is State.HINT


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    doctor(parser)
    parsed = parser.parse_args(list(words))
    return parsed.handler(parsed)


@pytest.mark.browser
def test_the_command_is_a_table_json_and_a_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MANTIS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MANTIS_API_TOKEN", "a-secret")
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    assert run() == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == "fit for runs"
    assert "a-secret" not in shown
    monkeypatch.setenv("MANTIS_CHROME_PATH", str(tmp_path / "none"))
    assert run("--json") == 1
    document = json.loads(capsys.readouterr().out)
    states = {one["name"]: one["state"] for one in document["findings"]}
    assert (document["ok"], states["chromium"]) == (False, "missing")
    assert list(tmp_path.iterdir()) == []


def test_a_setting_of_the_wrong_kind_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MANTIS_LEASE_TTL_S", "soon")
    assert run() == 1
    assert "MANTIS_LEASE_TTL_S" in capsys.readouterr().out


async def test_keys_are_looked_at_and_none_are_made(tmp_path: Path) -> None:
    def settings(*given: bytes) -> LedgerSettings:
        joined = b",".join(given).decode()
        return LedgerSettings(data_dir=tmp_path, database_url="", encryption_keys=SecretStr(joined))

    old, new = new_key(), new_key()
    assert (await keys(settings())).state is State.OK
    assert os.listdir(tmp_path) == []
    assert (await keys(settings(b"short"))).state is State.MISSING
    ledger = await Ledger.open(settings().url)
    assert (await keys(settings(old))).state is State.OK
    await check_keys(ledger, Keyring([old]))
    await ledger.close()
    rotated = await keys(settings(new, old))
    assert (rotated.state, "in use until" in rotated.detail) == (State.OK, True)
    strange = await keys(settings(new))
    assert (strange.state, "mantis keys accept" in strange.way_out) == (State.MISSING, True)
    for found in (rotated, strange):
        assert not {old.decode(), new.decode()} & set(found.model_dump_json().split())


async def test_the_namespace_is_looked_at(
    temporal_client: Client, temporal_address: str, nowhere: str, tmp_path: Path
) -> None:
    settings = TemporalSettings(address=temporal_address)
    short = await namespace(settings, tmp_path)
    assert states(short) == {"search": State.OK, "retention": State.HINT}
    assert "--retention 168h" in short[1].way_out
    name = f"bare-{uuid.uuid4()}"
    await temporal_client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=name, workflow_execution_retention_period=Duration(seconds=7 * 24 * 3600)
        )
    )
    bare = await namespace(settings.model_copy(update={"namespace": name}), tmp_path)
    assert states(bare) == {"search": State.HINT, "retention": State.OK}
    assert "temporal operator search-attribute create" in bare[0].way_out


async def test_the_namespace_of_an_embedded_server_is_looked_at_while_it_runs(
    temporal_address: str, nowhere: str, tmp_path: Path
) -> None:
    assert await namespace(TemporalSettings(), tmp_path) == ()
    for address, count in ((temporal_address, 2), (nowhere, 0)):
        (tmp_path / "temporal.ports").write_text(f"{address.partition(':')[2]} 1 2")
        assert len(await namespace(TemporalSettings(), tmp_path)) == count
