"""`mantis serve` as a real process: its announcements, its token, and that nothing is left."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

MANTIS = [sys.executable, "-c", "import sys; from mantis_agent.cli import main; sys.exit(main())"]


class Serve:
    """One `mantis serve` and what it printed until it was ready."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*MANTIS, "serve", "--port", "0", "--data-dir", str(data_dir), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def until_ready(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("Temporal UI"):
                break
        ready = [line for line in self.lines if line.startswith("ready ")]
        assert len(ready) == 1, self.lines
        return ready[0].removeprefix("ready ")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def printed(self) -> str:
        rest = self.process.stdout.read() if self.process.stdout else ""
        return "\n".join(self.lines) + rest


@pytest.fixture
def serve() -> Iterator[Callable[..., Serve]]:
    started: list[Serve] = []

    def start(data_dir: Path, *arguments: str) -> Serve:
        started.append(Serve(data_dir, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(30)
        if one.process.stdout:
            one.process.stdout.close()


def gone(processes: list[psutil.Process], within_s: float = 20) -> bool:
    return not psutil.wait_procs(processes, timeout=within_s)[1]


def test_a_token_is_made_once_kept_private_and_needed(
    serve: Callable[..., Serve], tmp_path: Path
) -> None:
    first = serve(tmp_path)
    url = first.until_ready()
    token_file = tmp_path / "api_token"
    token = token_file.read_text()
    assert token_file.stat().st_mode & 0o777 == 0o600
    assert sum(token in line for line in first.lines) == 1
    assert sum(line.startswith("models      ") for line in first.lines) == 1
    health = httpx.get(f"{url}/v1/health")
    assert (health.status_code, health.json()["ok"]) == (200, True)
    unknown = f"{url}/v1/runs/20260101_000000_abcdefab"
    assert httpx.get(unknown).status_code == 401
    assert httpx.get(unknown, headers={"X-Mantis-Token": token}).status_code == 404
    family = first.family()
    assert len(family) >= 4
    assert first.stop() == 0
    assert gone(family, 5)

    again = serve(tmp_path)
    again.until_ready()
    assert token_file.read_text() == token
    assert not any(token in line for line in again.lines)
    assert again.stop(signal.SIGINT) == 0


def test_a_second_instance_needs_a_folder_of_its_own_and_runs_beside_the_first(
    serve: Callable[..., Serve], tmp_path: Path
) -> None:
    first = serve(tmp_path / "one")
    first_url = first.until_ready()
    refused = serve(tmp_path / "one")
    assert refused.process.wait(60) == 1
    assert re.search(r"another mantis serve uses the data folder .*--data-dir", refused.printed())
    second = serve(tmp_path / "two")
    second_url = second.until_ready()
    assert second_url != first_url
    assert httpx.get(f"{second_url}/v1/health").status_code == 200
    assert first.stop() == 0
    assert httpx.get(f"{second_url}/v1/health").status_code == 200
    assert second.stop() == 0


def test_a_taken_port_is_told_with_the_way_out(serve: Callable[..., Serve], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = serve(tmp_path, "--port", str(taken.getsockname()[1]))
        assert refused.process.wait(60) == 1
    assert "--port 0" in refused.printed()


def test_a_killed_serve_leaves_no_process_behind(
    serve: Callable[..., Serve], tmp_path: Path
) -> None:
    one = serve(tmp_path)
    one.until_ready()
    family = one.family()
    one.process.kill()
    one.process.wait(10)
    assert gone(family)


def test_a_killed_worker_is_started_again(serve: Callable[..., Serve], tmp_path: Path) -> None:
    one = serve(tmp_path)
    one.until_ready()
    (worker,) = browser_workers(one)
    worker.kill()
    deadline = time.monotonic() + 60
    while not [other for other in browser_workers(one) if other.pid != worker.pid]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert one.stop() == 0


def browser_workers(serving: Serve) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for child in serving.family():
        try:
            if "browsers" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found
