"""The command line against the whole service: the demo plan, watched to its end."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.live import ROOT, LiveStack, start_stack, stop_stack

pytestmark = [pytest.mark.stack, pytest.mark.browser]

MANTIS = [sys.executable, "-c", "import sys; from mantis_agent.cli import main; sys.exit(main())"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    started = start_stack(tmp_path_factory.mktemp("cli") / "data", {})
    yield started
    stop_stack(started)


def mantis(stack: LiveStack, *words: str) -> subprocess.CompletedProcess[str]:
    """The command with nothing but the place: the token is the one that the stack keeps."""
    kept = {name: value for name, value in os.environ.items() if "MANTIS" not in name}
    environment = kept | {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
        "MANTIS_ENDPOINT": stack.api,
        "MANTIS_DATA_DIR": str(stack.data_dir),
        "COLUMNS": "200",
    }
    return subprocess.run(
        [*MANTIS, *words],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_demo_plan_is_watched_to_its_end(stack: LiveStack) -> None:
    done = mantis(stack, "run", "plans/example/extract_listings.json", "--watch")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len([line for line in lines if line.startswith("✓")]) == 31
    assert len([line for line in lines if line.startswith("   row: ")]) == 10
    assert len([line for line in lines if re.match(r"\d{4}  .*http://", line)]) == 10
    assert re.search(r"summary +10 leads, \d+ with phone, 31 steps in .*\$0\.0000", done.stdout)
    run_id = lines[0].removeprefix("run ")
    assert len(mantis(stack, "result", run_id, "--csv").stdout.splitlines()) == 11
    again = mantis(stack, "events", run_id, "--follow", "--json").stdout.splitlines()
    assert json.loads(again[-1])["event"] == "terminal"
    assert run_id in mantis(stack, "runs").stdout
    assert mantis(stack, "queue").returncode == 0


def test_a_plan_file_of_the_callers(stack: LiveStack, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps([{"intent": "Open {{demo_site}}/nowhere", "type": "navigate"}]))
    done = mantis(stack, "run", str(plan), "--watch")
    assert re.search(r"✗   0  navigate .* http_4xx", done.stdout)
    assert done.returncode in (0, 1)
