"""The command line as a process, against the real API."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mantis_agent import MantisClient
from mantis_agent.cli.connection import connect
from mantis_agent.cli.terminal import Terminal, clean
from mantis_agent.errors import MantisError
from plans.step import HaltClass
from tests.sdk.faulty import FaultyProxy
from tests.sdk.served import ROOT, TOKEN, Served
from tests.sdk.story import Story
from tests.sdk.test_client_calls import NO_RUN, PLAN

MANTIS = [sys.executable, "-c", "import sys; from mantis_agent.cli import main; sys.exit(main())"]
STEPS = PLAN["task_suite"]


def hear_ctrl_c() -> None:
    """In the child: listen to Ctrl-C, which a test run in the background would pass on ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Shell:
    """Runs the command in a folder, with the environment of a caller."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if "MANTIS" not in name}
        self.environment = kept | {
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
            "MANTIS_ENDPOINT": url,
            "MANTIS_API_TOKEN": TOKEN,
            "COLUMNS": "120",
        }

    def __call__(
        self, *words: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*MANTIS, *words],
            cwd=self.folder,
            env=self.environment | environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert TOKEN not in done.stdout + done.stderr
        return done

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*MANTIS, *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear_ctrl_c,
        )


@pytest.fixture
def shell(tmp_path: Path, served: Served) -> Shell:
    (tmp_path / "plan.json").write_text(json.dumps(STEPS))
    return Shell(tmp_path, served.url)


def watched(process: subprocess.Popen[str]) -> str:
    """The run that a watching process has begun."""
    assert process.stdout is not None
    return process.stdout.readline().removeprefix("run ").strip()


def test_run_submits_and_says_how_to_go_on(shell: Shell) -> None:
    done = shell("run", "plan.json", "--max-cost", "2", "--input", "a=x", "--input", "n:=3")
    assert done.returncode == 0
    run_id = done.stdout.strip()
    assert f"mantis events --follow {run_id}" in done.stderr
    told = json.loads(shell("status", run_id, "--json").stdout)
    assert told["payload"]["inputs"] == {"a": "x", "n": 3}
    assert told["payload"]["max_cost"] == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bare.json", json.dumps(STEPS)),
        ("object.json", json.dumps({"steps": STEPS, "name": "n"})),
        ("request.json", json.dumps({**PLAN, "workflow_id": "w"})),
        ("bom.json", "\ufeff" + json.dumps(STEPS)),
    ],
)
def test_run_takes_each_shape_of_a_file(shell: Shell, name: str, content: str) -> None:
    (shell.folder / name).write_text(content)
    assert shell("run", name, "--dry-run").stdout.startswith("acceptable: at most 1 steps")


def test_run_reads_standard_input_and_plan_files_of_the_service(shell: Shell) -> None:
    assert shell("run", "-", "--dry-run", stdin=json.dumps(STEPS)).returncode == 0
    done = shell(
        "run", "plans/example/extract_listings.json", "--dry-run", "--input", "demo_site=x"
    )
    assert (done.returncode, "asking the service" in done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("words", "content", "code", "told"),
    [
        (["plan.txt"], "Open boats.test", 4, "plan_text needs an Anthropic key"),
        (["plan.json"], '[{"intent": "x", "type": "clic"}]', 4, "unknown type 'clic'"),
        (["plan.json"], "[{]", 2, "not valid JSON.*line 1, column 3"),
        (["plan.json"], "[" * 100_000, 2, "not valid JSON"),
        (["plan.json"], "3", 2, "holds no plan"),
        (["plan.json"], " ", 2, "is empty"),
        (["none.json"], "", 2, "can't read none.json: No such file"),
        (["a/none.json"], "", 4, "does not exist in the plan folders"),
        (["plan.json", "--input", "novalue"], "[]", 2, "--input takes"),
        (["plan.json", "--input", "n:=x"], "[]", 2, "needs a JSON value"),
        (["plan.json", "--max-cost", "x"], "[]", 2, "invalid float"),
    ],
)
def test_run_refuses_with_a_sentence(
    shell: Shell, words: list[str], content: str, code: int, told: str
) -> None:
    if content:
        (shell.folder / words[0]).write_text(content)
    done = shell("run", *words)
    assert done.returncode == code
    assert re.search(told, done.stderr)
    assert done.stdout == ""


def test_watch_shows_steps_rows_and_the_result(shell: Shell, story: Story) -> None:
    process = shell.begin("run", "plan.json", "--watch")
    run_id = watched(process)
    story.begin(run_id)
    story.extract(run_id, make="Sea \x1b[2JRay", price="$15,000")
    story.end(run_id)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert re.search(r"✓   0  extract_data +Read the boat +0.4 s  dom\n", out)
    assert "row: make Sea  [2JRay · price $15,000" in out
    assert "\x1b" not in out
    assert re.search(r"make +price +url\n-+", out)
    assert re.search(r"summary +\d leads", out)


def test_a_watched_run_that_fails_is_code_1_and_json_stays_clean(
    shell: Shell, story: Story
) -> None:
    process = shell.begin("run", "plan.json", "--watch", "--json")
    assert process.stderr is not None
    run_id = process.stderr.readline().removeprefix("run ").strip()
    story.begin(run_id)
    story.end(run_id, HaltClass.GATE_FAILED, "no boats")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert json.loads(out)["halt_class"] == "gate_failed"
    assert "halted" in err


def test_ctrl_c_leaves_the_run_alone(shell: Shell, mantis_client: MantisClient) -> None:
    process = shell.begin("run", "plan.json", "--watch")
    run_id = watched(process)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"mantis cancel {run_id}" in err
    assert not mantis_client.status(run_id).cancel_requested


def test_ctrl_c_twice_on_a_terminal_cancels_the_run(
    shell: Shell, mantis_client: MantisClient
) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*MANTIS, "run", "plan.json", "--watch"],
        cwd=shell.folder, env=shell.environment, stdin=slave, stdout=slave, stderr=slave,
        preexec_fn=hear_ctrl_c,
    )  # fmt: skip
    os.close(slave)
    try:
        seen = _until(master, b"queued")
        found = re.search(rb"run (\w+)", seen)
        assert found
        process.send_signal(signal.SIGINT)
        _until(master, b"cancels it now")
        process.send_signal(signal.SIGINT)
        _until(master, b"cancelled")
        assert process.wait(20) == 130
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert mantis_client.status(found[1].decode()).cancel_requested


def _until(terminal: int, text: bytes) -> bytes:
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 4096)
    return seen


@pytest.fixture
def mantis_client(served: Served):
    with MantisClient(served.url, mantis_token=TOKEN) as client:
        yield client


def test_the_commands_on_a_run(shell: Shell, story: Story, mantis_client: MantisClient) -> None:
    run_id = mantis_client.predict(PLAN).run_id
    assert "queued" in shell("status", run_id).stdout
    early = shell("result", run_id)
    assert "not over yet" in early.stderr
    assert "(stopping)" in shell("cancel", run_id, "--reason", "enough").stdout
    assert shell("pause", run_id).returncode == 4
    assert shell("resume", run_id, "--input", "1").returncode == 4
    assert shell("video", run_id).returncode == 4
    story.begin(run_id)
    story.extract(run_id, make="Bayliner")
    story.end(run_id, HaltClass.CANCELLED, "enough")
    shown = shell("status", run_id).stdout
    assert re.search(r"error +cancelled: enough\n +try ", shown)
    assert "Bayliner" in shell("result", run_id).stdout
    assert shell("result", run_id, "--csv").stdout.splitlines()[1].startswith("VIABLE")
    assert json.loads(shell("result", run_id, "--json").stdout)["result"]["rows"]
    assert re.search(r"^20\d\d-.*Z  ", shell("logs", run_id, "--tail", "2").stdout)
    past, followed = shell("events", run_id).stdout, shell("events", "-f", run_id).stdout
    assert "extract_data" in past
    assert "cancelled" in followed.splitlines()[-1]
    for line in shell("events", run_id, "--json", "--follow").stdout.splitlines():
        assert set(json.loads(line)) == {"event", "id", "data"}
    last = json.loads(shell("events", run_id, "--json").stdout.splitlines()[-1])["id"]
    assert shell("events", run_id, "--since", last).stdout == ""


def test_lists(shell: Shell, mantis_client: MantisClient) -> None:
    run_id = mantis_client.predict(PLAN).run_id
    assert run_id in shell("runs", "--limit", "2").stdout
    assert len(shell("runs", "--all").stdout.splitlines()) > 4
    assert shell("runs", "--status", "nonsense").returncode == 4
    assert re.search(r"\d+ queued, \d+ running", shell("queue").stdout)
    assert shell("runs", "--limit", "0").returncode == 2


def test_usage_as_a_table_as_csv_and_as_json(
    shell: Shell, story: Story, mantis_client: MantisClient
) -> None:
    assert shell("usage", "--from", "2000-01-01", "--to", "2000-01-31").stdout == (
        "no model was asked\n"
    )
    run_id = mantis_client.predict(PLAN).run_id
    story.spend(run_id, 2740, step=0)
    story.spend(run_id, 60, step=3)
    story.spend(run_id, 5000, step=3, lost=True)
    table = shell("usage", "--by", "step", "--run", run_id)
    lines = [line.split() for line in table.stdout.splitlines()]
    assert lines[0][:5] == ["run", "step", "calls", "in", "out"]
    assert [(line[0], line[1], line[2], line[-1]) for line in lines[2:4]] == [
        (run_id, "0", "1", "0.002740"),
        (run_id, "3", "2", "0.000060"),
    ]
    assert (lines[4][0], lines[4][1], lines[4][-1]) == ("total", "3", "0.002800")
    assert "1 questions are under way or were lost" in table.stderr
    assert "at most $0.005000" in table.stderr
    told = shell("usage", "--run", run_id, "--csv").stdout.splitlines()
    assert told[0].startswith("run_id,calls,tries,")
    assert len(told) == 2 and told[1].startswith(f"{run_id},3,3,1,2400,68,")
    found = json.loads(shell("usage", "--run", run_id, "--by", "call", "--json").stdout)
    assert [one["cost_micro"] for one in found["records"]] == [2740, 60, 0]
    assert found["total"]["cost"] == 0.0028
    refused = shell("usage", "--from", "yesterday")
    assert (refused.returncode, "from must be a date" in refused.stderr) == (4, True)
    assert shell("usage", "--by", "moon").returncode == 2


def test_errors_have_codes(shell: Shell, proxy: FaultyProxy) -> None:
    assert shell("status", NO_RUN).returncode == 4
    assert "MANTIS_API_TOKEN" in shell("status", NO_RUN, MANTIS_API_TOKEN="nobody").stderr
    assert shell("status").returncode == 2
    assert shell("nonsense").returncode == 2
    assert shell("--endpoint", "nonsense", "queue").returncode == 2
    assert shell("queue", "--endpoint", "nonsense").returncode == 2
    proxy.down()
    gone = shell("health", MANTIS_ENDPOINT=proxy.url)
    assert gone.returncode == 2
    gone = shell("pause", NO_RUN, MANTIS_ENDPOINT=proxy.url)
    assert gone.returncode == 3
    assert "is it running?" in gone.stderr


def test_commands_of_the_service_are_found_and_loaded_only_when_named(shell: Shell) -> None:
    assert "plan check" in shell("plan", "check", "--help").stdout
    assert shell("plan", "check", "plan.json").stdout.splitlines()[-1].startswith("acceptable")
    assert {"serve", "doctor", "run"} <= set(shell("--help").stdout.split())
    own = "import sys; from mantis_agent.cli import main; main(['queue']); "
    code = own + "sys.exit({'temporalio', 'pydantic'} & set(sys.modules) != set())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=shell.environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_reader_that_leaves_is_no_error(shell: Shell, mantis_client: MantisClient) -> None:
    run_id = mantis_client.predict(PLAN).run_id
    process = shell.begin("events", "--follow", run_id)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    mantis_client.cancel(run_id)
    stop = threading.Timer(15, process.kill)
    stop.start()
    Story(served_data(shell), "acme").say(run_id, *(f"{n}" for n in range(3)))
    assert process.wait(20) == 0
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    stop.cancel()


def served_data(shell: Shell) -> Path:
    return Path(shell.environment["TEST_DATA_DIR"])


@pytest.fixture(autouse=True)
def _data_dir(shell: Shell, served: Served) -> None:
    shell.environment["TEST_DATA_DIR"] = str(served.data_dir)


def test_output_that_can_only_be_ascii(shell: Shell, story: Story, mantis_client: MantisClient):
    run_id = mantis_client.predict(PLAN).run_id
    story.begin(run_id)
    story.extract(run_id, make="Bénéteau 遊艇")
    story.end(run_id)
    done = shell("events", run_id, PYTHONIOENCODING="ascii")
    assert (done.returncode, "ok   0  extract_data" in done.stdout) == (0, True)
    assert shell("result", run_id, PYTHONIOENCODING="ascii").returncode == 0


class TestConnection:
    """Which token is taken for which address."""

    def options(self, endpoint: str | None = None, token: str | None = None):
        class Given:
            pass

        given = Given()
        given.endpoint, given.token = endpoint, token
        return given

    @pytest.mark.parametrize(
        ("endpoint", "sent"),
        [
            (None, "kept"),
            ("http://localhost:9000", "kept"),
            ("http://[::1]:9000", "kept"),
            ("https://mantis.test", None),
            ("http://127.0.0.1.evil.test", None),
        ],
    )
    def test_the_kept_token_is_for_this_machine_alone(
        self, tmp_path: Path, endpoint: str | None, sent: str | None
    ) -> None:
        (tmp_path / "api_token").write_text("kept\n")
        with connect(self.options(endpoint), {"MANTIS_DATA_DIR": str(tmp_path)}) as client:
            assert client._endpoint.mantis_token == sent

    def test_what_is_given_wins(self, tmp_path: Path) -> None:
        (tmp_path / "api_token").write_text("kept")
        values = {"MANTIS_DATA_DIR": str(tmp_path), "MANTIS_API_TOKEN": "env"}
        with connect(self.options(), values) as client:
            assert client._endpoint.mantis_token == "env"
        with connect(self.options(token="word"), values) as client:
            assert client._endpoint.mantis_token == "word"
        with pytest.raises(MantisError):
            connect(self.options("x"), values)


def test_a_table_fits_the_terminal(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    rows = [{"a": "x" * 200, "b": None, "c": {"d": 1}, "e": "遊" * 50, "f": "short"}]
    Terminal().table(rows, list(rows[0]))
    Terminal().table([], ["none"])
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert "short" in lines[2]
    assert clean("a\x1b]0;x\x07\n\u202eb") == "a ]0;x b"
