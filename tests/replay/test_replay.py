"""Histories recorded by earlier code replay in the code of now, in the real sandbox.

A failure here means that runs that are under way would break: change the workflow under
`workflow.patched`, and record its new histories beside these (`python -m tests.replay.record`).
"""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.replay.asking import SCENARIOS
from workflows.plan_run import PlanRun
from workflows.sandbox import sandbox

RECORDED = {
    path.stem: path.read_text()
    for path in sorted((Path(__file__).parent / "histories").glob("*.json"))
}


def replayer() -> Replayer:
    return Replayer(
        workflows=[PlanRun],
        workflow_runner=sandbox(),
        data_converter=pydantic_data_converter,
    )


@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_history_replays(name: str) -> None:
    await replayer().replay_workflow(WorkflowHistory.from_json("run/t/recorded", RECORDED[name]))


def test_every_scenario_is_recorded() -> None:
    assert {name.split(".")[0] for name in RECORDED} >= set(SCENARIOS)


async def test_a_history_of_another_course_does_not_replay() -> None:
    """The test above would tell: another call, and the replay fails."""
    other = RECORDED["plain_run.1"].replace('"name":"click"', '"name":"scroll"')
    with pytest.raises(workflow.NondeterminismError):
        await replayer().replay_workflow(WorkflowHistory.from_json("run/t/other", other))
