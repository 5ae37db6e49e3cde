"""Runs and their questions, as tests and benchmarks of the pools put them."""

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client, WorkflowHandle

from activities.asks_store import AsksStore
from inference.asking import Answered, AskBody, CheckAsk, GroundAsk, Look, Picture
from inference.decisions import ActKind
from inference.holo3.health import red_square
from ledger.ledger import Ledger
from ledger.models import Limits, NewRun, RunStatus, Spent
from plans.calls import Ask, AskKind, Call, CallKind
from plans.step import Perception, Section, Step, TierName
from temporal.worker import polling_of
from tests.activities.models.one_question import OneDecomposition, OneQuestion
from workflows.interfaces import Decomposed, DecomposeRequest, ModelRequest, RunKey
from workflows.turns import ModelAnswer

ROOT = Path(__file__).resolve().parents[3]
STEP = Step.model_validate({"type": "click", "intent": "Click Save"})


def call(index: int = 0, turn: int = 0) -> Call:
    return Call(kind=CallKind.STEP, index=index, step=STEP, section=Section.SETUP, turn=turn)


def look(picture: str = "", **fields: object) -> Look:
    shown = Picture(key=picture, media_type="image/png", width=32, height=32) if picture else None
    return Look.model_validate(
        {
            "id": "0" * 64,
            "url": "http://site.test/",
            "title": "A page",
            "width": 1280,
            "height": 800,
            "picture": shown,
            "text": "Your cart is empty.",
        }
        | fields
    )


class Caller:
    """Runs in the ledger, their questions, and what comes of them."""

    def __init__(self, client: Client, ledger: Ledger, data_dir: Path) -> None:
        self.client = client
        self.ledger = ledger
        self.store = AsksStore(data_dir)
        self.queue = f"asking-{uuid.uuid4().hex}"

    async def a_run(
        self,
        tenant: str = "default",
        max_cost_micro: int = 1_000_000,
        **fields: object,
    ) -> RunKey:
        run_id = f"20260101_000000_{uuid.uuid4().hex[:8]}"
        new = NewRun(
            tenant_id=tenant,
            run_id=run_id,
            plan={"steps": [STEP.model_dump(mode="json", exclude_defaults=True)]},
            plan_name="",
            payload={"inputs": {}},
            signature="ab" * 32,
            state_key="a",
            profile_id=None,
            perception=Perception.AUTO,
            limits=Limits(max_cost_micro=max_cost_micro, max_time_ms=3_600_000, max_run_steps=100),
            created_at=1,
        )
        await self.ledger.runs.admit(new.model_copy(update=fields))
        return RunKey(tenant_id=tenant, run_id=run_id)

    async def ground(self, run: RunKey, **fields: object) -> AskBody:
        """Where Save is, on a picture."""
        picture = await self.store.write_picture(run, red_square(), "image/png")
        return GroundAsk.model_validate(
            {
                "look": look(picture),
                "step": STEP,
                "intent": "Click Save",
                "act": ActKind.CLICK,
            }
            | fields
        )

    def check(self, condition: str = "the cart is empty") -> AskBody:
        return CheckAsk(look=look(), condition=condition)

    async def request(
        self,
        run: RunKey,
        body: AskBody,
        tier: TierName = TierName.HOLO3,
        *,
        time_left_ms: int = 60_000,
        turn: int = 0,
    ) -> ModelRequest:
        key = await self.store.write(run, body)
        question = Ask(kind=AskKind(body.kind), tier=tier, body=key, why="where Save is")
        return ModelRequest(run=run, call=call(turn=turn), ask=question, time_left_ms=time_left_ms)

    async def put(self, request: ModelRequest) -> WorkflowHandle[OneQuestion, ModelAnswer | None]:
        return await self.client.start_workflow(
            OneQuestion.run,
            request,
            id=f"question/{uuid.uuid4().hex}",
            task_queue=self.queue,
            execution_timeout=timedelta(minutes=3),
        )

    async def ask(
        self, run: RunKey, body: AskBody, tier: TierName = TierName.HOLO3, **fields: int
    ) -> ModelAnswer:
        request = await self.request(run, body, tier, **fields)
        answer = await (await self.put(request)).result()
        assert answer is not None
        return answer

    async def decompose(self, run: RunKey, *, time_left_ms: int = 60_000) -> Decomposed:
        return await self.client.execute_workflow(
            OneDecomposition.run,
            DecomposeRequest(run=run, time_left_ms=time_left_ms),
            id=f"decomposition/{uuid.uuid4().hex}",
            task_queue=self.queue,
            execution_timeout=timedelta(minutes=3),
        )

    async def answer(self, run: RunKey, answer: ModelAnswer) -> Answered:
        assert answer.failure is None, answer.message
        return await self.store.read_answer(run, answer.body)

    async def spent(self, run: RunKey) -> Spent:
        return await self.ledger.spending.spent(run.tenant_id, run.run_id)

    async def status(self, run: RunKey) -> RunStatus:
        row = await self.ledger.runs.get(run.tenant_id, run.run_id)
        assert row is not None
        return row.status


@asynccontextmanager
async def serving(client: Client, ledger: Ledger, *pools: str) -> AsyncGenerator[None]:
    """Workers of these pools in this process, made as the worker process makes them."""
    async with _both(client, ledger, list(pools)):
        yield


@asynccontextmanager
async def _both(client: Client, ledger: Ledger, pools: list[str]) -> AsyncGenerator[None]:
    if not pools:
        yield
        return
    async with polling_of(pools[0])(client, ledger), _both(client, ledger, pools[1:]):
        yield


class WorkerProcess:
    """A worker of both pools as a process of its own."""

    def __init__(self, data_dir: Path, environment: dict[str, str]) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.log = data_dir / "models.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "temporal.worker"),
                    *("--pool", "perception", "--pool", "reasoning"),
                ],
                cwd=ROOT,
                env=dict(os.environ) | environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    async def ready(self) -> None:
        assert self.process.stdout is not None
        line = await asyncio.to_thread(self.process.stdout.readline)
        assert line == b"ready\n", self.log.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def end(self) -> None:
        self.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()


async def until(condition: Callable[[], object], within_s: float, what: str) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert condition(), what


async def until_async(condition: Callable[[], Awaitable[bool]], within_s: float, what: str) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not await condition():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:.0f} s: {what}") from None
