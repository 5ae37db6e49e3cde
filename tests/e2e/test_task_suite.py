"""Task suites through the HTTP API: the demo CRM, a Claude that is scripted, and none at all."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.live import Api, Document, LiveStack, eventually, start_stack, stop_stack
from tests.fakes.claude_answers import Answer, Asked, Says, call, calls, member
from tests.fakes.claude_api import KEY, ClaudeApi

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(600)]

SUITE: Document = json.loads(
    (Path(__file__).parents[2] / "tasks/crm/crm_tasks.json").read_text(encoding="utf-8")
)
Script = Callable[[Asked], Answer]


def ref(asked: Asked, *words: str) -> Document:
    """The newest reference of a line that says all of these words."""
    for line in reversed(asked.text.splitlines()):
        if "[ref_" in line and all(word in line for word in words):
            return {"type": "ref", "ref": line.rpartition("[")[2].rstrip("]")}
    raise AssertionError(f"no reference for {words} in\n{asked.text[-3000:]}")


def form_input(asked: Asked, value: str, *words: str) -> Document:
    return member("form_input", {"target": ref(asked, *words), "value": value})


def press(asked: Asked, *words: str) -> Document:
    return member("left_click", {"target": ref(asked, *words)})


def done(text: str = "It is done.") -> Answer:
    return calls(call("task_done", {"summary": text}))


def login(asked: Asked) -> Answer:
    return calls(
        form_input(asked, "{{auth.user_id}}", "textbox", "Email"),
        form_input(asked, "{{auth.password}}", "password field"),
        press(asked, 'button "Sign in"'),
    )


def lead(asked: Asked) -> Answer:
    return calls(
        form_input(asked, "Wendy Harlow", "textbox", "Name"),
        form_input(asked, "Harlow Charters", "textbox", "Company"),
        form_input(asked, "Referral", "combobox", "Source"),
        form_input(asked, "64000", "textbox", "Value"),
        press(asked, 'button "'),
    )


SCRIPTS: dict[str, list[Script]] = {
    "Sign in with": [login],
    "Search the contacts": [
        lambda asked: calls(
            form_input(asked, "Whitfield", "searchbox"), member("key", {"text": "Enter"})
        ),
        lambda asked: calls(member("find", {"query": "Grace Whitfield"})),
        lambda asked: calls(press(asked, 'link "Grace Whitfield"')),
    ],
    "Set the status": [
        lambda asked: calls(
            form_input(asked, "Inactive", "combobox", "Status"), press(asked, 'button "Search"')
        )
    ],
    "Change the phone": [
        lambda asked: calls(
            form_input(asked, "(555) 555-0177", "Phone"), press(asked, 'button "Save')
        )
    ],
    "Write the note": [
        lambda asked: calls(
            form_input(asked, "Call back on Friday", "New note"), press(asked, 'button "Add note"')
        )
    ],
    "Create a lead": [lead],
    "Export the contacts": [lambda asked: calls(press(asked, "Export"))],
    "Sign out": [lambda asked: calls(press(asked, 'button "Sign out"'))],
}


def works(asked: Asked) -> Answer:
    """A Claude that knows the demo CRM."""
    found = re.search(r"<task>\n(.*)\n</task>", asked.text)
    assert found is not None, asked.text
    scripts = next(one for start, one in SCRIPTS.items() if found[1].startswith(start))
    turn = sum(role == "assistant" for role, _ in asked.turns)
    return scripts[turn](asked) if turn < len(scripts) else done()


@pytest.fixture(scope="module")
def claude() -> Iterator[ClaudeApi]:
    with ClaudeApi(answer=works) as api:
        yield api


@pytest.fixture(scope="module")
def stack(claude: ClaudeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    started = start_stack(
        tmp_path_factory.mktemp("suite") / "data",
        {
            "MANTIS_ALLOW_PRIVATE_HOSTS": "127.0.0.1:*",
            "MANTIS_LEASE_LINGER_S": "20",
            "MANTIS_ANTHROPIC_BASE_URL": claude.url,
            "ANTHROPIC_API_KEY": KEY,
        },
    )
    try:
        yield started
    finally:
        stop_stack(started)


@pytest.fixture
def api(stack: LiveStack, claude: ClaudeApi) -> Iterator[Api]:
    """The API; the CRM as it was at first."""
    claude.answer, claude.latency_s = works, 0.0
    httpx.post(f"{stack.demo_site}/_oracle/reset").raise_for_status()
    caller = Api(stack)
    with caller.client:
        yield caller


def submit(api: Api, suite: Document, **options: object) -> str:
    answer = api.client.post("/v1/predict", json={"task_suite": suite, **options})
    assert answer.status_code == 200, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def only(*names: str, **changes: Any) -> Document:
    tasks = [{**one, **changes} for one in SUITE["tasks"] if one["task_id"] in names]
    return {**SUITE, "tasks": tasks}


def test_the_suite_of_the_crm_passes_with_claude(api: Api, claude: ClaudeApi) -> None:
    bill = claude.bill[KEY]
    run_id = submit(api, SUITE, max_cost=2.0, max_time_minutes=10)
    result = api.wait(run_id, 400)
    assert result["status"] == "succeeded", result
    told = result["result"]
    assert (told["passed"], told["total"]) == (8, 8), told["tasks"]
    assert [one["task_id"] for one in told["tasks"]] == [one["task_id"] for one in SUITE["tasks"]]
    for one, asked in zip(told["tasks"], SUITE["tasks"], strict=True):
        assert set(one) >= {
            "task_id", "success", "steps", "verify", "duration", "cost", "final_url"
        }  # fmt: skip
        assert one["success"] is True and one["verify"]["passed"] is True
        assert one["verify"]["type"] == asked["verify"]["type"]
        assert one["steps"] >= 1 and one["cost"] > 0 and one["duration"] > 0
    cost = round(result["summary"]["cost_total"] * 1_000_000)
    assert cost == claude.bill[KEY] - bill
    assert claude.complaints == [] and claude.refused == []
    oracle = httpx.get(f"{api.stack.demo_site}/_oracle/crm").text
    assert oracle.count("Call back on Friday") == 1 and oracle.count("Harlow Charters") == 1
    assert_no_secret(api, run_id, claude)


def assert_no_secret(api: Api, run_id: str, claude: ClaudeApi) -> None:
    """Nothing that left the service, or was sent to the model, says who signs in."""
    for asked in claude.asked:
        sent = json.dumps(asked.body, ensure_ascii=False)
        assert "crm-demo" not in sent and "sam@crm.test" not in sent
    for part in ("", "result", "events?tail=1000"):
        text = api.client.get(f"/v1/runs/{run_id}/{part}".rstrip("/")).text
        assert "crm-demo" not in text and "sam@crm.test" not in text
    folder = next(api.stack.data_dir.glob(f"tenants/*/runs/{run_id}"))
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix in (".json", ".html", ".csv", ".log", ""):
            text = file.read_text(errors="replace")
            assert "crm-demo" not in text and "sam@crm.test" not in text, file


def test_a_failed_task_does_not_stop_the_others(api: Api, claude: ClaudeApi) -> None:
    """
    > Each task runs with its own budget, and its verify clause, not the model's word, decides.
    """
    suite = only("login", "filter_inactive", "sign_out")
    suite["tasks"][1]["verify"] = {"type": "page_contains_text", "value": "never to be seen"}
    result = api.wait(submit(api, suite, max_cost=2.0), 200)
    assert (result["status"], result["halt_class"]) == ("failed", "step_failed"), result
    told = result["result"]
    assert (told["passed"], told["total"]) == (2, 3)
    assert [one["success"] for one in told["tasks"]] == [True, False, True]
    assert told["tasks"][1]["verify"]["passed"] is False


def test_a_model_asks_the_user_and_goes_on_with_the_answer(api: Api, claude: ClaudeApi) -> None:
    """> or a model's tool call of that name with `{"prompt"}`, pauses the run:"""

    def asks(asked: Asked) -> Answer:
        turn = sum(role == "assistant" for role, _ in asked.turns)
        if "Sign in with" in asked.text:
            return works(asked)
        match turn:
            case 0:
                return calls(call("request_user_input", {"prompt": "Which contact is meant?"}))
            case 1:
                name = re.search(r"The user answered: (.*)", asked.last_text)
                assert name is not None and name[1].strip() == "Whitfield-7", asked.last_text
                return calls(
                    form_input(asked, name[1].strip(), "searchbox"),
                    member("key", {"text": "Enter"}),
                )
            case _:
                return done()

    claude.answer = asks
    suite = only("login", "find_contact")
    suite["tasks"][1]["verify"] = {"type": "page_contains_text", "value": "0 contacts"}
    run_id = submit(api, suite, max_cost=2.0)
    eventually(lambda: api.get(run_id)["status"] == "paused", 90, "the pause")
    status = api.get(run_id, "status")
    assert "Which contact is meant?" in status["prompt"] and status["needs_input"] is True
    assert 'task "find_contact"' in status["prompt"]
    answer = api.client.post(
        "/v1/predict",
        json={"action": "resume", "run_id": run_id, "user_input": "Whitfield-7"},
    )
    assert answer.status_code == 200, answer.text
    result = api.wait(run_id, 120)
    assert result["status"] == "succeeded", result
    assert "Whitfield-7" not in json.dumps(result)


@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.7])
def test_a_worker_killed_between_answer_and_act_acts_and_pays_once(
    api: Api, claude: ClaudeApi, after_s: float
) -> None:
    text = f"Killed after {after_s}"

    def notes(asked: Asked) -> Answer:
        if "Sign in with" in asked.text:
            return works(asked)
        if any(role == "assistant" for role, _ in asked.turns):
            return done()
        adding = calls(form_input(asked, text, "New note"), press(asked, 'button "Add note"'))
        assert isinstance(adding, Says)
        return adding

    claude.answer = notes
    suite = only("login", "add_note")
    suite["tasks"][1]["verify"] = {"type": "page_contains_text", "value": text}
    bill = claude.bill[KEY]
    answered = len(claude.done)
    run_id = submit(api, suite, max_cost=2.0)
    # The login takes two answers; the third one writes the note.
    eventually(lambda: len(claude.done) >= answered + 3, 120, "the answer")
    httpx.get(f"{api.stack.demo_site}/_oracle/crm")
    pause(after_s)
    api.stack.worker("browsers").send_signal(signal.SIGKILL)
    result = api.wait(run_id, 200)
    assert result["status"] == "succeeded", result
    oracle = httpx.get(f"{api.stack.demo_site}/_oracle/crm").text
    assert oracle.count(text) == 1
    assert len(claude.done) == answered + 4
    assert round(result["summary"]["cost_total"] * 1_000_000) == claude.bill[KEY] - bill


def pause(seconds: float) -> None:
    """Let a moment pass, so that the kill comes at another place of the act."""
    time.sleep(seconds)
