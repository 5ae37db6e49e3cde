import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from ledger.ledger import Ledger
from ledger.models import Limits, NewRun
from plans.step import Perception

MakeRun = Callable[..., NewRun]


def _new_run(
    run_id: str = "20260101_000000_0000abcd", tenant_id: str = "acme", created_at: int = 1_000_000
) -> NewRun:
    return NewRun(
        tenant_id=tenant_id,
        run_id=run_id,
        plan=[{"intent": "Go to https://example.com", "type": "navigate"}],
        plan_name="example",
        payload={"detached": True, "micro": None},
        signature="ab" * 32,
        state_key="abababababab",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=25_000_000, max_time_ms=3_600_000, max_run_steps=20_000),
        created_at=created_at,
    )


@pytest.fixture
def new_run() -> MakeRun:
    return _new_run


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    if shutil.which("postgres") is None or shutil.which("initdb") is None:
        pytest.skip("no postgres binary here, so the ledger is tested on SQLite only")
    folder = Path(tempfile.mkdtemp(prefix="mantis-pg-"))
    prefix: list[str] = []
    if getpass.getuser() == "root":
        prefix = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
    data, port = folder / "data", _free_port()
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    options = ["-U", "mantis", "--auth=trust", "-E", "UTF8", "-N"]
    subprocess.run(
        [*prefix, "initdb", "-D", str(data), *options],
        check=True,
        capture_output=True,
        cwd=folder,
        env=environment,
    )
    settings = [
        "-h",
        "127.0.0.1",
        "-k",
        str(folder),
        "-c",
        "fsync=off",
        "-c",
        "max_connections=200",
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*prefix, "postgres", "-D", str(data), "-p", str(port), *settings],
            stdout=log,
            stderr=log,
            cwd=folder,
            env=environment,
        )
    try:
        _wait_for_port(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(folder)


def _wait_for_port(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("postgres did not start")


async def _new_database(port: int) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            admin = await asyncpg.connect(f"postgresql://mantis@127.0.0.1:{port}/postgres")
            break
        except asyncpg.CannotConnectNowError:
            assert time.monotonic() < deadline
    name = f"ledger_{uuid4().hex}"
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    return f"postgresql+asyncpg://mantis@127.0.0.1:{port}/{name}"


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/deep/ledger.db"
    return await _new_database(request.getfixturevalue("postgres_port"))


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(url)
    yield opened
    await opened.close()
