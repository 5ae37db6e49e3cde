"""Marks and answers, as PlanRun has them written down."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import JsonValue
from temporalio.exceptions import ApplicationError

from activities.pauses import PauseActivities
from ledger.ledger import Ledger
from ledger.models import Limits, NewPause, NewRun, Phase, RunStatus
from ledger.vault import Keyring, new_key
from plans.answers import answer_name
from plans.calls import Call, CallKind
from plans.placeholders import reference
from plans.step import Perception, Section, Step, StepType
from workflows.interfaces import PauseClosing, PhaseMark, RunKey

RUN = RunKey(tenant_id="acme", run_id="20260101_000000_0000abcd")
KEY = (RUN.tenant_id, RUN.run_id)
CALL = Call(
    kind=CallKind.PAUSE,
    index=4,
    step=Step(intent="Ask", type=StepType.REQUEST_USER_INPUT, out_var="code"),
    section=Section.SETUP,
)


@pytest.fixture
async def paused(tmp_path: Path) -> AsyncIterator[Ledger]:
    url = f"sqlite+aiosqlite:///{tmp_path}/ledger.db"
    ledger = await Ledger.open(url, keyring=Keyring([new_key()]))
    new = NewRun(
        tenant_id=RUN.tenant_id,
        run_id=RUN.run_id,
        plan=[],
        plan_name="",
        payload={},
        signature="ab",
        state_key="ab",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
        created_at=1,
    )
    await ledger.runs.admit(new)
    await ledger.runs.begin(*KEY, 2)
    asked = NewPause(pause_id="p1", prompt="Code?", reason="user_input", needs_input=True)
    await ledger.pauses.open(*KEY, asked, 3)
    yield ledger
    await ledger.close()


def closing(**more: JsonValue) -> PauseClosing:
    return PauseClosing(run=RUN, pause_id="p1", call=CALL).model_copy(update=more)


@pytest.mark.parametrize(
    ("value", "truth"), [("482913", True), ("no", False), (0, False), (None, False), ([1], True)]
)
async def test_an_answer_is_known_by_its_truth_and_kept_as_a_secret(
    paused: Ledger, value: JsonValue, truth: bool
):
    name = answer_name("p1", "f" * 64)
    await paused.secrets.add(*KEY, name, value)
    closed = await PauseActivities(paused).close_pause(closing(answer=name))
    assert closed.truth is truth
    values = await paused.variables.get_all(*KEY)
    assert values == {"user_input": reference(name), "code": reference(name)}
    (recorded,) = await paused.outcomes.read(*KEY)
    assert (recorded.call_key, recorded.outcome) == (CALL.key, {"success": True, "truth": truth})
    pause = await paused.pauses.newest(*KEY)
    assert pause is not None and pause.fingerprint == "f" * 32
    row = await paused.runs.get(*KEY)
    assert row is not None and row.status is RunStatus.RUNNING


async def test_closing_again_changes_nothing(paused: Ledger):
    activities = PauseActivities(paused)
    name = answer_name("p1", "f" * 64)
    await paused.secrets.add(*KEY, name, "1")
    first = await activities.close_pause(closing(answer=name))
    assert await activities.close_pause(closing(answer=name)) == first
    assert len(await paused.events.of_kind(*KEY, "resume")) == 1


async def test_an_answer_by_signal_is_put_among_the_secrets(paused: Ledger):
    closed = await PauseActivities(paused).close_pause(closing(user_input="zq-77"))
    assert closed.truth
    (name,) = await paused.secrets.read(*KEY)
    assert (await paused.variables.get_all(*KEY))["user_input"] == reference(name)
    assert "zq-77" not in str(await paused.events.read(*KEY))


async def test_no_input_was_asked_for(paused: Ledger):
    closed = await PauseActivities(paused).close_pause(closing(call=None))
    assert closed.truth
    assert await paused.variables.get_all(*KEY) == {}
    assert await paused.outcomes.read(*KEY) == ()


async def test_a_pause_that_nobody_knows(paused: Ledger):
    with pytest.raises(ApplicationError) as refused:
        await PauseActivities(paused).close_pause(closing(pause_id="p9"))
    assert refused.value.non_retryable


async def test_a_mark_shows_in_the_poll_and_in_the_log(paused: Ledger):
    mark = PhaseMark(run=RUN, number=1, phase="recovering", message="the browser is gone")
    for _ in range(2):
        await PauseActivities(paused).mark_phase(mark)
    row = await paused.runs.get(*KEY)
    assert row is not None and row.phase is Phase.RECOVERING
    (event,) = await paused.events.of_kind(*KEY, "recovering")
    assert event.body == {"message": "the browser is gone"}


@pytest.mark.parametrize("by_signal", [False, True])
async def test_an_answer_to_a_call_in_turns_is_told_by_its_name_alone(
    paused: Ledger, by_signal: bool
):
    """The call is not over by it, and the plan's own variables stay what they were."""
    step = Step(intent="Sign in", type=StepType.SUBMIT, out_var="code")
    call = CALL.model_copy(update={"kind": CallKind.STEP, "step": step, "turn": 1})
    name = answer_name("p1", "f" * 64)
    await paused.secrets.add(*KEY, name, "482913")
    given: dict[str, JsonValue] = {"user_input": "482913"} if by_signal else {"answer": name}
    asked = closing(**given).model_copy(update={"call": call, "in_turns": True})
    closed = await PauseActivities(paused).close_pause(asked)
    assert closed.truth is True
    assert closed.answer.startswith("secret.answer.p1")
    assert (closed.answer == name) is not by_signal
    assert (await paused.secrets.read(*KEY))[closed.answer] == "482913"
    assert await paused.variables.get_all(*KEY) == {}
    assert await paused.outcomes.read(*KEY) == ()
    row = await paused.runs.get(*KEY)
    assert row is not None and row.status is RunStatus.RUNNING
