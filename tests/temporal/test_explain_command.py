"""`mantis explain`, on a ledger and a run's folder that other processes may have open."""

import argparse
import asyncio
import json
from pathlib import Path

import pytest

from activities.settings import ActivitySettings
from inference.cascade import Cascade
from inference.decisions import ActKind, Candidate, Decision, Question
from inference.sight import sight_of
from inference.sight_page import Look, sight_page
from ledger.ledger import Ledger
from ledger.models import Limits, NewEvent, NewRun
from plans.step import Perception, Step, StepType, TierName
from temporal.explain_command import explain
from tests.inference.observed import page_of
from tests.inference.scripted import ScriptedTier

RUN = "20260101_000000_00000001"
STEP = {
    "index": 1,
    "type": "click",
    "intent": "Click Go",
    "success": True,
    "attempts": 1,
    "tier": "dom",
    "confidence": 0.91,
    "duration": 0.25,
    "url": "https://shop.example/",
}


def command(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    explain(parser)
    arguments = parser.parse_args([*words, "--data-dir", str(folder)])
    return int(arguments.handler(arguments))


async def _looks() -> str:
    page = page_of(["Go", "Stop [red]"])
    question = Question(step=Step(type=StepType.CLICK, intent="Click Go"), intent="Click Go")
    candidates = (
        Candidate(ref=0, name="Go", role="button", score=0.9),
        Candidate(ref=1, name="Stop [red]", role="button", score=0.2),
    )
    decision = Decision(
        act=ActKind.CLICK, ref=0, confidence=0.91, tier=TierName.DOM, candidates=candidates
    )
    cascade = Cascade([ScriptedTier(TierName.DOM, [decision])])
    answer = await cascade.decide(page, question, Perception.AUTO)
    sight = sight_of(page, question, Perception.AUTO, answer)
    return sight_page("Step 1", [Look(sight.model_copy(update={"came_of": "done"}))])


async def _fill(folder: Path, tenants: tuple[str, ...]) -> None:
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{folder}/ledger.db")
    try:
        for tenant in tenants:
            await ledger.runs.admit(
                NewRun(
                    tenant_id=tenant,
                    run_id=RUN,
                    plan=[],
                    plan_name="",
                    payload={},
                    signature="s",
                    state_key="k",
                    profile_id=None,
                    perception=Perception.AUTO,
                    limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
                    created_at=1_000_000,
                )
            )
            failed = {**STEP, "success": False, "error": "not there", "explained": "gone.html"}
            row = {"fields": {"price": {"value": "$9", "raw": "Price: $9", "source": "label",
                                        "element": "dl > dd", "confidence": 0.9}}}  # fmt: skip
            events = [
                NewEvent(dedup_key="step:1:0:1:action", kind="action", step_index=1, body=failed),
                NewEvent(dedup_key="step:1:0:2:step", kind="step", step_index=1,
                         body={**STEP, "attempts": 2, "intent": "Click Go once more"}),
                NewEvent(dedup_key="step:1:1:1:step", kind="step", step_index=1,
                         body={**STEP, "explained": "step_1_1_1.html"}),
                NewEvent(dedup_key="row:1:a", kind="extract", step_index=1, body={"row": row}),
            ]  # fmt: skip
            await ledger.events.append(tenant, RUN, events)
    finally:
        await ledger.close()
    run_dir = ActivitySettings(data_dir=folder).run_dir("acme", RUN)
    run_dir.mkdir(parents=True)
    (run_dir / "step_1_1_1.html").write_text(await _looks(), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asyncio.run(_fill(tmp_path, ("acme",)))
    return tmp_path


def test_it_tells_what_was_seen_weighed_and_chosen(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(folder, RUN, "1") == 0
    told = capsys.readouterr().out
    assert "Step 1 click: Click Go" in told
    assert "passed, answered by dom, 0.91 sure" in told
    assert "2 elements on 'Shop'" in told
    assert "memory not configured" in told
    assert "0.20  button 'Stop [red]'" in told
    assert "chosen: click button 'Go'" in told
    assert "price: '$9', from label, reads 'Price: $9', 0.90 sure, dl > dd" in told
    assert "step_1_1_1.html" in told


def test_an_execution_is_named_by_its_visit_and_shows_all_its_tries(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(folder, RUN, "1", "--visit", "0") == 0
    told = capsys.readouterr().out
    assert told.index("error: not there") < told.index("Click Go once more")
    assert "gone.html is not in the run's folder" in told


def test_programs_get_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(folder, RUN, "1", "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["step"]["intent"] == "Click Go"
    assert one["looks"][0]["chosen"]["targets"][0]["name"] == "Go"
    assert one["rows"][0]["row"]["fields"]["price"]["value"] == "$9"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nope", "1"), "there is no run nope"),
        ((RUN, "7"), "step 7 of run 20260101_000000_00000001 was not executed; executed: 1"),
        ((RUN, "1", "--visit", "5"), "has no execution 5"),
        ((RUN, "1", "--tenant", "other"), "there is no run"),
    ],
)
def test_what_is_not_there_is_said(
    folder: Path, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(folder, *words) == 1
    assert told in capsys.readouterr().err


def test_a_run_id_of_several_tenants_needs_the_tenant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_fill(tmp_path, ("acme", "other")))
    assert command(tmp_path, RUN, "1") == 1
    assert "give --tenant" in capsys.readouterr().err
    assert command(tmp_path, RUN, "1", "--tenant", "acme") == 0


def test_without_a_ledger_it_says_where_to_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path / "none", RUN, "1") == 1
    assert "give --data-dir" in capsys.readouterr().err
