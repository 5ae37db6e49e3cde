"""A plan in plain words over HTTP, on the whole stack: decomposed once, shown, kept, refused."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType

from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.chaos.service import Service, wait_for
from tests.e2e.live import Document
from tests.fakes.claude_answers import Answer, Asked, Says, refusal
from tests.fakes.claude_api import KEY, ClaudeApi
from workflows.interfaces import plan_run_id

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]

MODELS = "--pool perception"


def planned(site: str, boat: int = 48217) -> Document:
    """What a planner makes of the words."""
    field = {"type": "str", "required": True}
    return {
        "problem": "",
        "name": "one boat",
        "steps": [
            {
                "type": "navigate",
                "intent": f"Open {site}/boats/{boat}",
                "url": f"{site}/boats/{boat}",
                "required": True,
                "gate": False,
                "verify": "",
                "guard": "",
            },
            {
                "type": "extract_data",
                "intent": "Extract the year and the make",
                "entity_name": "boat",
                "fields": [{"name": "year", **field}, {"name": "make", **field}],
                "max_items": 1,
                "required": True,
                "out_var": "",
            },
        ],
    }


@pytest.fixture(scope="module")
def claude() -> Iterator[ClaudeApi]:
    with ClaudeApi() as api:
        yield api


@pytest.fixture(scope="module")
def service(claude: ClaudeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("words") / "data"
    with tempfile.TemporaryDirectory(prefix="mw-") as folder:
        service = Service(
            data_dir,
            Path(folder),
            MANTIS_MAX_SESSIONS="1",
            MANTIS_ANTHROPIC_BASE_URL=claude.url,
            ANTHROPIC_API_KEY=KEY,
        )
        try:
            service.start()
            steps = planned(service.site)

            def planner(asked: Asked) -> Answer:
                return Says(steps)

            claude.answer = planner
            yield service
            assert service.stop() == 0
            assert not service.processes()
        finally:
            service.end()


def submit(service: Service, words: str, **options: object) -> str:
    answer = service.api.post("/v1/predict", json={"plan_text": words, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()["run_id"]


def until_over(service: Service, run_id: str) -> Document:
    result: Document = service.until_over(run_id)
    return result


def words(service: Service, about: str) -> str:
    return f"Open {service.site}/boats/48217 and read the year and the make, {about}."


def micro(usd: float) -> int:
    return round(usd * 1_000_000)


def test_words_become_steps_once_and_the_steps_are_shown(
    service: Service, claude: ClaudeApi
) -> None:
    """
    > plan_text: decomposed by Claude into a micro-plan, cached by signature (tenant, model and
    > prompt version in it); the plan as decomposed is kept with the run
    """
    bill, asked = claude.bill.get(KEY, 0), len(claude.asked)
    first = until_over(service, submit(service, words(service, "please")))
    assert (first["status"], first.get("halt_class")) == ("succeeded", None), first
    assert len(claude.asked) == asked + 1
    shown = first["result"]
    (row,) = shown["rows"]
    assert row["make"]
    decomposing, *steps = shown["steps"]
    assert (decomposing["index"], decomposing["type"]) == (-1, "decompose")
    assert (decomposing["tier"], decomposing["success"]) == ("claude", True)
    assert [step["type"] for step in steps] == ["navigate", "extract_data"]
    paid = claude.bill[KEY] - bill
    assert paid > 0
    assert micro(decomposing["cost"]) == micro(first["summary"]["cost_total"]) == paid
    assert [step["type"] for step in shown["plan"]["steps"]] == ["navigate", "extract_data"]

    second = until_over(service, submit(service, words(service, "please")))
    assert second["status"] == "succeeded"
    assert second["summary"]["cost_total"] == 0
    assert second["result"]["plan"] == shown["plan"]
    again = service.api.post("/v1/predict", json={"task_suite": shown["plan"]})
    assert again.status_code == 200, again.text
    third = until_over(service, again.json()["run_id"])
    assert third["status"] == "succeeded"
    assert [one["make"] for one in third["result"]["rows"]] == [row["make"]]
    assert len(claude.asked) == asked + 1


async def told_in_temporal(service: Service, run_id: str) -> list[str]:
    """What Temporal's UI shows beside each activity of a run."""
    keyring = Keyring.load(LedgerSettings(data_dir=service.data_dir, database_url=""))
    port = (service.data_dir / "temporal.ports").read_text().split()[0]
    client = await connect(TemporalSettings(address=f"127.0.0.1:{port}"), keyring)
    handle = client.get_workflow_handle(plan_run_id("default", run_id))
    history = await handle.fetch_history()
    return [
        str((await client.data_converter.decode([event.user_metadata.summary]))[0])
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]


def test_the_history_reads_as_the_story_of_the_run(service: Service, claude: ClaudeApi) -> None:
    run_id = submit(service, words(service, "and tell"))
    until_over(service, run_id)
    assert asyncio.run(told_in_temporal(service, run_id)) == [
        "read the plan from the ledger",
        "claude is asked to make steps of the plan in words",
        "read the plan from the ledger",
        "hold the browser, epoch 1",
        f"0: Open {service.site}/boats/48217",
        "1: Extract the year and the make",
        "cut the network, close the browser",
        "write down the end: succeeded",
    ]


def test_a_worker_that_dies_while_words_become_steps_is_paid_for_once(
    service: Service, claude: ClaudeApi
) -> None:
    bill, asked, done = claude.bill[KEY], len(claude.asked), len(claude.done)
    claude.latency_s = 6.0
    run_id = submit(service, words(service, "whatever happens"))
    wait_for(lambda: len(claude.asked) > asked, "a question to Claude", 60)
    service.strike(MODELS)
    claude.latency_s = 0.0
    result = until_over(service, run_id)
    assert (result["status"], result.get("halt_class")) == ("succeeded", None), result
    assert len(claude.done) == done + 1
    assert micro(result["summary"]["cost_total"]) == claude.bill[KEY] - bill


def test_a_cancel_ends_the_question_and_opens_no_browser(
    service: Service, claude: ClaudeApi
) -> None:
    bill, asked, aborted = claude.bill[KEY], len(claude.asked), len(claude.aborted)
    claude.latency_s = 30.0
    run_id = submit(service, words(service, "or not"))
    wait_for(lambda: len(claude.asked) > asked, "a question to Claude", 60)
    began = time.monotonic()
    service.cancel(run_id)
    result = until_over(service, run_id)
    assert time.monotonic() - began < 10
    claude.latency_s = 0.0
    wait_for(lambda: len(claude.aborted) > aborted, "the end of the request", 10)
    assert result["status"] == "cancelled"
    assert claude.bill[KEY] == bill
    assert result["result"]["steps"] == []


def test_a_run_in_words_goes_on_with_the_steps_it_had(service: Service, claude: ClaudeApi) -> None:
    steps = planned(service.site)
    wait = {"type": "wait", "intent": "Wait a little", "seconds": 5, "guard": ""}
    steps["steps"].insert(1, wait)
    claude.then(Says(steps))
    said = words(service, "and take your time")
    run_id = submit(service, said, workflow_id="slow")
    service.until_step(run_id, 2)
    service.cancel(run_id)
    assert until_over(service, run_id)["status"] == "cancelled"
    asked = len(claude.asked)
    result = until_over(service, submit(service, said, workflow_id="slow", resume_state=True))
    assert (result["status"], result.get("halt_class")) == ("succeeded", None), result
    shown = result["result"]
    done = [one["type"] for one in shown["steps"] if one["index"] >= 0]
    assert done == ["wait", "extract_data"]
    assert [one["type"] for one in shown["plan"]["steps"]] == ["navigate", "wait", "extract_data"]
    assert len(claude.asked) == asked


def test_words_that_the_planner_refuses_end_the_run_with_its_reason(
    service: Service, claude: ClaudeApi
) -> None:
    problem = {"problem": "it does not say which shop is meant", "name": "", "steps": []}
    claude.then(Says(problem), Says(problem))
    result = until_over(service, submit(service, "Buy it."))
    assert (result["status"], result["halt_class"]) == ("failed", "plan_rejected")
    (decomposing,) = result["result"]["steps"]
    assert "which shop is meant" in decomposing["error"]
    assert "which shop is meant" in result["message"]


def test_a_model_that_refuses_makes_no_steps(service: Service, claude: ClaudeApi) -> None:
    claude.then(refusal(), refusal())
    result = until_over(service, submit(service, "Do what must not be done."))
    assert result["status"] == "failed"
    assert result["halt_class"] == "model_unavailable"
