"""Contract, section 3: a run that goes on from one that failed or was cancelled."""

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from plans.example.site.accounts import DEMO_USER
from tests.contract.live.conftest import NAVIGATE, Caller, Document
from tests.e2e.live import ROOT, LiveStack, Site, eventually

pytestmark = pytest.mark.stack

ITEMS = 4


def listings(visitor: str, count: int = ITEMS) -> list[Document]:
    """The demo extraction of a few listings, by a visitor of its own."""
    plan = json.loads((ROOT / "plans/example/extract_listings.json").read_text())
    steps: list[Document] = plan["steps"][:5]
    text = json.dumps(steps).replace(
        "{{demo_site}}/boats?", f"{{{{demo_site}}}}/boats?visitor={visitor}&"
    )
    steps = json.loads(text)
    assert visitor in json.dumps(steps)
    steps[4]["loop_count"] = count
    return steps


def rows_of(acme: Caller, run_id: str) -> int:
    events = acme.get(f"/v1/runs/{run_id}/events").json()["events"]
    return sum(event["kind"] == "extract" for event in events)


def test_a_cancelled_run_is_gone_on_from(acme: Caller, stack: LiveStack):
    """
    > `resume_state` | false | go on from the newest failed or cancelled run of that workflow_id (a
    > checkpoint belongs to one run; runs side by side do not overwrite each other): next step, rows
    > already extracted, browser state.

    > Budgets are per run |
    """
    steps = listings("goes-on", 6)
    body = {"task_suite": steps, "workflow_id": "goes-on"}
    first = acme.submit(**body)
    eventually(lambda: rows_of(acme, first) >= 2, 120, "two records")
    assert acme.cancel(first)["status"] == "cancelled"
    got = acme.result(first)["result"]["rows"]
    second = acme.submit(**body, resume_state=True)
    logs = acme.get(f"/v1/runs/{second}/logs").text
    assert f"goes on from run {first}, {len(got)} records come along" in logs
    done = acme.wait(second)
    assert (done["status"], done["resumed_from"]) == ("succeeded", first)
    rows = done["result"]["rows"]
    assert rows[: len(got)] == got and len(rows) == 6 == done["summary"]["viable"]
    urls = [row["url"] for row in rows]
    assert len(set(urls)) == len(urls)
    paths = {urlsplit(url).path for url in urls}
    (folder,) = {path.rpartition("/")[0] for path in paths}
    opened = {visit["path"] for visit in Site(stack.demo_site).requests("goes-on")}
    assert {path for path in opened if path.rpartition("/")[0] == folder} == paths
    steps_done = done["result"]["steps"]
    assert not any(step["type"] == "navigate" and step["success"] for step in steps_done)
    third = acme.submit(**body, resume_state=True)
    assert "succeeded, fresh start" in acme.get(f"/v1/runs/{third}/logs").text
    acme.cancel(third)


def test_a_failed_run_is_gone_on_from_at_the_step_that_failed(acme: Caller, stack: LiveStack):
    """> go on from the newest failed or cancelled run of that workflow_id"""
    steps: list[Any] = [
        {**NAVIGATE, "intent": "Go to {{demo_site}}/boats?visitor=failed-once"},
        {"intent": 'Click "{{button}}"', "type": "click", "required": True},
    ]
    body = {"task_suite": steps, "workflow_id": "failed-once"}
    first = acme.submit(**body, inputs={"button": "No such thing at all"})
    assert acme.wait(first)["status"] == "failed"
    second = acme.submit(**body, inputs={"button": "Search"}, resume_state=True)
    done = acme.wait(second)
    assert done["status"] == "succeeded", done.get("message")
    assert [step["type"] for step in done["result"]["steps"]] == ["click"]


def test_a_run_that_waited_for_a_code_signs_in_anew_and_asks_again(acme: Caller, stack: LiveStack):
    """> next step, rows already extracted, browser state."""
    plan = json.loads((ROOT / "plans/example/login-flow.json").read_text())
    inputs = {"email": DEMO_USER.email, "password": DEMO_USER.password}
    body = {"task_suite": plan["steps"], "inputs": inputs, "workflow_id": "asks-again"}
    first = acme.submit(**body)
    acme.wait_until(first, "paused", 120)
    assert acme.cancel(first)["status"] == "cancelled"
    second = acme.submit(**body, resume_state=True)
    acme.wait_until(second, "paused", 120)
    assert acme.status(second)["prompt"].startswith("Enter the 6-digit code")
    codes = httpx.get(f"{stack.demo_site}/_oracle/codes").json()["codes"]
    answer = acme.act("resume", second, user_input=codes[0]["code"])
    assert answer.status_code == 200, answer.text
    done = acme.wait(second)
    assert done["status"] == "succeeded", done.get("message")
    assert len(codes) == 2


def test_what_resume_state_refuses(acme: Caller):
    """
    > a changed plan with `resume_state`;

    > `resume_state` while an older run of that workflow_id is not terminal
    """
    wait = {"intent": "Wait", "type": "wait", "params": {"seconds": 30}}
    body = {"task_suite": [NAVIGATE, wait], "workflow_id": "refused"}
    first = acme.submit(**body)
    open_still = acme.post({**body, "resume_state": True})
    assert open_still.status_code == 409 and first in open_still.json()["detail"]
    acme.cancel(first)
    changed = acme.post({**body, "task_suite": [NAVIGATE], "resume_state": True})
    assert changed.status_code == 400
