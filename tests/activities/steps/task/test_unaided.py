"""The demo CRM's tasks by the free tiers alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.activities.steps.conftest import Bench
from tests.activities.steps.task.conftest import admitted

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

TASKS = json.loads((Path(__file__).parents[4] / "tasks/crm/crm_tasks.json").read_text())


def at(demo: str) -> dict[str, Any]:
    return json.loads(json.dumps(TASKS).replace("{{demo_site}}", demo))


async def test_the_tasks_of_the_crm_pass_without_a_model(bench: Bench, demo: str) -> None:
    document = at(demo)
    suite = await admitted(
        bench, document["tasks"], base_url=document["base_url"], auth=document["auth"]
    )
    passed = {}
    for index, task in enumerate(document["tasks"]):
        outcome = await suite.play(index, (), models=())
        passed[task["task_id"]] = (outcome.success, outcome.message)
    assert all(success for success, _ in passed.values()), passed
