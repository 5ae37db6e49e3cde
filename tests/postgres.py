"""A Postgres server of our own, made by initdb and gone afterwards."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg


def has_postgres() -> bool:
    return shutil.which("postgres") is not None and shutil.which("initdb") is not None


@contextmanager
def postgres_server() -> Iterator[int]:
    """The port of a new server on the loopback address."""
    folder = Path(tempfile.mkdtemp(prefix="mantis-pg-"))
    prefix: list[str] = []
    if getpass.getuser() == "root":
        prefix = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
    data, port = folder / "data", _free_port()
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [*prefix, "initdb", "-D", str(data), "-U", "mantis", "--auth=trust", "-E", "UTF8", "-N"],
        check=True,
        capture_output=True,
        cwd=folder,
        env=environment,
    )
    where = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
    settings = ["-c", "fsync=off", "-c", "max_connections=200"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*prefix, "postgres", *where, *settings],
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


async def new_database(port: int) -> str:
    """SQLAlchemy URL of an empty database."""
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_port(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("postgres did not start")
