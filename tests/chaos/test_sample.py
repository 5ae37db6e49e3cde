"""A few faults out of the campaign of `make chaos`, each at a moment that is worth it."""

import tempfile
from pathlib import Path

import pytest

from tests.chaos.campaign import Campaign, Order
from tests.chaos.faults import Fault
from tests.chaos.stage import Stage
from tests.chaos.table import details, report

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(600)]

SEED = 20
SAMPLE = [
    Order(Fault.BROWSER_WORKER, "order", "submit"),
    Order(Fault.CHROMIUM, "extraction", "extract_data"),
    Order(Fault.EVERYTHING, "login", "request_user_input"),
    Order(Fault.DRAIN, "extraction", "click"),
    Order(Fault.HOLDER, "login", "submit"),
    Order(Fault.WORKFLOW_WORKER, "order", "fill_field"),
]


def test_no_run_is_lost_or_done_twice_whatever_is_killed() -> None:
    told: list[str] = []
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        stage = Stage(Path(folder), small_disk=False)
        try:
            stage.start()
            campaign = Campaign(stage, SEED, told.append)
            campaign.run(SAMPLE)
            campaign.leaks += stage.stop()
        finally:
            stage.close()
    summed = report(campaign, ())
    wrong = [one for one in details(campaign)["runs"] if not (one["right"] or one["unknown"])]
    story = "\n".join((*told, summed.text(), *map(str, wrong)))
    assert len(campaign.strikes) == len(SAMPLE), story
    assert summed.wrong_counts() == [], story
