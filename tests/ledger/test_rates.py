from hypothesis import given
from hypothesis import strategies as st

from ledger.ledger import Ledger
from ledger.rates import MINUTE_US, TOKEN, Level

NOW = 1_800_000_000_000_000


def drawn(level: Level, limit: int, count: int) -> Level:
    for _ in range(count):
        level, state = level.draw(limit)
        assert state.allowed
    return level


def test_a_bucket_holds_the_limit_and_fills_at_its_rate():
    empty = drawn(Level.full(30, NOW), 30, 30)
    _, state = empty.draw(30)
    assert (state.allowed, state.remaining, state.retry_after_s, state.reset_s) == (False, 0, 2, 60)
    _, early = empty.filled(30, NOW + 1_999_999).draw(30)
    assert (early.allowed, early.retry_after_s) == (False, 1)
    _, due = empty.filled(30, NOW + 2_000_000).draw(30)
    assert (due.allowed, due.remaining, due.retry_after_s, due.reset_s) == (True, 0, 0, 60)
    assert empty.filled(30, NOW + MINUTE_US).tokens == 30 * TOKEN


def test_a_smaller_limit_holds_at_once():
    assert Level.full(30, NOW).filled(5, NOW).tokens == 5 * TOKEN


def test_a_clock_that_lags_gains_nothing_and_loses_nothing():
    empty = drawn(Level.full(60, NOW), 60, 60)
    behind = empty.filled(60, NOW - 5_000_000)
    assert behind == empty
    assert behind.filled(60, NOW + 1_000_000).tokens == TOKEN


def test_a_clock_that_was_an_hour_ahead_does_not_close_the_bucket():
    empty = drawn(Level.full(60, NOW + 60 * MINUTE_US), 60, 60)
    later = empty.filled(60, NOW).filled(60, NOW + 1_000_000)
    assert later.tokens == TOKEN


@given(
    limit=st.integers(1, 10_000),
    steps=st.lists(st.tuples(st.integers(-2_000_000, 5_000_000), st.integers(1, 40)), max_size=60),
)
def test_never_more_tokens_than_have_flowed_in(limit: int, steps: list[tuple[int, int]]):
    level, now, latest, taken = Level.full(limit, NOW), NOW, NOW, 0
    for moved, draws in steps:
        now += moved
        latest = max(latest, now)
        level = level.filled(limit, now)
        for _ in range(draws):
            level, state = level.draw(limit)
            taken += state.allowed
            assert 0 <= state.remaining <= limit
            assert 0 <= state.reset_s <= 60
            assert (state.retry_after_s == 0) is state.allowed
            assert state.retry_after_s <= 60
    assert taken * TOKEN <= limit * TOKEN + (latest - NOW) * limit * TOKEN // MINUTE_US


@given(limit=st.integers(1, 10_000))
def test_who_waits_as_long_as_told_gets_a_token(limit: int):
    level = Level(0, NOW)
    _, refused = level.draw(limit)
    _, state = level.filled(limit, NOW + refused.retry_after_s * 1_000_000).draw(limit)
    assert state.allowed


async def test_buckets_are_apart(ledger: Ledger):
    for tenant_id, bucket in (("a", "submit"), ("a", "read"), ("b", "submit"), ("b", "read")):
        first = await ledger.rates.take(tenant_id, bucket, 1, NOW)
        second = await ledger.rates.take(tenant_id, bucket, 1, NOW)
        assert first is not None and first.allowed
        assert second is not None and not second.allowed


async def test_no_limit_is_no_state(ledger: Ledger):
    assert await ledger.rates.take("a", "submit", 0, NOW) is None
