"""Contract, section 4: what a task suite brought."""

import pytest

from tests.contract.live.conftest import Caller

pytestmark = pytest.mark.stack

TASK = {"task_id", "success", "steps", "verify", "duration", "cost", "final_url"}


def test_a_suites_result_tells_of_each_task(acme: Caller):
    """
    > For task suites: `result.tasks: [{task_id, success, steps, verify{type,value,passed},
    > duration, cost, final_url}]`, `passed`, `total`.
    """
    listing = {"type": "url_contains", "value": "/boats"}
    missing = {"type": "page_contains_text", "value": "there is no such text"}
    suite = {
        "session_name": "boats",
        "base_url": "{{demo_site}}",
        "tasks": [
            {
                "task_id": "look",
                "intent": "Open {{demo_site}}/boats",
                "start_url": "/",
                "verify": listing,
            },
            {
                "task_id": "miss",
                "intent": "Open {{demo_site}}/boats",
                "start_url": "/",
                "verify": missing,
            },
        ],
    }
    over = acme.wait(acme.submit(task_suite=suite))
    assert (over["status"], over["halt_class"]) == ("failed", "step_failed")
    result = over["result"]
    assert (result["passed"], result["total"]) == (1, 2)
    look, miss = result["tasks"]
    assert set(look) == set(miss) == TASK
    assert (look["task_id"], look["success"], look["steps"]) == ("look", True, 1)
    assert look["verify"] == {**listing, "passed": True}
    assert look["final_url"].endswith("/boats")
    assert look["duration"] > 0 and look["cost"] == 0
    assert (miss["task_id"], miss["success"]) == ("miss", False)
    assert miss["verify"] == {**missing, "passed": False}
