"""The plans that ship with Mantis pass their own door."""

import pytest
from pydantic import JsonValue

from plans.caps import Caps
from plans.errors import PlanError
from plans.files import PlanFolders
from plans.submission import understand

PRESETS: dict[str, JsonValue] = {"demo_site": "http://127.0.0.1:4711"}
INPUTS: dict[str, JsonValue] = {"email": "demo@harbor.test", "password": "harbor-demo"}


@pytest.mark.parametrize(
    "body",
    [
        {"micro": "plans/example/extract_listings.json"},
        {"micro": "example/login-flow.json", "inputs": INPUTS},
        {"task_file": "tasks/crm/crm_tasks.json"},
    ],
)
def test_shipped_plans_are_understood(body: dict[str, JsonValue]) -> None:
    submission = understand(body, PlanFolders([]), Caps(), PRESETS)
    assert submission.hosts == {"127.0.0.1"}
    assert submission.name


def test_without_the_demo_site_the_demo_plan_says_what_it_lacks() -> None:
    with pytest.raises(PlanError, match="demo_site"):
        understand({"micro": "example/extract_listings.json"}, PlanFolders([]), Caps())
