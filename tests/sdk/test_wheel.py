"""The distribution builds and installs alone: httpx and nothing of the service."""

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from mantis_agent import __version__

ROOT = Path(__file__).resolve().parents[2]
USE = """
import sys
import mantis_agent, mantis_agent.cli
from mantis_agent.client import MantisClient
client = MantisClient("http://127.0.0.1:1", mantis_token="x")
client.close()
known = {"pydantic", "fastapi", "temporalio", "rich", "plans", "temporal", "api"}
strangers = known & set(sys.modules)
assert not strangers, strangers
print(mantis_agent.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build(ROOT / "sdk", folder)
    (built,) = folder.glob("*.whl")
    return built


def build(project: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)


def test_what_is_in_it(wheel: Path) -> None:
    assert wheel.name == f"mantis_agent-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = f"mantis_agent-{__version__}.dist-info"
        metadata = archive.read(f"{about}/METADATA").decode()
        scripts = archive.read(f"{about}/entry_points.txt").decode()
    assert {name.partition("/")[0] for name in names} == {"mantis_agent", about}
    assert {"mantis_agent/py.typed", f"{about}/licenses/LICENSE"} <= set(names)
    needs = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert needs == ["Requires-Dist: httpx>=0.27"]
    assert "License-Expression: Apache-2.0" in metadata
    assert "mantis = mantis_agent.cli:main" in scripts


@pytest.mark.timeout(120)
def test_it_installs_and_works_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, cwd=tmp_path)
    (packages,) = place.glob("lib/*/site-packages")
    for module in ("httpx", "httpcore", "h11", "anyio", "certifi", "idna", "sniffio"):
        source = Path(httpx.__file__).parents[1] / module
        if source.exists():
            (packages / module).symlink_to(source)
    typing = Path(httpx.__file__).parents[1] / "typing_extensions.py"
    (packages / typing.name).symlink_to(typing)
    done = subprocess.run(
        [str(python), "-I", "-c", USE], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(packages))
    told = subprocess.run(
        [str(place / "bin" / "mantis"), "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout == f"mantis-agent {__version__}\n"


def test_the_service_does_not_carry_the_client(tmp_path: Path) -> None:
    build(ROOT, tmp_path)
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
    assert not [name for name in names if "mantis_agent" in name]
    assert "temporal/commands.py" in names
