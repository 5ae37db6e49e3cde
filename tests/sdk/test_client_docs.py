"""Every snippet of docs/client.md, executed as it is written."""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.sdk.served import ROOT, TOKEN, Served

SNIPPET = re.compile(r"<!-- run: (\w+) -->\n```(\w+)\n(.*?)```", re.DOTALL)
PAGE = (ROOT / "docs" / "client.md").read_text()
SNIPPETS = {name: (language, code) for name, language, code in SNIPPET.findall(PAGE)}


class Workers:
    """What the workers would do: each run is begun, extracts a boat, and ends."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._done: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "Workers":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        story = self._served.story
        with httpx.Client(base_url=self._served.url, headers={"X-Mantis-Token": TOKEN}) as api:
            while not self._stop.wait(0.3):
                page = api.get("/v1/runs", params={"status": "queued", "limit": 5}).json()
                for run_id in (run["run_id"] for run in page["runs"]):
                    if run_id not in self._done and not self._stop.is_set():
                        self._done.add(run_id)
                        story.begin(run_id)
                        story.extract(run_id, year="2019", make="Bayliner")
                        story.spend(run_id, 2740)
                        story.end(run_id)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("docs"))
    yield running
    running.stop()


@pytest.fixture
def workers(own: Served) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(Workers(own))
        yield


def run(own: Served, name: str, folder: Path, **environment: str) -> str:
    language, code = SNIPPETS[name]
    command = ["sh", "-euc", code] if language == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ
        | {"ENDPOINT": own.url, "TOKEN": TOKEN, "MANTIS_ENDPOINT": own.url}
        | {"MANTIS_API_TOKEN": TOKEN, "PYTHONPATH": str(ROOT / "sdk")}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_snippet_is_executed_here() -> None:
    fenced = re.findall(r"```(\w+)\n", PAGE)
    assert len(fenced) == len(SNIPPETS) == 11


def test_curl(own: Served, workers: None, tmp_path: Path) -> None:
    handle = json.loads(run(own, "submit", tmp_path))
    assert handle["payload"]["max_cost"] == 2.5
    assert json.loads(run(own, "submit", tmp_path))["run_id"] == handle["run_id"]
    run_id = handle["run_id"]
    result = json.loads(run(own, "poll", tmp_path, RUN_ID=run_id))
    assert result["result"]["rows"][0]["make"] == "Bayliner"
    events = run(own, "events", tmp_path, RUN_ID=run_id)
    assert "event: extract\n" in events
    assert events.rstrip().splitlines()[-2] == "event: terminal"
    rest = run(own, "rest", tmp_path, RUN_ID=run_id)
    assert "VIABLE" in rest
    assert '"eta_ms":' in rest
    assert f'"run_id":"{run_id}"' in rest


def test_what_models_cost(own: Served, workers: None, tmp_path: Path) -> None:
    run(own, "loop", tmp_path)
    *days, total = run(own, "usage", tmp_path).splitlines()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d [1-9]\d* \$0\.\d{6}", day) for day in days)
    assert re.fullmatch(r"[1-9]\d*0 micro-dollars in all", total)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("loop", "succeeded ['VIABLE |"),
        ("client", "'make': 'Bayliner'"),
        ("errors", "0.00274 ['VIABLE |"),
        ("stream", "Read the boat True"),
        ("async", "terminal"),
        ("answer", "succeeded"),
    ],
)
def test_python(own: Served, workers: None, tmp_path: Path, name: str, shown: str) -> None:
    assert shown in run(own, name, tmp_path)
