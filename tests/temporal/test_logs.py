"""Log lines: JSON or text, with the run they are about, and nothing that is nobody's business."""

import json
import logging
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from temporal import logs
from temporal.at_work import subject_at_work, subject_of
from temporal.logs import JsonLines, Subject, TextLines, about, readable
from temporal.settings import LogSettings

log = logging.getLogger("mantis.testing")


class Lines(logging.Handler):
    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def documents(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines(JsonLines("mantis-test"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)


def test_a_line_is_one_json_object_with_its_fields(lines: Lines):
    log.warning("two\nlines, %s", "“quoted”")
    assert len(lines.lines) == 1 and "\n" not in lines.lines[0]
    (document,) = lines.documents()
    assert list(document) == ["ts", "level", "logger", "message", "service"]
    assert document["level"] == "WARNING"
    assert document["logger"] == "mantis.testing"
    assert document["message"] == "two\nlines, “quoted”"
    assert document["service"] == "mantis-test"
    assert len(str(document["ts"])) == 24 and str(document["ts"]).endswith("Z")


def test_a_line_names_the_run_of_the_request_being_answered(lines: Lines):
    with about("acme"):
        log.info("before")
        logs.name(run_id="20260101_000000_abcdefab")
        log.info("after")
    log.info("outside")
    before, after, outside = lines.documents()
    assert before["tenant_id"] == "acme" and "run_id" not in before
    assert after["run_id"] == "20260101_000000_abcdefab"
    assert "tenant_id" not in outside


def test_a_traceback_stays_in_its_line_and_can_be_read_again(lines: Lines):
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        log.exception("it broke")
    (line,) = lines.lines
    assert "ZeroDivisionError: by nothing" in readable(line)
    assert readable(line).startswith("it broke\nTraceback")
    assert readable("plain words") == "plain words"
    assert readable("[1]") == "[1]"


def test_text_names_the_run_too():
    handler = Lines(TextLines())
    log.addHandler(handler)
    try:
        with about("acme", "20260101_000000_abcdefab"):
            log.warning("hello")
        log.warning("bye")
    finally:
        log.removeHandler(handler)
    assert handler.lines[0].endswith("mantis.testing [20260101_000000_abcdefab]: hello")
    assert handler.lines[1].endswith("mantis.testing: bye")


@pytest.mark.parametrize(
    ("workflow_id", "subject"),
    [
        ("run/acme/20260101_000000_abcdefab", Subject("acme", "20260101_000000_abcdefab")),
        ("close/acme/20260101_000000_abcdefab", Subject("acme", "20260101_000000_abcdefab")),
        ("webhook/acme/0123", Subject("acme", "")),
        ("of-somebody-else", Subject()),
        ("", Subject()),
    ],
)
def test_a_workflow_id_names_tenant_and_run(workflow_id: str, subject: Subject):
    assert subject_of(workflow_id) == subject


@activity.defn
async def speak() -> None:
    log.info("in the activity")


@workflow.defn
class Speaking:
    @workflow.run
    async def run(self) -> None:
        log.info("in the workflow")
        await workflow.execute_activity(speak, start_to_close_timeout=timedelta(seconds=20))


async def test_lines_of_activities_and_workflows_name_their_run(
    temporal_client: Client, lines: Lines, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(logs._process, "find", subject_at_work)
    async with Worker(
        temporal_client,
        task_queue="speaking",
        workflows=[Speaking],
        activities=[speak],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        run_id = f"20260101_000000_{uuid.uuid4().hex[:8]}"
        await temporal_client.execute_workflow(
            Speaking.run, id=f"run/acme/{run_id}", task_queue="speaking"
        )
    found = {str(document["message"]): document for document in lines.documents()}
    for message in ("in the workflow", "in the activity"):
        assert (found[message]["tenant_id"], found[message]["run_id"]) == ("acme", run_id)


PROCESS = """
import logging, sys, warnings
from temporal import logs
from temporal.settings import LogSettings
logs.configure(LogSettings(), "mantis-child")
logging.getLogger("mantis.child").info("hello")
logging.getLogger("httpx").info("GET https://hooks.test/?token=canary")
logging.getLogger("mantis.child").debug("too much")
raise LookupError("lost")
"""


def output(**environment: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", PROCESS],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1 and ended.stdout == ""
    return ended.stderr


def test_a_process_logs_json_where_no_terminal_is_even_when_it_crashes():
    documents = [json.loads(line) for line in output().splitlines()]
    assert [document["message"] for document in documents] == ["hello", "the process ends"]
    assert "LookupError: lost" in documents[1]["exc_info"]
    assert {document["service"] for document in documents} == {"mantis-child"}


def test_text_can_be_asked_for_and_levels_are_kept():
    text = output(MANTIS_LOG_FORMAT="text", MANTIS_LOG_LEVEL="debug")
    assert "INFO mantis.child: hello" in text and "too much" in text
    assert "canary" not in text
    assert LogSettings(log_level="warning").log_level == "WARNING"
