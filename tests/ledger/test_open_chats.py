"""Chat completions whose API process died."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import asyncpg
import pytest

from ledger.ledger import Ledger
from ledger.models import NO_RUN, NewModelCall, NewRun, Reserved, UsageFilter, UsageSum
from plans.calls import Money
from plans.prices import Usage
from plans.step import TierName
from tests.ledger.conftest import Clock
from tests.postgres import new_database

QUIET = timedelta(minutes=10)
MINUTE = 60_000_000
USED = Usage(tier=TierName.HOLO3, model="holo3", gpu_ms=1_000)
ACME = UsageFilter(tenant_id="acme")


@pytest.fixture
async def ledger(url: str, clock: Clock) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(url, clock=clock)
    yield opened
    await opened.close()


async def begun(ledger: Ledger, name: str, run_id: str = NO_RUN, tenant: str = "acme") -> Reserved:
    new = NewModelCall(
        tenant_id=tenant,
        run_id=run_id,
        call_id=f"chat/{name}",
        tier=TierName.HOLO3,
        model="holo3",
        kind="chat",
        reserved_micro=700,
    )
    got = await ledger.spending.reserve(new)
    assert isinstance(got, Reserved)
    return got


async def used(ledger: Ledger, tenant: str = "acme") -> UsageSum:
    return await ledger.usage.total(UsageFilter(tenant_id=tenant))


async def test_a_completion_that_nobody_works_on_any_more_comes_to_an_end(
    ledger: Ledger, clock: Clock
):
    await begun(ledger, "a")
    await begun(ledger, "b", tenant="globex")
    clock.now += 10 * MINUTE
    assert await ledger.open_chats.end_lost(QUIET) == 0
    assert (await used(ledger)).held == 700
    clock.now += 1
    assert await ledger.open_chats.end_lost(QUIET) == 2
    for tenant in ("acme", "globex"):
        total = await used(ledger, tenant)
        assert (total.calls, total.tries, total.open_tries, total.held) == (1, 1, 0, 0)
        assert total.cost == Money()
    (call,) = (await ledger.usage.calls(ACME, 5)).calls
    assert (call.state, call.settled_at) == ("released", clock.now)
    assert await ledger.open_chats.end_lost(QUIET) == 0


async def test_a_completion_that_is_worked_on_stays(ledger: Ledger, clock: Clock):
    long, other = await begun(ledger, "long"), await begun(ledger, "other", tenant="globex")
    for _ in range(30):
        clock.now += MINUTE
        await ledger.open_chats.renew([long, other])
        assert await ledger.open_chats.end_lost(QUIET) == 0
    await ledger.spending.settle(long, USED, Money(gpu=650), "")
    total = await used(ledger)
    assert (total.cost, total.held) == (Money(gpu=650), 0)


async def test_thousands_may_be_worked_on(ledger: Ledger, clock: Clock):
    some = [await begun(ledger, str(number)) for number in range(3)]
    gone = [some[0].model_copy(update={"call_id": f"gone/{number}"}) for number in range(3_000)]
    clock.now += 60 * MINUTE
    await ledger.open_chats.renew([*some, *gone])
    assert await ledger.open_chats.end_lost(QUIET) == 0


async def test_nothing_is_renewed_where_nothing_is_open(ledger: Ledger):
    await ledger.open_chats.renew([])


async def test_what_is_over_stays_as_it_is(ledger: Ledger, clock: Clock):
    answered, turned_down = await begun(ledger, "answered"), await begun(ledger, "turned down")
    await ledger.spending.settle(answered, USED, Money(gpu=650), "")
    await ledger.spending.release(turned_down, USED, Money(gpu=20))
    clock.now += 60 * MINUTE
    assert await ledger.open_chats.end_lost(QUIET) == 0
    assert (await used(ledger)).cost == Money(gpu=670)


async def test_the_questions_of_runs_are_left_alone(
    ledger: Ledger, clock: Clock, new_run: Callable[..., NewRun]
):
    run = new_run()
    await ledger.runs.admit(run)
    await begun(ledger, "of a run", run_id=run.run_id)
    clock.now += 60 * MINUTE
    assert await ledger.open_chats.end_lost(QUIET) == 0
    assert (await ledger.spending.spent("acme", run.run_id)).held == 700


async def test_several_processes_may_end_them_at_once(ledger: Ledger, clock: Clock):
    for number in range(5):
        await begun(ledger, str(number))
    clock.now += 60 * MINUTE
    await asyncio.gather(*(ledger.open_chats.end_lost(QUIET) for _ in range(4)))
    total = await used(ledger)
    assert (total.calls, total.tries, total.open_tries, total.held) == (5, 5, 0, 0)


async def test_looking_for_them_reads_no_bill(postgres_port: int):
    url = await new_database(postgres_port)
    ledger = await Ledger.open(url)
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    await admin.execute(
        "INSERT INTO model_calls (tenant_id, run_id, call_id, step_index, tier, model, kind, state,"
        " reserved_micro, tries, open_tries, accounted, gpu_micro, claude_micro, proxy_micro,"
        " input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, gpu_ms, images,"
        " answer, created_at, held_micro, holds, tried_at)"
        " SELECT 't', '', n::text, -1, 'holo3', 'm', 'chat', 'settled', 1, 1, 0, '[1]', 1, 0, 0,"
        " 0, 0, 0, 0, 1, 0, '', n, 0, '{}', n FROM generate_series(1, 20000) AS n"
    )
    await admin.execute("VACUUM ANALYZE model_calls")
    read = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'model_calls'"
    await admin.close()
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    before = await admin.fetchval(read)
    for _ in range(10):
        assert await ledger.open_chats.end_lost(QUIET) == 0
    await ledger.close()
    await admin.close()
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    assert await admin.fetchval(read) == before
    await admin.close()
