"""However many ask at once: a budget is overshot by one question at most."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from ledger.models import Known, NewModelCall, NewRun, OverBudget, Reserved, Spent, UsageFilter
from plans.calls import Money
from plans.prices import Usage
from plans.step import TierName

ROOT = Path(__file__).parents[2]
RUN = "20260101_000000_0000abcd"
MOST = 700
ALL = UsageFilter(tenant_id="acme")
USED = Usage(tier=TierName.CLAUDE, model="claude-sonnet-5-5", input_tokens=1)

SPEND = """
import asyncio, random, sys
from ledger.ledger import Ledger
from ledger.models import Reserved
from plans.calls import Money
from tests.ledger.test_spending_races import MOST, USED, question

async def main(url, name):
    ledger = await Ledger.open(url)
    chance = random.Random(name)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    billed = 0

    async def spend(number):
        nonlocal billed
        for turn in range(1000):
            ticket = await ledger.spending.reserve(question(f"{name}:{number}:{turn}/claude/x"))
            if not isinstance(ticket, Reserved):
                return
            cost = chance.randint(1, MOST)
            billed += cost
            await ledger.spending.settle(ticket, USED, Money(claude=cost), "asks/x")

    await asyncio.gather(*(spend(number) for number in range(4)))
    print(billed, flush=True)
    await ledger.close()

asyncio.run(main(*sys.argv[1:]))
"""


def question(call_id: str, most: int = MOST) -> NewModelCall:
    return NewModelCall(
        tenant_id="acme",
        run_id=RUN,
        call_id=call_id,
        tier=TierName.CLAUDE,
        model="claude-sonnet-5-5",
        kind="ground",
        reserved_micro=most,
    )


async def admit(ledger: Ledger, new: NewRun, limit: int) -> None:
    limits = new.limits.model_copy(update={"max_cost_micro": limit})
    await ledger.runs.admit(new.model_copy(update={"limits": limits, "run_id": RUN}))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_many_tasks_near_the_limit_overshoot_by_one_question(
    ledger: Ledger, new_run: Callable[..., NewRun], seed: int
):
    limit = 5_000
    await admit(ledger, new_run(), limit)
    chance, billed, asked = random.Random(seed), [0], [0]

    async def spend(number: int) -> None:
        for turn in range(40):
            ticket = await ledger.spending.reserve(question(f"{number}:{turn}/claude/x"))
            if not isinstance(ticket, Reserved):
                assert isinstance(ticket, OverBudget)
                assert ticket.spent + ticket.held >= limit
                return
            asked[0] += 1
            await asyncio.sleep(chance.random() / 500)
            cost = chance.randint(1, MOST)
            billed[0] += cost
            if chance.random() < 0.2:
                await ledger.spending.release(ticket, USED, Money(claude=cost))
            else:
                await ledger.spending.settle(ticket, USED, Money(claude=cost), "asks/x")

    await asyncio.gather(*(spend(number) for number in range(12)))
    assert asked[0] > 7
    assert await ledger.spending.spent("acme", RUN) == Spent(cost=Money(claude=billed[0]))
    assert billed[0] < limit + MOST


async def test_processes_near_the_limit_overshoot_by_one_question(
    url: str, new_run: Callable[..., NewRun]
):
    limit = 20_000
    ledger = await Ledger.open(url)
    await admit(ledger, new_run(), limit)
    processes = [_spender(url, name) for name in ("a", "b", "c")]
    for process in processes:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"open\n"
    told = await asyncio.gather(
        *(asyncio.to_thread(process.communicate, b"go\n", 90) for process in processes)
    )
    assert [process.returncode for process in processes] == [0, 0, 0]
    billed = sum(int(out) for out, _ in told)
    spent = await ledger.spending.spent("acme", RUN)
    await ledger.close()
    assert spent == Spent(cost=Money(claude=billed))
    assert limit - 4 * 3 * MOST <= billed < limit + MOST


def _spender(url: str, name: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", SPEND, url, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )


async def test_of_many_that_ask_the_same_each_pays_and_one_answer_holds(
    ledger: Ledger, new_run: Callable[..., NewRun]
):
    await admit(ledger, new_run(), 1_000_000)

    async def ask(number: int) -> str:
        got = await ledger.spending.reserve(question("one/claude/x"))
        if isinstance(got, Known):
            return got.answer
        assert isinstance(got, Reserved)
        return await ledger.spending.settle(got, USED, Money(claude=10), f"asks/{number}")

    answers = await asyncio.gather(*(ask(number) for number in range(10)))
    assert len(set(answers)) == 1
    (call,) = (await ledger.usage.calls(ALL, 10)).calls
    assert call.open_tries == 0
    assert call.cost == Money(claude=10 * call.tries)
    assert call.usage.input_tokens == call.tries
