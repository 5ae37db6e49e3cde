from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable

import pytest

from ledger.errors import BadCursor
from ledger.ledger import Ledger
from ledger.models import NewModelCall, NewRun, Reserved, UsageFilter, UsageSum
from ledger.usage import DAY_US
from plans.calls import Money
from plans.prices import Usage
from plans.step import TierName

FIRST, SECOND = "20260101_000000_0000abcd", "20260101_000001_0000abcd"
MIDNIGHT = 20_000 * DAY_US
ALL = UsageFilter(tenant_id="acme")
HOLO3 = Usage(tier=TierName.HOLO3, model="holo3", input_tokens=10, gpu_ms=800, images=1)
CLAUDE = Usage(
    tier=TierName.CLAUDE,
    model="claude-sonnet-5-5",
    input_tokens=100,
    output_tokens=7,
    cache_read_tokens=3,
    cache_write_tokens=2,
)
PAID = Money(claude=270)


class Wall:
    """A clock that is set."""

    now = MIDNIGHT

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
async def ledger(url: str, wall: Wall, new_run: Callable[..., NewRun]) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(url, clock=wall)
    for run_id in (FIRST, SECOND):
        await opened.runs.admit(new_run(run_id=run_id))
        await opened.runs.admit(new_run(run_id=run_id, tenant_id="other"))
    yield opened
    await opened.close()


async def ask(
    ledger: Ledger,
    call_id: str,
    used: Usage = CLAUDE,
    cost: Money = PAID,
    run: str = FIRST,
    step: int = 0,
    tenant: str = "acme",
) -> None:
    ticket = await reserve(ledger, call_id, used, run, step, tenant)
    await ledger.spending.settle(ticket, used, cost, f"asks/{call_id}")


async def reserve(
    ledger: Ledger, call_id: str, used: Usage, run: str, step: int, tenant: str = "acme"
) -> Reserved:
    got = await ledger.spending.reserve(
        NewModelCall(
            tenant_id=tenant,
            run_id=run,
            call_id=call_id,
            step_index=step,
            tier=used.tier,
            model=used.model,
            kind="ground",
            reserved_micro=400,
        )
    )
    assert isinstance(got, Reserved)
    return got


async def test_each_question_is_told_in_the_order_of_asking(ledger: Ledger, wall: Wall):
    await ask(ledger, "b")
    wall.now += 1
    await ask(ledger, "a", HOLO3, Money(gpu=556), step=3)
    ticket = await reserve(ledger, "z", CLAUDE, SECOND, 1)
    page = await ledger.usage.calls(ALL, 10)
    assert [(one.run_id, one.call_id, one.state) for one in page.calls] == [
        (FIRST, "b", "settled"),
        (FIRST, "a", "settled"),
        (SECOND, "z", "reserved"),
    ]
    assert page.next_cursor is None
    assert page.calls[0].usage == CLAUDE and page.calls[0].cost == Money(claude=270)
    assert page.calls[1].usage == HOLO3 and page.calls[1].step_index == 3
    assert (page.calls[2].held, page.calls[2].settled_at) == (400, None)
    await ledger.spending.release(ticket, None, Money())
    assert (await ledger.usage.calls(ALL, 10)).calls[2].state == "released"


async def test_sums_by_step_run_and_day(ledger: Ledger, wall: Wall):
    await ask(ledger, "a", step=0)
    await ask(ledger, "b", HOLO3, Money(gpu=556), step=0)
    await ask(ledger, "c", step=2)
    wall.now = MIDNIGHT + DAY_US
    await ask(ledger, "d", run=SECOND, step=0)
    await ask(ledger, "chat/1", HOLO3, Money(gpu=9), run="", step=-1)

    steps = await ledger.usage.sums(ALL, "step", 10)
    assert [(one.run_id, one.step_index, one.calls, one.cost) for one in steps.sums] == [
        ("", -1, 1, Money(gpu=9)),
        (FIRST, 0, 2, Money(gpu=556, claude=270)),
        (FIRST, 2, 1, Money(claude=270)),
        (SECOND, 0, 1, Money(claude=270)),
    ]
    by_run = await ledger.usage.sums(ALL, "run", 10)
    assert [(one.run_id, one.cost.total) for one in by_run.sums] == [
        ("", 9),
        (FIRST, 1096),
        (SECOND, 270),
    ]
    days = await ledger.usage.sums(ALL, "day", 10)
    assert [(one.day, one.calls, one.cost.total) for one in days.sums] == [
        (MIDNIGHT, 3, 1096),
        (MIDNIGHT + DAY_US, 2, 279),
    ]
    assert await ledger.usage.total(ALL) == UsageSum(
        calls=5,
        tries=5,
        open_tries=0,
        input_tokens=320,
        output_tokens=21,
        cache_read_tokens=9,
        cache_write_tokens=6,
        gpu_ms=1600,
        images=2,
        cost=Money(gpu=565, claude=810),
        held=0,
    )


async def test_days_end_at_midnight_utc(ledger: Ledger, wall: Wall):
    wall.now = MIDNIGHT - 1
    await ask(ledger, "last")
    ticket = await reserve(ledger, "over midnight", CLAUDE, FIRST, 0)
    wall.now = MIDNIGHT
    await ask(ledger, "first")
    await ledger.spending.settle(ticket, CLAUDE, Money(claude=270), "asks/x")
    days = await ledger.usage.sums(ALL, "day", 10)
    assert [(one.day, one.calls) for one in days.sums] == [(MIDNIGHT - DAY_US, 2), (MIDNIGHT, 1)]


async def test_only_what_was_asked_between_the_times(ledger: Ledger, wall: Wall):
    for at in (MIDNIGHT, MIDNIGHT + 5, MIDNIGHT + 10):
        wall.now = at
        await ask(ledger, f"at {at}")
    wanted = UsageFilter(tenant_id="acme", since=MIDNIGHT + 5, until=MIDNIGHT + 10)
    assert [one.call_id for one in (await ledger.usage.calls(wanted, 10)).calls] == [
        f"at {MIDNIGHT + 5}"
    ]
    assert (await ledger.usage.total(wanted)).calls == 1


async def test_only_the_run_that_is_asked_for(ledger: Ledger):
    await ask(ledger, "a")
    await ask(ledger, "b", run=SECOND)
    wanted = UsageFilter(tenant_id="acme", run_id=SECOND)
    assert [one.call_id for one in (await ledger.usage.calls(wanted, 10)).calls] == ["b"]


async def test_tenants_see_their_own(ledger: Ledger):
    await ask(ledger, "a")
    await ask(ledger, "a", tenant="other", cost=Money(claude=1))
    assert (await ledger.usage.total(ALL)).cost == Money(claude=270)
    assert (await ledger.usage.total(UsageFilter(tenant_id="other"))).cost == Money(claude=1)
    assert (await ledger.usage.total(UsageFilter(tenant_id="nobody"))).calls == 0


@pytest.mark.parametrize("by", ["step", "run", "day"])
@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_of_sums_miss_and_repeat_nothing(
    ledger: Ledger, wall: Wall, by: str, size: int
):
    for number in range(6):
        wall.now = MIDNIGHT + number // 2 * DAY_US
        await ask(ledger, str(number), run=(FIRST, SECOND, "")[number % 3], step=number % 4)
    whole = (await ledger.usage.sums(ALL, by, 100)).sums
    got: list[UsageSum] = []
    cursor = None
    while True:
        page = await ledger.usage.sums(ALL, by, size, cursor)
        got += page.sums
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.sums) == size
    assert tuple(got) == whole


async def test_pages_of_questions_miss_and_repeat_nothing(ledger: Ledger, wall: Wall):
    for number in range(7):
        wall.now = MIDNIGHT + number // 3
        await ask(ledger, f"step:é{number}", run=(FIRST, SECOND)[number % 2])
    got: list[str] = []
    cursor = None
    while True:
        page = await ledger.usage.calls(ALL, 2, cursor)
        got += [one.call_id for one in page.calls]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(got) == [f"step:é{number}" for number in range(7)]


def forged(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        forged("[]"),
        forged("{}"),
        forged('["run"]'),
        forged('["run",3]'),
        forged('["day",3]'),
        forged('["step","r",4294967296]'),
        forged('["step","r",true]'),
        forged('["call",-1,"r","c"]'),
        forged('["call",9223372036854775808,"r","c"]'),
        forged('["call", 1,"r","c"]'),
        forged('["run","\\u0000"]'),
        forged("[" * 3000),
    ],
)
async def test_cursors_that_were_never_given_out_are_refused(ledger: Ledger, cursor: str):
    with pytest.raises(BadCursor):
        await ledger.usage.calls(ALL, 10, cursor)
    with pytest.raises(BadCursor):
        await ledger.usage.sums(ALL, "step", 10, cursor)
    if not cursor.startswith(forged('["run"')[:6]):
        with pytest.raises(BadCursor):
            await ledger.usage.sums(ALL, "run", 10, cursor)


async def test_a_cursor_holds_for_its_own_sums_only(ledger: Ledger):
    await ask(ledger, "a")
    await ask(ledger, "b", run=SECOND)
    cursor = (await ledger.usage.sums(ALL, "run", 1)).next_cursor
    with pytest.raises(BadCursor):
        await ledger.usage.sums(ALL, "step", 1, cursor)
