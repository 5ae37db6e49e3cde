"""Plans of random questions, the browser side that puts them, and models that fail at random."""

import asyncio
import random
import threading
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.asks_store import AsksStore
from inference.asking import AskBody, CheckAsk, GroundAsk
from inference.decisions import ActKind
from inference.holo3.health import red_square
from ledger.clock import now_micros
from ledger.content import plan_document
from ledger.ledger import Ledger
from ledger.models import Limits, NewEvent, NewRun, StepRecord
from plans.calls import Ask, AskKind, Outcome
from plans.plan import Plan
from plans.step import FailureClass, Perception, Step, StepType, TierName
from tests.activities.models.calling import look
from tests.benchmarks.money_worker import TAG, gpu_ms_of
from tests.fakes import claude_answers, sglang_answers
from tests.fakes.claude_api import ClaudeApi
from tests.fakes.sglang import SGLang
from workflows import interfaces
from workflows.interfaces import (
    CloseRequest,
    Nothing,
    RunKey,
    SessionEnd,
    SessionRequest,
    StepRequest,
    plan_run_id,
)
from workflows.messages import Opening, SessionOpened, SessionRef

TENANT = "default"
KEY = "key-default"
_THROTTLE = timedelta(milliseconds=200)
_EMPTY = {"seen_in": "text", "evidence": "Your cart is empty.", "verdict": "holds"}


@dataclass(frozen=True)
class Seeded:
    """A run made of a seed: which model each turn of each step asks, and what goes wrong."""

    seed: int
    steps: tuple[tuple[TierName, ...], ...]
    max_cost_micro: int
    worker_killed: bool
    browser_lost: bool
    cancelled: bool

    @classmethod
    def of(cls, seed: int) -> "Seeded":
        chance = random.Random(seed)
        steps = tuple(
            tuple(chance.choice((TierName.HOLO3, TierName.CLAUDE)) for _ in range(turns))
            for turns in (chance.randint(0, 3) for _ in range(chance.randint(3, 8)))
        )
        expected = 4_000 * max(1, sum(map(len, steps)))
        return cls(
            seed=seed,
            steps=steps,
            max_cost_micro=max(1, int(expected * chance.choice((0.1, 0.3, 0.6, 1.5, 4)))),
            worker_killed=chance.random() < 0.3,
            browser_lost=chance.random() < 0.3,
            cancelled=chance.random() < 0.1,
        )

    @property
    def run(self) -> RunKey:
        return RunKey(tenant_id=TENANT, run_id=f"20260101_000000_{self.seed:08x}")

    @property
    def turns(self) -> int:
        return sum(map(len, self.steps))

    def tag(self, step: int, turn: int) -> str:
        return f"r{self.seed}s{step}t{turn}"

    @property
    def tags(self) -> list[str]:
        """All its questions, in order."""
        return [
            self.tag(step, turn)
            for step, tiers in enumerate(self.steps)
            for turn in range(len(tiers))
        ]

    def kills_at(self, tag: str) -> bool:
        """Whether its workers are to die while this question is under way."""
        return self.worker_killed and tag == self.tags[len(self.tags) // 2]

    def cancelled_at(self, tag: str) -> bool:
        """Whether it is cancelled as it comes to this question."""
        return self.cancelled and tag == self.tags[len(self.tags) // 3]

    def new(self) -> NewRun:
        steps = tuple(Step(intent=f"Click {one}", type=StepType.CLICK) for one in self.steps)
        return NewRun(
            tenant_id=TENANT,
            run_id=self.run.run_id,
            plan=plan_document(Plan(steps=steps)),
            plan_name="",
            payload={"inputs": {}},
            signature="ab" * 32,
            state_key="a",
            profile_id=None,
            perception=Perception.AUTO,
            limits=Limits(
                max_cost_micro=self.max_cost_micro, max_time_ms=600_000, max_run_steps=1_000
            ),
            created_at=now_micros(),
        )


class Models:
    """What the fakes answer. From the moment that a run is to lose its workers, they hang.

    `answered` counts what was answered otherwise: a try in the ledger each, once it is told of.
    `doomed` is set while the workers are to be killed.
    """

    def __init__(self, plans: dict[int, Seeded]) -> None:
        self._plans = plans
        self._tries = Counter[str]()
        self._lock = threading.Lock()
        self.doomed = threading.Event()
        self.answered = 0

    def holo3(self, asked: sglang_answers.Asked) -> sglang_answers.Answer:
        """What the pool answers."""
        tag, chance = self._asked(asked.text)
        used = gpu_ms_of(tag)
        if self._hangs(tag):
            return sglang_answers.Hangs()
        wait_s = chance.random() / 20
        match chance.random():
            case p if p < 0.05:
                return sglang_answers.queue_full()
            case p if p < 0.08:
                return sglang_answers.too_many(0.1)
            case p if p < 0.12:
                return sglang_answers.Says('{"x": 1', loose=True, gpu_ms=used, after_s=wait_s)
            case p if p < 0.15:
                return sglang_answers.Says({"x": 4000, "y": 1}, loose=True, gpu_ms=used)
            case _:
                return sglang_answers.Says({"x": 500, "y": 250}, gpu_ms=used, after_s=wait_s)

    def claude(self, asked: claude_answers.Asked) -> claude_answers.Answer:
        """What the Messages API answers."""
        tag, chance = self._asked(asked.text)
        if self._hangs(tag):
            return claude_answers.Hangs()
        wait_s = chance.random() / 20
        match chance.random():
            case p if p < 0.04:
                return claude_answers.overloaded()
            case p if p < 0.07:
                return claude_answers.rate_limited(0.1)
            case p if p < 0.09:
                return claude_answers.broken()
            case p if p < 0.11:
                return claude_answers.refusal()
            case p if p < 0.14:
                return claude_answers.wrong_schema()
            case p if p < 0.17:
                return claude_answers.truncated(_EMPTY)
            case p if p < 0.2:
                return claude_answers.cut_short()
            case _:
                thinks = chance.randint(0, 600)
                return claude_answers.Says(_EMPTY, thinks=thinks, after_s=wait_s)

    def _asked(self, text: str) -> tuple[str, random.Random]:
        found = TAG.search(text)
        assert found is not None, text[-2000:]
        tag = found[1]
        with self._lock:
            self._tries[tag] += 1
            return tag, random.Random(f"{tag}/{self._tries[tag]}")

    def _hangs(self, tag: str) -> bool:
        """Whether nothing is answered: once in a run that is to lose its workers, and then on."""
        plan = self._plans[int(tag[1:].partition("s")[0])]
        with self._lock:
            if plan.kills_at(tag) and self._tries[tag] == 1:
                self.doomed.set()
            hangs = self.doomed.is_set()
            self.answered += not hangs
            return hangs


@dataclass
class Host:
    """Browsers by script, for any number of runs: each step asks what its plan says."""

    client: Client
    ledger: Ledger
    store: AsksStore
    plans: dict[str, Seeded]
    queue: str = field(default_factory=lambda: f"host-{uuid.uuid4().hex}")
    ends: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    lost: set[str] = field(default_factory=set[str])
    acts: Counter[str] = field(default_factory=Counter[str])
    outcomes: dict[str, dict[str, Outcome]] = field(default_factory=lambda: defaultdict(dict))

    def workers(self) -> list[Worker]:
        """The workers of the browsers' pool and of this host."""
        return [
            self._worker(interfaces.BROWSERS_QUEUE, [self.hold_session]),
            self._worker(self.queue, [self.click, self.close_session, self.hold_session]),
        ]

    def _worker(self, queue: str, activities: list[Any]) -> Worker:
        return Worker(
            self.client,
            task_queue=queue,
            activities=activities,
            max_heartbeat_throttle_interval=_THROTTLE,
            default_heartbeat_throttle_interval=_THROTTLE,
        )

    @activity.defn(name=interfaces.HOLD_SESSION)
    async def hold_session(self, request: SessionRequest) -> SessionEnd:
        run = request.run
        place = (run.run_id, request.epoch)
        await self.ledger.runs.begin(run.tenant_id, run.run_id, now_micros())
        session = SessionRef(
            session_id=f"s{request.epoch}",
            host_queue=self.queue,
            machine_queue=self.queue,
            epoch=request.epoch,
        )
        how = Opening.FRESH if request.previous is None else Opening.RESTORED
        handle = self.client.get_workflow_handle(plan_run_id(run.tenant_id, run.run_id))
        await handle.signal("session_opened", SessionOpened(session=session, how=how))
        while place not in self.ends:
            activity.heartbeat()
            await asyncio.sleep(0.05)
        return SessionEnd.model_validate({"reason": self.ends[place]})

    @activity.defn(name=interfaces.CLOSE_SESSION)
    async def close_session(self, request: CloseRequest) -> Nothing:
        self.ends[(request.run.run_id, request.session.epoch)] = "closed"
        return Nothing()

    @activity.defn(name="click")
    async def click(self, request: StepRequest) -> Outcome:
        run, call = request.run, request.call
        plan = self.plans[run.run_id]
        known = self.outcomes[run.run_id].get(call.whole_key)
        if known is not None:
            return known
        middle = call.index == len(plan.steps) // 2
        if plan.browser_lost and middle and run.run_id not in self.lost:
            self.lost.add(run.run_id)
            self.ends[(run.run_id, request.session.epoch)] = "browser_lost"
            return Outcome(
                success=False, failure_class=FailureClass.BROWSER_LOST, message="it crashed"
            )
        tiers = plan.steps[call.index]
        if call.turn < len(tiers):
            if plan.cancelled_at(plan.tag(call.index, call.turn)):
                await self.client.get_workflow_handle(
                    plan_run_id(run.tenant_id, run.run_id)
                ).cancel()
            return await self._ask(run, plan, request, tiers[call.turn])
        return await self._done(request)

    async def _ask(
        self, run: RunKey, plan: Seeded, request: StepRequest, tier: TierName
    ) -> Outcome:
        call = request.call
        body = await self._body(run, plan.tag(call.index, call.turn), tier)
        ask = Ask(
            kind=AskKind(body.kind),
            tier=tier,
            body=await self.store.write(run, body),
            why="where the button is",
        )
        return Outcome(success=False, ask=ask, progress={"turns": call.turn + 1})

    async def _body(self, run: RunKey, tag: str, tier: TierName) -> AskBody:
        chance = random.Random(tag)
        words = f"Your cart is empty. money{tag}x " + "boats and more boats " * chance.randint(
            0, 800
        )
        if tier is TierName.CLAUDE:
            return CheckAsk(look=look(text=words), condition="the cart is empty")
        picture = await self.store.write_picture(run, red_square(), "image/png")
        intent = f"Click the button money{tag}x"
        return GroundAsk(
            look=look(picture),
            step=Step(intent=intent, type=StepType.CLICK),
            intent=intent,
            act=ActKind.CLICK,
        )

    async def _done(self, request: StepRequest) -> Outcome:
        run, call = request.run, request.call
        self.acts[f"{run.run_id}/{call.whole_key}"] += 1
        outcome = Outcome(success=True)
        event = NewEvent(
            dedup_key=f"{call.whole_key}:step",
            kind="step",
            step_index=call.index,
            body={"success": True, "cost": 0.0},
        )
        await self.ledger.rows.record_step(
            StepRecord(
                tenant_id=run.tenant_id,
                run_id=run.run_id,
                call_key=call.whole_key,
                step_index=call.index,
                events=(event,),
                outcome=outcome.model_dump(mode="json", exclude_defaults=True),
            )
        )
        self.outcomes[run.run_id][call.whole_key] = outcome
        return outcome


def bills(holo3: SGLang, claude: ClaudeApi) -> dict[int, list[int]]:
    """What the fakes charge, by run: micro-dollars of each call that was answered to its end."""
    found: dict[int, list[int]] = defaultdict(list)
    for one in holo3.done:
        found[_seed_in(one.asked.text)].append(-(-one.gpu_ms * 25 // 36))
    for one in claude.done:
        found[_seed_in(one.asked.text)].append(one.cost)
    return found


def _seed_in(text: str) -> int:
    found = TAG.search(text)
    assert found is not None
    return int(found[1][1:].partition("s")[0])
