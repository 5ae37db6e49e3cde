"""`mantis demo`, as `make demo` runs it: real rows on the terminal, nothing left running."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.stack, pytest.mark.browser]

ROOT = Path(__file__).resolve().parents[2]


def left_of(data_dir: Path) -> list[str]:
    """Command lines of processes that still name the data folder."""
    lines = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(data_dir) in line]


def test_the_demo_ends_with_real_rows_and_stops_what_it_started(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    done = subprocess.run(
        [str(Path(sys.executable).with_name("mantis")), "demo", "--data-dir", str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 listings from http://127.0.0.1:" in done.stdout
    assert "succeeded: 10 leads, 9 with phone, 31 steps" in done.stdout
    assert left_of(data_dir) == []
