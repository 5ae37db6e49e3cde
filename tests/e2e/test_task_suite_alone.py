"""The demo CRM's suite through the HTTP API of a service without any model."""

import json
from pathlib import Path

import httpx
import pytest

from tests.e2e.live import Api, Site

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]

PATH = Path(__file__).parents[2] / "tasks/crm/crm_tasks.json"


def test_the_suite_of_the_crm_passes_without_a_model(api: Api, site: Site) -> None:
    """> A task suite without any model is accepted: the free tiers try."""
    httpx.post(f"{site.url}/_oracle/reset").raise_for_status()
    answer = api.client.post("/v1/predict", json={"task_suite": json.loads(PATH.read_text())})
    assert answer.status_code == 200, answer.text
    result = api.wait(answer.json()["run_id"], 200)
    assert result["status"] == "succeeded", result
    told = result["result"]
    assert (told["passed"], told["total"]) == (8, 8)
    assert result["summary"]["cost_total"] == 0
    assert all(one["verify"]["passed"] and one["steps"] >= 1 for one in told["tasks"])
    assert "crm-demo" not in json.dumps(result) and "sam@crm.test" not in json.dumps(result)
