"""The service that a whole module of tests hurts, one after another."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.service import Service


@pytest.fixture
def runtime_dir() -> Iterator[Path]:
    """A short path, since sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="mc-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service of two sessions; at the end it exits properly and nothing is left."""
    data_dir = tmp_path_factory.mktemp("chaos") / "data"
    with tempfile.TemporaryDirectory(prefix="mc-") as folder:
        service = Service(data_dir, Path(folder), MANTIS_MAX_SESSIONS="2")
        try:
            service.start()
            yield service
            assert service.stop() == 0
            assert not service.processes()
            service.until_nothing_left(1)
        finally:
            service.end()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A data folder on a small disk of its own; skips where mounting isn't permitted."""
    folder = tmp_path / "data"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a disk of a small size can't be mounted here: run the tests as root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
