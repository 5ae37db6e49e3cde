"""Any order of reserving, settling, releasing and dying leaves the sums that a model has."""

import asyncio
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.ledger import Ledger
from ledger.models import (
    Ending,
    Known,
    Limits,
    NewModelCall,
    NewRun,
    OverBudget,
    Reserved,
    RunOver,
    RunStatus,
    Spent,
)
from plans.calls import Money
from plans.prices import Usage
from plans.step import Perception, TierName

LIMIT = 1_000
USED = Usage(tier=TierName.CLAUDE, model="m", output_tokens=3)
_numbers = itertools.count()


@dataclass(frozen=True)
class Reserve:
    """Ask the question `call`; it may cost `most`, and `usd_per_hour` where time is its price."""

    call: int
    most: int
    usd_per_hour: float | None = None


@dataclass(frozen=True)
class Settle:
    """The `ticket`th try that was let through brings an answer; `lost`: an earlier one's."""

    ticket: int
    cost: int
    lost: bool = False


@dataclass(frozen=True)
class Release:
    """It brings none, and cost so much all the same. A try that is never told of has died."""

    ticket: int
    cost: int


@dataclass(frozen=True)
class Pass:
    """Time passes; on a machine whose clock is behind it goes back."""

    ms: int


@dataclass(frozen=True)
class End:
    """The run ends."""


Act = Reserve | Settle | Release | Pass | End
COST = st.integers(0, 400)
TICKET = st.integers(0, 5)
ACTS = st.lists(
    st.one_of(
        st.builds(Reserve, st.integers(0, 3), COST),
        st.builds(Reserve, st.integers(0, 3), COST, st.sampled_from([3.6, 0.9])),
        st.builds(Pass, st.integers(-20, 400)),
        st.builds(Settle, TICKET, COST, st.booleans()),
        st.builds(Release, TICKET, COST),
        st.sampled_from([End()]),
    ),
    max_size=30,
)


@dataclass
class Question:
    """What the model of the ledger knows of a question."""

    tries: int = 0
    holds: dict[int, int] = field(default_factory=dict[int, int])
    tried_ms: int = 0
    accounted: dict[int, int] = field(default_factory=dict[int, int])
    answer: str = ""

    @property
    def spent(self) -> int:
        return sum(self.accounted.values())

    @property
    def open(self) -> int:
        return self.tries - len(self.accounted)

    @property
    def held(self) -> int:
        return sum(most for attempt, most in self.holds.items() if attempt not in self.accounted)


@dataclass
class Model:
    """The money, as it should be."""

    questions: dict[int, Question] = field(default_factory=dict[int, Question])
    over: bool = False
    now_ms: int = 1_000_000

    @property
    def spent(self) -> int:
        return sum(one.spent for one in self.questions.values())

    @property
    def held(self) -> int:
        return sum(one.held for one in self.questions.values())

    def reserve(self, act: Reserve) -> type:
        question = self.questions.get(act.call, Question())
        if question.answer:
            return Known
        took_ms = self.now_ms - question.tried_ms
        if question.tries and act.usd_per_hour is not None and took_ms >= 0:
            most = math.ceil(Fraction(str(act.usd_per_hour)) * took_ms * 1_000 / 3_600)
            question.holds[question.tries] = min(most, question.holds[question.tries])
        if self.over:
            return RunOver
        if self.spent + self.held >= LIMIT:
            return OverBudget
        question.tries += 1
        question.holds[question.tries] = act.most
        question.tried_ms = self.now_ms
        self.questions[act.call] = question
        return Reserved


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@dataclass
class ClockOf:
    """The clock of the model that is played now."""

    model: Model

    def __call__(self) -> int:
        return self.model.now_ms * 1_000


@pytest.fixture
def clock() -> ClockOf:
    return ClockOf(Model())


@pytest.fixture
def opened(url: str, clock: ClockOf, runner: asyncio.Runner) -> Iterator[Ledger]:
    ledger = runner.run(Ledger.open(url, clock=clock))
    yield ledger
    runner.run(ledger.close())


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=ACTS)
def test_the_ledger_and_the_model_agree(
    opened: Ledger, clock: ClockOf, runner: asyncio.Runner, acts: list[Act]
):
    runner.run(_play(opened, clock, f"run-{next(_numbers)}", acts))


async def _play(ledger: Ledger, clock: ClockOf, run_id: str, acts: list[Act]) -> None:
    model = clock.model = Model()
    await ledger.runs.admit(_run(run_id))
    tickets: list[tuple[int, Reserved]] = []
    for number, act in enumerate(acts):
        match act:
            case Reserve():
                await _reserve(ledger, run_id, model, tickets, act)
            case Settle(ticket, cost, lost) if tickets:
                call, reserved = tickets[ticket % len(tickets)]
                question = model.questions[call]
                attempt = max(1, reserved.attempt - 1) if lost else reserved.attempt
                question.accounted.setdefault(attempt, cost)
                question.accounted.setdefault(reserved.attempt, 0)
                question.answer = question.answer or f"answer {number}"
                standing = await ledger.spending.settle(
                    reserved, USED, Money(claude=cost), f"answer {number}", attempt
                )
                assert standing == question.answer
            case Release(ticket, cost) if tickets:
                call, reserved = tickets[ticket % len(tickets)]
                model.questions[call].accounted.setdefault(reserved.attempt, cost)
                await ledger.spending.release(reserved, USED, Money(claude=cost))
            case Pass(ms):
                model.now_ms += ms
            case End():
                model.over = True
                await ledger.runs.finish("acme", run_id, _ENDED, 9)
            case _:
                pass
        now = await ledger.spending.spent("acme", run_id)
        assert now == Spent(cost=Money(claude=model.spent), held=model.held)
    await _check_account(ledger, run_id, model)


async def _reserve(
    ledger: Ledger,
    run_id: str,
    model: Model,
    tickets: list[tuple[int, Reserved]],
    act: Reserve,
) -> None:
    before = model.questions.get(act.call, Question())
    had_open = before.open > 0
    expected = model.reserve(act)
    got = await ledger.spending.reserve(
        NewModelCall(
            tenant_id="acme",
            run_id=run_id,
            call_id=f"call {act.call}",
            tier=TierName.CLAUDE,
            model="m",
            kind="ground",
            reserved_micro=act.most,
            usd_per_hour=act.usd_per_hour,
        )
    )
    assert type(got) is expected
    match got:
        case Reserved():
            assert model.spent + model.held - act.most < LIMIT
            assert (got.attempt, got.taken_over) == (model.questions[act.call].tries, had_open)
            tickets.append((act.call, got))
        case Known():
            assert got == Known(answer=before.answer, cost=Money(claude=before.spent))
        case OverBudget():
            assert got == OverBudget(spent=model.spent, held=model.held, limit=LIMIT)
        case RunOver():
            pass


async def _check_account(ledger: Ledger, run_id: str, model: Model) -> None:
    """What a caller sees of a run that is over is all that was metered."""
    row = await ledger.runs.get("acme", run_id)
    assert row is not None
    if model.over:
        assert row.summary is not None
        assert row.summary["cost_total"] == model.spent / 1_000_000


_ENDED = Ending(status=RunStatus.SUCCEEDED, summary={"cost_total": 0.0, "cost_breakdown": {}})


def _run(run_id: str) -> NewRun:
    return NewRun(
        tenant_id="acme",
        run_id=run_id,
        plan=[],
        plan_name="",
        payload={},
        signature="",
        state_key="",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=LIMIT, max_time_ms=1, max_run_steps=1),
        created_at=1,
    )
