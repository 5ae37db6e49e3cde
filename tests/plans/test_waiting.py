import time

import pytest

from plans.step import Params, Step, StepType
from plans.waiting import DEFAULT_S, MOST_S, TEXT_S, Waiting, most_seconds, waiting


def _step(intent: str, seconds: float | None = None) -> Step:
    return Step(intent=intent, type=StepType.WAIT, params=Params(seconds=seconds))


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        ("Wait 2 minutes", 120),
        ("wait for 90s", 90),
        ("Wait 1.5 sec.", 1.5),
        ("Wait 250 ms", 0.25),
        ("Wait 250 milliseconds", 0.25),
        ("Pause for 3 m", 180),
        ("Wait 1 hour", 3600),
        ("Wait 5 hours", MOST_S),
        ("Wait 999999999 min", MOST_S),
        ("Wait a moment", DEFAULT_S),
        ("Wait for 3 listings", DEFAULT_S),
        ("Wait till it's loaded, don't click, 4 s", 4),
        ("", DEFAULT_S),
    ],
)
def test_a_wait_in_words_has_a_time(intent: str, expected: float):
    step = _step(intent)
    assert waiting(step) == Waiting(seconds=expected)
    assert most_seconds(step) == expected


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        ('Wait until "Done" appears', Waiting(seconds=TEXT_S, text="Done")),
        ("Wait until 'All done' appears", Waiting(seconds=TEXT_S, text="All done")),
        ("Wait up to 2 minutes for “Ready”", Waiting(seconds=120, text="Ready")),
        ("Wait until '5 min left' appears", Waiting(seconds=TEXT_S, text="5 min left")),
    ],
)
def test_a_quoted_text_is_waited_for(intent: str, expected: Waiting):
    assert waiting(_step(intent)) == expected


def test_given_seconds_count_before_words():
    assert waiting(_step("Wait 2 minutes for 'Done'", 0)) == Waiting(seconds=0)


def test_a_time_that_is_not_filled_in_yet_may_be_the_longest():
    assert most_seconds(_step("Wait {{pause}} minutes")) == MOST_S
    assert most_seconds(_step("Wait {{pause}} minutes", 3)) == 3


@pytest.mark.parametrize("unit", ["1", "1 ", "'a", "“a", '"', " ", "1.", "1m"])
def test_no_intent_takes_long_to_read(unit: str):
    began = time.process_time()
    waiting(_step(unit * (1_000_000 // len(unit))))
    assert time.process_time() - began < 0.5
