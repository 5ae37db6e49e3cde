"""Workers killed while a model is asked, and between its answer and the act: paid once, acted once.

A real service with a fake of Claude's API; the demo site's orders are the witness.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.chaos.service import Service, wait_for
from tests.e2e.live import Document
from tests.fakes.claude_answers import Answer, Asked, Says
from tests.fakes.claude_api import KEY, ClaudeApi
from tests.fakes.models import filled, number_of

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]

MODELS = "--pool perception"
CODE = "Bright-42"
"""What the user answers."""


def knows_the_button(asked: Asked) -> Answer:
    """A Claude that takes whatever it is asked for to be the reservation's button.

    Where the step says so, it asks the user for the code first.
    """
    assert asked.schema is not None
    if "ask first" in asked.text and CODE not in asked.text:
        wishes = {"act": "input", "target": "page", "text": "Which code?", "why": "it is said so"}
        return Says(filled(asked.schema, **wishes))
    number = number_of(asked.last_text, "Place reservation")
    assert number is not None, asked.last_text
    wishes = {
        "act": "click",
        "target": "element",
        "element": number,
        "certainty": "certain",
        "why": "it ends the form",
    }
    return Says(filled(asked.schema, **wishes))


@pytest.fixture(scope="module")
def claude() -> Iterator[ClaudeApi]:
    with ClaudeApi(answer=knows_the_button) as api:
        yield api


@pytest.fixture(scope="module")
def service(claude: ClaudeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("models") / "data"
    with tempfile.TemporaryDirectory(prefix="mm-") as folder:
        service = Service(
            data_dir,
            Path(folder),
            MANTIS_MAX_SESSIONS="2",
            MANTIS_ANTHROPIC_BASE_URL=claude.url,
            ANTHROPIC_API_KEY=KEY,
        )
        try:
            service.start()
            yield service
            assert service.stop() == 0
            assert not service.processes()
        finally:
            service.end()


def order(email: str, hint: str = "") -> list[dict[str, object]]:
    """Reserve a boat; only a model knows what the last step means, which no run has done before."""
    required: dict[str, object] = {"required": True}
    return [
        {"type": "navigate", "intent": "Open {{demo_site}}/boats/48217/reserve", **required},
        {
            "type": "fill_field",
            "intent": "Fill the full name field",
            "params": {"label": "Full name", "value": "Ann"},
            **required,
        },
        {
            "type": "fill_field",
            "intent": "Fill the email field",
            "params": {"label": "Email", "value": email},
            **required,
        },
        {
            "type": "click",
            "intent": 'Click the checkbox "I agree to the reservation terms"',
            **required,
        },
        {
            "type": "submit",
            "intent": f"Zrób to ostatecznie, {email} {hint}".strip(),
            "hints": {"expect_text_present": "reservation is placed"},
            **required,
        },
    ]


def placed(service: Service, email: str) -> int:
    orders = httpx.get(f"{service.site}/_oracle/orders").json()["orders"]
    return sum(one["email"] == email for one in orders)


def assert_done_once(
    service: Service, claude: ClaudeApi, run_id: str, email: str, bill: int
) -> Document:
    result: Document = service.until_over(run_id)
    assert (result["status"], result.get("halt_class")) == ("succeeded", None), result
    assert placed(service, email) == 1
    cost = round(result["summary"]["cost_total"] * 1_000_000)
    assert cost == claude.bill[KEY] - bill
    (last,) = [one for one in result["result"]["steps"] if one["index"] == 4]
    assert last["success"] and last["tier"] in ("claude", None)
    assert round(last["cost"] * 1_000_000) == cost
    return result


def begin(service: Service, claude: ClaudeApi, email: str, latency_s: float) -> tuple[str, int]:
    """A run that has put its question; and the bill before."""
    bill, asked = claude.bill.get(KEY, 0), len(claude.asked)
    claude.latency_s = latency_s
    run_id = service.submit(order(email))
    wait_for(lambda: len(claude.asked) > asked, "a question to Claude", 60)
    return run_id, bill


def test_a_worker_that_dies_in_the_middle_of_a_question_is_paid_for_once(
    service: Service, claude: ClaudeApi
) -> None:
    done = len(claude.done)
    run_id, bill = begin(service, claude, "middle@x.test", 6.0)
    service.strike(MODELS)
    claude.latency_s = 0.2
    assert_done_once(service, claude, run_id, "middle@x.test", bill)
    assert len(claude.done) == done + 1


def test_an_answer_is_used_by_the_browsers_worker_that_comes_next(
    service: Service, claude: ClaudeApi
) -> None:
    done = len(claude.done)
    run_id, bill = begin(service, claude, "thinking@x.test", 3.0)
    service.strike("browsers")
    assert_done_once(service, claude, run_id, "thinking@x.test", bill)
    assert len(claude.done) == done + 1


@pytest.mark.parametrize("after_s", [0.0, 0.15, 0.5])
def test_between_answer_and_act_nothing_is_paid_or_done_twice(
    service: Service, claude: ClaudeApi, after_s: float
) -> None:
    email = f"after{after_s:g}@x.test"
    done = len(claude.done)
    run_id, bill = begin(service, claude, email, 0.5)
    wait_for(lambda: len(claude.done) > done, "the answer", 30)
    time.sleep(after_s)
    service.strike("browsers")
    assert_done_once(service, claude, run_id, email, bill)
    assert len(claude.done) == done + 1


def test_a_workflow_worker_that_dies_while_a_model_thinks_asks_no_second_time(
    service: Service, claude: ClaudeApi
) -> None:
    done = len(claude.done)
    run_id, bill = begin(service, claude, "workflow@x.test", 2.0)
    service.strike("runs")
    assert_done_once(service, claude, run_id, "workflow@x.test", bill)
    assert len(claude.done) == done + 1


def test_a_question_of_a_model_to_the_user_outlives_the_worker_that_put_it(
    service: Service, claude: ClaudeApi
) -> None:
    email, bill, done = "asked@x.test", claude.bill.get(KEY, 0), len(claude.done)
    claude.latency_s = 0.2
    run_id = service.submit(order(email, "(ask first)"))
    wait_for(lambda: service.status(run_id)["status"] == "paused", "the pause", 60)
    status = service.status(run_id)
    assert "Which code?" in str(status["prompt"]) and status["needs_input"] is True
    service.strike("browsers")
    answer = {"user_input": CODE, "pause_id": status["pause_id"]}
    resumed = service.api.post(f"/v1/runs/{run_id}/resume", json=answer)
    assert resumed.status_code == 200, resumed.text
    assert_done_once(service, claude, run_id, email, bill)
    assert len(claude.done) == done + 2
    assert CODE in claude.asked[-1].text
    read = [f"/v1/runs/{run_id}/{what}" for what in ("result", "events", "logs", "status")]
    assert all(CODE not in service.api.get(path).text for path in read)
    for path in service.data_dir.glob(f"tenants/**/{run_id}/**/*"):
        assert not path.is_file() or CODE.encode() not in path.read_bytes(), path
