"""Runs that pause for an answer: on a living browser, over a restart, after its hold time."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from plans.example.site.accounts import DEMO_USER
from tests.e2e.canaries import Canaries, Recorder, files, histories, temporal_address
from tests.e2e.live import (
    ROOT,
    TERMINAL,
    Api,
    Document,
    LiveStack,
    Site,
    eventually,
    start_stack,
    stop_stack,
)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

LOGIN = {"email": DEMO_USER.email, "password": DEMO_USER.password}
WITHIN_S = 90
HOLD_S = 3


def paused(api: Api, run_id: str, after: str = "") -> Document:
    """The status of a run once it is paused, in a later pause than `after`."""

    def there() -> bool:
        status = api.get(run_id, "status")
        assert status["status"] not in TERMINAL, api.get(run_id, "result")
        return status["status"] == "paused" and status["pause_id"] != after

    eventually(there, WITHIN_S, f"run {run_id} is paused")
    return api.get(run_id, "status")


def resume(api: Api, run_id: str, **answer: object) -> httpx.Response:
    return api.client.post(f"/v1/runs/{run_id}/resume", json=answer)


def newest_code(site: str) -> str:
    """The code that a person would read from the inbox."""
    found = re.search(r'class="mail-code">(\d{6})<', httpx.get(f"{site}/inbox").text)
    assert found, "no mail"
    return found[1]


def succeeded(api: Api, run_id: str) -> Document:
    result = api.wait(run_id, WITHIN_S)
    assert result["status"] == "succeeded", result
    return result


def signed_in(visits: list[Document]) -> int:
    """How often a password was sent."""
    return sum((visit["method"], visit["path"]) == ("POST", "/account/login") for visit in visits)


def test_a_run_signs_in_with_a_code_that_a_person_reads(
    api: Api, stack: LiveStack, site: Site
) -> None:
    before = signed_in(site.requests())
    run_id = api.submit("plans/example/login-flow.json", inputs=LOGIN)
    status = paused(api, run_id)
    assert status["needs_input"] is True
    assert status["reason"] == "one_time_code"
    assert status["prompt"].startswith(
        f"Enter the 6-digit code that was sent to {DEMO_USER.email}."
    )
    assert "The page asks for a one-time code (6-digit code)." in status["prompt"]
    assert resume(api, run_id).status_code == 400
    assert resume(api, run_id, user_input="1", pause_id="p0").status_code == 400

    code = newest_code(site.url)
    answer = resume(api, run_id, user_input=code, pause_id=status["pause_id"])
    assert answer.status_code == 200, answer.text
    again = resume(api, run_id, user_input=code, pause_id=status["pause_id"])
    assert (again.status_code, again.json()) == (200, answer.json())

    result = succeeded(api, run_id)
    assert {row["order_number"] for row in result["result"]["rows"]} >= {"HM-70288", "HM-70103"}
    assert signed_in(site.requests()) == before + 1
    kinds = [event["kind"] for event in api.get(run_id, "events")["events"]]
    assert (kinds.count("pause"), kinds.count("resume")) == (1, 1)


def typing(site: str) -> list[Document]:
    """Asks twice, and types each answer into the message of an order form."""
    ask = {"intent": "Ask", "type": "request_user_input", "required": True}
    into = {"label": "Message to the seller", "value": "{{user_input}}"}
    fill = {
        "intent": "Fill the message to the seller with {{user_input}}",
        "type": "fill_field",
        "required": True,
        "params": into,
    }
    read = {
        "intent": "Extract the boat's name",
        "type": "extract_data",
        "extract": {"fields": [{"name": "name"}]},
    }
    boats = f"{site}/boats"
    return [
        {"intent": f"Go to {boats}", "type": "navigate", "required": True},
        {"intent": "Click the first listing", "type": "click", "required": True},
        {"intent": 'Click "Reserve this boat"', "type": "click", "required": True},
        {**ask, "params": {"prompt": "What do you say?"}, "out_var": "said"},
        fill,
        {**ask, "params": {"prompt": "And after {{said}}?"}},
        fill,
        read,
    ]


def test_an_answer_is_found_nowhere(stack: LiveStack, site: Site) -> None:
    """
    > Placeholders in intents and string params: `{{user_input}}`,

    > The answer goes back to the tool or into `{{user_input}}`, may be any JSON value, and
    > appears in no result, log, event, video or readable history.
    """
    birds, api = Canaries(), Recorder(stack)
    with api.client:
        run_id = api.submit(typing(site.url))
        first = paused(api, run_id)
        assert first["prompt"] == "What do you say?"
        said = {"first": [birds.hatch("answer in a list")], "number": 7}
        assert resume(api, run_id, user_input=said).status_code == 200
        second = paused(api, run_id, first["pause_id"])
        assert second["prompt"] == "And after ***?"
        assert resume(api, run_id, user_input=said).status_code == 200
        assert resume(api, run_id, user_input="9", pause_id="p1").status_code == 400
        succeeded(api, run_id)
        api.read_all(run_id)
    assert second["pause_id"] != first["pause_id"]
    leaks = {f"answer {at}": birds.found_in(text) for at, text in enumerate(api.answers)}
    for name, content in files(stack.data_dir):
        leaks[name] = birds.found_in(content)
    for name, content in asyncio.run(histories(temporal_address(stack), stack.data_dir)):
        leaks[f"history {name}"] = birds.found_in(content)
    assert {place: found for place, found in leaks.items() if found} == {}


@pytest.fixture(scope="module")
def shop() -> Iterator[Site]:
    """A demo site that outlives the stack."""
    command = [sys.executable, "-m", "plans.example.marketplace"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Site(process.stdout.readline().split()[1])
        finally:
            process.terminate()


class Restarting:
    """A stack of one data folder that may end and start again."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._start({})

    def _start(self, more: dict[str, str]) -> None:
        environment = {"MANTIS_ALLOW_PRIVATE_HOSTS": "127.0.0.1:*", **more}
        self.stack = start_stack(self._data_dir, environment)
        self.api = Api(self.stack)

    def stop(self) -> None:
        self.api.client.close()
        stop_stack(self.stack)

    def restart(self) -> None:
        """From then on the browser of a pause is kept for a moment alone."""
        self.stop()
        self._start({"MANTIS_PAUSE_HOLD_MINUTES": str(HOLD_S / 60)})


@pytest.fixture(scope="module")
def restarting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarting]:
    started = Restarting(tmp_path_factory.mktemp("pause") / "data")
    try:
        yield started
    finally:
        started.stop()


def login_steps(api: Api, site: str) -> list[Document]:
    """The shipped plan of the code login, at another site."""
    plan = (ROOT / "plans/example/login-flow.json").read_text()
    steps: list[Document] = httpx.Response(200, text=plan.replace("{{demo_site}}", site)).json()[
        "steps"
    ]
    return steps


def test_a_half_filled_form_is_there_after_a_restart(restarting: Restarting, shop: Site) -> None:
    boat = shop.listings()[0]
    message = "Please call before noon."
    steps = [
        {
            "intent": f"Go to {shop.url}{boat['url']}/reserve",
            "type": "navigate",
            "required": True,
        },
        *(
            {
                "intent": f"Fill the {label} field with {value}",
                "type": "fill_field",
                "required": True,
                "params": {"label": label, "value": value},
            }
            for label, value in (
                ("Full name", "Dana Reyes"),
                ("Email", "dana@harbor.test"),
                ("Message to the seller", message),
            )
        ),
        {
            "intent": "Ask",
            "type": "request_user_input",
            "required": True,
            "params": {"prompt": "Really?"},
        },
        {
            "intent": 'Click the checkbox "I agree to the reservation terms"',
            "type": "click",
            "required": True,
        },
        {
            "intent": 'Click the "Place reservation" button',
            "type": "submit",
            "required": True,
            "gate": True,
            "verify": 'Page shows text "your reservation is placed"',
        },
    ]
    run_id = restarting.api.submit(steps)
    before = paused(restarting.api, run_id)
    visitor_orders = len(httpx.get(f"{shop.url}/_oracle/orders").json()["orders"])

    assert restarting.stack.browsers()
    restarting.restart()

    api = restarting.api
    after = paused(api, run_id)
    assert (after["pause_id"], after["prompt"]) == (before["pause_id"], "Really?")
    assert not restarting.stack.browsers()
    assert resume(api, run_id, user_input=True).status_code == 200
    succeeded(api, run_id)
    orders = httpx.get(f"{shop.url}/_oracle/orders").json()["orders"]
    assert len(orders) == visitor_orders + 1
    assert orders[-1]["message"] == message


def test_a_code_that_is_stale_is_asked_for_again(restarting: Restarting, shop: Site) -> None:
    """The page of the code came by POST: when its browser is gone, so is the code's worth.

    The stack is the one that was started again above.
    """
    api = restarting.api
    run_id = api.submit(login_steps(api, shop.url), inputs=LOGIN)
    first = paused(api, run_id)
    stale = newest_code(shop.url)
    eventually(lambda: not restarting.stack.browsers(), WITHIN_S, "the browser is not kept")
    assert api.get(run_id)["status"] == "paused"

    assert resume(api, run_id, user_input=stale).status_code == 200
    second = paused(api, run_id, first["pause_id"])
    assert second["reason"] == "one_time_code"
    assert newest_code(shop.url) != stale
    assert signed_in(shop.requests()) == 2
    old = resume(api, run_id, user_input="000000", pause_id=first["pause_id"])
    assert old.status_code == 400, old.text
    assert answer_codes(api, run_id, shop)["result"]["rows"]


def answer_codes(api: Api, run_id: str, shop: Site) -> Document:
    """Answer each pause with the code that is newest then, until the run has succeeded."""

    def over() -> bool:
        status = api.get(run_id, "status")
        if status["status"] == "paused":
            code, pause_id = newest_code(shop.url), status["pause_id"]
            resume(api, run_id, user_input=code, pause_id=pause_id)
        return status["status"] in TERMINAL

    eventually(over, WITHIN_S, f"run {run_id} has the code")
    return succeeded(api, run_id)
