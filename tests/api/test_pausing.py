"""Pausing and resuming over HTTP: real Temporal, and a workflow that takes answers as PlanRun."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from temporalio import workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.pauses import PauseActivities
from api.app import create_app
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, NewPause, RunStatus
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from plans.calls import Call, CallKind
from plans.placeholders import reference
from plans.step import HaltClass, Section, Step, StepType
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.api.conftest import TOKEN, over_asgi
from workflows.interfaces import (
    CLOSE_PAUSE,
    PLAN_RUN,
    RUNS_QUEUE,
    PauseClosed,
    PauseClosing,
    RunInput,
)
from workflows.messages import CancelRequest, PauseRequest, Resumed, ResumeRequest

PLAN = [{"intent": "Ask for the code", "type": "request_user_input"}]
ASKED = NewPause(
    pause_id="p1", prompt="Which code was sent?", reason="user_input", needs_input=True
)
LOOKED_AT = NewPause(
    pause_id="p1", prompt="Paused from outside", reason="external", needs_input=False
)
STEP = Step(intent="Ask", type=StepType.REQUEST_USER_INPUT, out_var="code")


@workflow.defn(name=PLAN_RUN)
class Pausing:
    """Takes answers to `p1`, then to `p2`, as PlanRun does; before `ready` it is not paused."""

    def __init__(self) -> None:
        self._ready = True
        self._at = 1
        self._heard: list[str] = []
        self._over = False
        self._request: RunInput | None = None

    @workflow.run
    async def run(self, request: RunInput) -> list[str]:
        self._request = request
        await workflow.wait_condition(lambda: self._over)
        return self._heard

    @workflow.signal
    def busy(self, seconds: float) -> None:
        self._ready = False

    @workflow.signal
    def ready(self) -> None:
        self._ready = True

    @workflow.signal
    def pause(self, message: PauseRequest) -> None:
        self._heard.append(f"pause {message.reason}")

    @workflow.signal
    def cancel(self, message: CancelRequest) -> None:
        self._heard.append(f"cancel {message.reason}")
        self._over = True

    @workflow.signal
    def end(self) -> None:
        self._over = True

    @workflow.update
    async def resume(self, message: ResumeRequest) -> Resumed:
        await workflow.wait_condition(lambda: self._request is not None)
        assert self._request is not None
        pause_id, self._at = f"p{self._at}", self._at + 1
        call = Call(kind=CallKind.PAUSE, index=0, step=STEP, section=Section.SETUP, visit=self._at)
        closed = await workflow.execute_activity(
            CLOSE_PAUSE,
            PauseClosing(
                run=self._request.key, pause_id=pause_id, call=call, answer=message.answer
            ),
            result_type=PauseClosed,
            start_to_close_timeout=timedelta(seconds=20),
        )
        return Resumed(pause_id=pause_id, resumed_at_ms=closed.resumed_at_ms)

    @resume.validator
    def takes(self, message: ResumeRequest) -> None:
        if not self._ready:
            raise ApplicationError("not paused yet", type="NotPaused")
        if message.pause_id != f"p{self._at}":
            raise ApplicationError("an older pause", type="OlderPause")


@pytest.fixture
def keys(ledger_settings: LedgerSettings) -> Keyring:
    return Keyring.load(ledger_settings)


@pytest.fixture
async def paused_app(
    settings: ApiSettings, ledger_settings: LedgerSettings, temporal_address: str, keys: Keyring
) -> AsyncIterator[FastAPI]:
    made = create_app(settings, ledger_settings, TemporalSettings(address=temporal_address))
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def caller(paused_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with over_asgi(paused_app, **{"X-Mantis-Token": TOKEN}) as opened:
        yield opened


@pytest.fixture
async def kept(
    paused_app: FastAPI, ledger_settings: LedgerSettings, keys: Keyring
) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(ledger_settings.url, keyring=keys)
    yield opened
    await opened.close()


@pytest.fixture
async def temporal(temporal_address: str, keys: Keyring) -> Client:
    return await connect(TemporalSettings(address=temporal_address), keys)


@asynccontextmanager
async def working(temporal: Client, kept: Ledger) -> AsyncIterator[None]:
    async with Worker(
        temporal,
        task_queue=RUNS_QUEUE,
        workflows=[Pausing],
        activities=[PauseActivities(kept).close_pause],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield


@pytest.fixture
async def worker(temporal: Client, kept: Ledger) -> AsyncIterator[None]:
    async with working(temporal, kept):
        yield


async def until_told(kept: Ledger) -> None:
    async with asyncio.timeout(30):
        while True:
            if not await kept.outbox.waiting():
                return
            await asyncio.sleep(0.05)


async def first_run(kept: Ledger) -> str:
    async with asyncio.timeout(30):
        while True:
            page = await kept.runs.page("default", None, 1, None)
            if page.runs:
                return page.runs[0].run_id
            await asyncio.sleep(0.05)


async def submit(caller: httpx.AsyncClient, kept: Ledger) -> str:
    answer = await caller.post("/v1/predict", json={"task_suite": PLAN})
    run_id = str(answer.json()["run_id"])
    await until_told(kept)
    await kept.runs.begin("default", run_id, now_micros())
    return run_id


async def pausing(caller: httpx.AsyncClient, kept: Ledger, pause: NewPause = ASKED) -> str:
    run_id = await submit(caller, kept)
    await kept.pauses.open("default", run_id, pause, now_micros())
    return run_id


async def resume(caller: httpx.AsyncClient, run_id: str, **body: object) -> httpx.Response:
    return await caller.post(f"/v1/runs/{run_id}/resume", json=body)


async def status(caller: httpx.AsyncClient, run_id: str) -> dict[str, object]:
    return (await caller.get(f"/v1/runs/{run_id}/status")).json()


async def end(temporal: Client, run_id: str) -> list[str]:
    handle = temporal.get_workflow_handle(f"run/default/{run_id}", result_type=list[str])
    await handle.signal("end")
    return await handle.result()


PAUSE_FIELDS = {"prompt", "reason", "needs_input", "pause_id", "paused_at", "pause_state"}


async def test_a_paused_run_says_what_it_waits_for(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    run_id = await pausing(caller, kept)
    shown = await status(caller, run_id)
    assert (shown["status"], shown["prompt"]) == ("paused", "Which code was sent?")
    assert (shown["reason"], shown["needs_input"], shown["pause_id"]) == ("user_input", True, "p1")
    assert set(shown) >= PAUSE_FIELDS
    assert isinstance(shown["pause_state"], str) and str(shown["paused_at"]).endswith("Z")
    result = (await caller.get(f"/v1/runs/{run_id}/result")).json()
    assert set(result) >= PAUSE_FIELDS
    assert (result["result"], result["result_ready"]) == (None, False)
    poll = (await caller.get(f"/v1/runs/{run_id}")).json()
    assert (poll["status"], poll["phase"]) == ("paused", "running")
    assert (await caller.get("/v1/queue")).json()["running"] == 1
    await end(temporal, run_id)


async def test_an_answer_lets_the_run_go_on_and_is_readable_nowhere(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    run_id = await pausing(caller, kept)
    answer = await resume(caller, run_id, user_input="zq-482913")
    assert answer.status_code == 200
    body = answer.json()
    assert (set(body), body["run_id"], body["status"]) == (
        {"run_id", "status", "resumed_at"},
        run_id,
        "running",
    )
    shown = await status(caller, run_id)
    assert shown["status"] == "running"
    assert not PAUSE_FIELDS & set(shown)
    values = await kept.variables.get_all("default", run_id)
    assert values["user_input"] == values["code"]
    secrets = await kept.secrets.read("default", run_id)
    assert values["user_input"] == reference(next(iter(secrets)))
    assert list(secrets.values()) == ["zq-482913"]
    for part in ("status", "result", "logs", "events"):
        assert "482913" not in (await caller.get(f"/v1/runs/{run_id}/{part}")).text
    handle = temporal.get_workflow_handle(f"run/default/{run_id}")
    assert "482913" not in (await handle.fetch_history()).to_json()
    async for event in handle.fetch_history_events():
        taken = event.workflow_execution_update_accepted_event_attributes.accepted_request.input
        told = await temporal.data_converter.decode(list(taken.args.payloads))
        assert "482913" not in json.dumps(told, default=str)
    await end(temporal, run_id)


async def test_the_same_answer_again_is_the_same_200_and_another_one_is_not(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    run_id = await pausing(caller, kept)
    many = await asyncio.gather(
        *(resume(caller, run_id, user_input={"code": 7}, pause_id="p1") for _ in range(10))
    )
    assert {answer.status_code for answer in many} == {200}
    assert len({answer.text for answer in many}) == 1
    other = await resume(caller, run_id, user_input={"code": 8}, pause_id="p1")
    assert (other.status_code, "another answer" in other.text) == (400, True)
    without_id = await resume(caller, run_id, user_input={"code": 7})
    assert (without_id.status_code, "only a paused run" in without_id.text) == (400, True)
    await kept.pauses.open(
        "default", run_id, ASKED.model_copy(update={"pause_id": "p2"}), now_micros()
    )
    older = await resume(caller, run_id, user_input={"code": 7}, pause_id="p1")
    assert (older.status_code, "answer p2" in older.text) == (400, True)
    unknown = await resume(caller, run_id, user_input=1, pause_id="p\u20282" * 99)
    assert unknown.status_code == 400 and "Traceback" not in unknown.text
    assert (await resume(caller, run_id, user_input=None)).status_code == 200
    again = await resume(caller, run_id, user_input=None, pause_id="p2")
    ending = Ending(status=RunStatus.FAILED, halt_class=HaltClass.TIMEOUT)
    await kept.runs.finish("default", run_id, ending, now_micros())
    late = await resume(caller, run_id, user_input=None, pause_id="p2")
    assert (late.status_code, late.text) == (200, again.text)
    await end(temporal, run_id)


async def test_of_many_different_answers_one_counts(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    run_id = await pausing(caller, kept)
    many = await asyncio.gather(*(resume(caller, run_id, user_input=n) for n in range(8)))
    assert sorted(answer.status_code for answer in many) == [200] + [400] * 7
    first = next(n for n, answer in enumerate(many) if answer.status_code == 200)
    newest = await kept.pauses.newest("default", run_id)
    assert newest is not None
    assert (await kept.secrets.read("default", run_id))[newest.answer_name] == first
    await end(temporal, run_id)


@pytest.mark.parametrize(
    "given", ["", 0, False, None, 3.5, [], {"a": [1, {"b": None}]}, "é\n\U0001f600", "x" * 900_000]
)
async def test_an_answer_is_any_json_value(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client, given: object
):
    run_id = await pausing(caller, kept)
    assert (await resume(caller, run_id, user_input=given)).status_code == 200
    (kept_value,) = (await kept.secrets.read("default", run_id)).values()
    assert kept_value == given and type(kept_value) is type(given)
    await end(temporal, run_id)


async def test_what_no_answer_can_be_is_refused(caller: httpx.AsyncClient, kept: Ledger):
    run_id = await pausing(caller, kept)
    url = f"/v1/runs/{run_id}/resume"
    missing = await caller.post(url, json={})
    assert (missing.status_code, "user_input" in missing.text) == (400, True)
    assert (await caller.post(url)).status_code == 400
    deep = '{"user_input": ' + "[" * 70 + "]" * 70 + "}"
    for body in (
        deep,
        '{"user_input": "\\u0000"}',
        '{"user_input": "\\ud800"}',
        '{"user_input": NaN}',
    ):
        refused = await caller.post(url, content=body)
        assert (refused.status_code, list(refused.json())) == (400, ["detail"])
    huge = await caller.post(url, json={"user_input": "x" * 1_100_000})
    assert huge.status_code == 413
    for pause_id in (7, ["p1"], {}):
        assert (await resume(caller, run_id, user_input="1", pause_id=pause_id)).status_code == 400
    by_action = {"action": "resume", "run_id": run_id}
    assert (await caller.post("/v1/predict", json=by_action)).json() == missing.json()
    assert await kept.secrets.read("default", run_id) == {}


async def test_no_worker_is_up(caller: httpx.AsyncClient, kept: Ledger, temporal: Client):
    run_id = await pausing(caller, kept)
    refused = await resume(caller, run_id, user_input="1")
    assert (refused.status_code, "still paused" in refused.json()["detail"]) == (503, True)
    assert (await status(caller, run_id))["status"] == "paused"
    async with working(temporal, kept):
        again = await resume(caller, run_id, user_input="1")
        assert again.status_code == 200
        await end(temporal, run_id)


async def test_a_workflow_on_its_way_into_the_pause_is_asked_again(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    run_id = await pausing(caller, kept)
    handle = temporal.get_workflow_handle(f"run/default/{run_id}")
    await handle.signal("busy", 1.0)
    answering = asyncio.create_task(resume(caller, run_id, user_input="1"))
    await asyncio.sleep(0.5)
    assert not answering.done()
    await handle.signal("ready")
    assert (await answering).status_code == 200
    await end(temporal, run_id)


async def test_a_run_is_paused_from_outside_and_goes_on_without_input(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    run_id = await submit(caller, kept)
    asked = await caller.post(f"/v1/runs/{run_id}/pause", json={"reason": "look at it"})
    assert (asked.status_code, asked.json()["pause_requested"]) == (200, True)
    again = await caller.post("/v1/predict", json={"action": "pause", "run_id": run_id})
    assert (again.status_code, again.json()["status"]) == (200, "running")
    await until_told(kept)
    await kept.pauses.open("default", run_id, LOOKED_AT, now_micros())
    shown = await status(caller, run_id)
    assert (shown["reason"], shown["needs_input"]) == ("external", False)
    assert "pause_requested" not in shown
    refused = await caller.post(f"/v1/runs/{run_id}/pause")
    assert (refused.status_code, "is paused" in refused.text) == (400, True)
    first = await caller.post(f"/v1/runs/{run_id}/resume")
    assert first.status_code == 200
    repeated = await resume(caller, run_id, pause_id="p1")
    assert (repeated.status_code, repeated.text) == (200, first.text)
    assert (await resume(caller, run_id, pause_id="p1", user_input=1)).status_code == 400
    assert await end(temporal, run_id) == ["pause look at it"]


async def test_a_paused_run_is_cancelled(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    run_id = await pausing(caller, kept)
    asked = await caller.post(f"/v1/runs/{run_id}/cancel", json={"reason": "enough"})
    assert (asked.json()["status"], asked.json()["cancel_requested"]) == ("paused", True)
    handle = temporal.get_workflow_handle(f"run/default/{run_id}", result_type=list[str])
    assert await handle.result() == ["cancel enough"]
    running = await submit(caller, kept)
    await caller.post(f"/v1/runs/{running}/cancel")
    refused = await caller.post(f"/v1/runs/{running}/pause")
    assert (refused.status_code, "being cancelled" in refused.text) == (400, True)


async def test_a_blocking_submission_that_pauses_answers_with_the_pause(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    body = {"task_suite": PLAN, "detached": False}
    blocking = asyncio.create_task(caller.post("/v1/predict", json=body))
    run_id = await first_run(kept)
    await kept.runs.begin("default", run_id, now_micros())
    await kept.pauses.open("default", run_id, ASKED, now_micros())
    answer = (await blocking).json()
    assert (answer["status"], answer["prompt"], answer["result"]) == ("paused", ASKED.prompt, None)
    await end(temporal, run_id)


async def test_resuming_counts_by_mode(
    caller: httpx.AsyncClient, kept: Ledger, worker: None, temporal: Client
):
    run_id = await submit(caller, kept)
    await caller.post("/v1/predict", json={"action": "pause", "run_id": run_id})
    await kept.pauses.open("default", run_id, ASKED, now_micros())
    resumed = {"action": "resume", "run_id": run_id, "user_input": "1"}
    assert (await caller.post("/v1/predict", json=resumed)).status_code == 200
    text = (await caller.get("/metrics")).text
    for mode in ("pause", "resume"):
        line = (
            f'mantis_predict_requests_total{{mode="{mode}",outcome="ok",tenant_id="default"}} 1.0'
        )
        assert line in text
    await end(temporal, run_id)
