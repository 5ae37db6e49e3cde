"""`mantis serve` itself ended or killed, and its disk full, while a run goes on."""

import sqlite3
import time
from pathlib import Path

import pytest

from tests.chaos.plans import reading, waiting
from tests.chaos.service import TERMINAL, Service, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(420)]


def test_runs_go_on_where_they_were_after_a_drain_and_after_a_kill(
    tmp_path: Path, runtime_dir: Path
) -> None:
    service = Service(tmp_path / "data", runtime_dir, MANTIS_MAX_SESSIONS="1")
    try:
        service.start()
        drained = service.submit(reading(4))
        waiting_run = service.submit(reading())
        service.until_step(drained, 3)
        asked = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - asked < 30
        assert (service.processes(), service.left()) == ([], [])

        service.start()
        assert ended(service, drained) == ("succeeded", None, 1)
        assert ended(service, waiting_run) == ("succeeded", None, 1)

        killed = service.submit(reading(3))
        service.until_step(killed, 3)
        service.kill()
        service.start()
        assert ended(service, killed) == ("succeeded", None, 1)
        service.until_nothing_left(40)
        assert service.stop() == 0
        assert (service.processes(), service.left()) == ([], [])
    finally:
        service.end()


def ended(service: Service, run_id: str) -> tuple[object, object, int]:
    result = service.until_over(run_id)
    return result["status"], result.get("halt_class"), len(result["result"]["rows"])


def test_a_full_disk_refuses_submissions_and_ends_or_delays_runs(
    small_disk: Path, runtime_dir: Path
) -> None:
    service = Service(small_disk, runtime_dir)
    ballast = small_disk / "ballast"
    try:
        service.start()
        run_id = service.submit(waiting(60))
        service.until_step(run_id, 2)
        fill(ballast)
        refused = service.post(waiting(1))
        assert refused.status_code == 503
        assert set(refused.json()) == {"detail"}
        assert "Traceback" not in refused.text
        wait_for(lambda: grown(ballast) and not service.processes("chromium"), "the end", 60)
        assert service.status(run_id)["status"] == "running"

        ballast.unlink()
        assert service.until_over(run_id)["status"] in TERMINAL
        after = service.submit(waiting(1))
        assert service.until_over(after)["status"] == "succeeded"
        assert service.stop() == 0
        for database in ("ledger.db", "temporal.db"):
            connection = sqlite3.connect(small_disk / database)
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
            connection.close()
    finally:
        service.end()


def grown(path: Path) -> bool:
    """Fill what has become free; always true, to go on with."""
    fill(path)
    return True


def fill(path: Path) -> None:
    """Write until there is no byte left on its disk."""
    for size in (65536, 512):
        try:
            with path.open("ab", buffering=0) as ballast:
                while True:
                    ballast.write(b"\0" * size)
        except OSError:
            continue
