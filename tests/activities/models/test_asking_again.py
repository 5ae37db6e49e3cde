"""When a model that gave no answer is asked again."""

import pytest

from activities.models.patience import AskAgain, Patience, Tried
from activities.models.settings import PatienceSettings
from inference.errors import ModelAway, ModelError, ModelRefused


def patience(now_s: float, left_s: float = 3000) -> Patience:
    settings = PatienceSettings(model_patience_s=60)
    return Patience(settings=settings, within_s=100, left_s=left_s, now_ms=int(now_s * 1000))


def asked_at(error: ModelError, left_s: float = 3000) -> tuple[list[float], str]:
    """When a model is asked that always fails like this, in seconds, and how that ends."""
    times, tried, now = [0.0], Tried(), 0.0
    while True:
        # The epoch is not where clocks begin: 0 stands for "not away".
        further = patience(1000 + now, left_s - now).after(error, tried, "why")
        if not isinstance(further, AskAgain):
            return times, further
        now, tried = now + further.after_s, further.tried
        times.append(now)


def test_the_pauses_double_up_to_a_bound_until_the_patience_is_at_its_end() -> None:
    assert asked_at(ModelAway("away")) == ([0, 1, 3, 7, 15, 30, 45, 60], "unavailable")


def test_a_server_is_not_asked_before_the_time_that_it_names() -> None:
    assert asked_at(ModelAway("429", after_s=25)) == ([0, 25, 50], "unavailable")
    assert asked_at(ModelAway("429", after_s=60)) == ([0, 60], "unavailable")


def test_a_server_that_names_a_time_beyond_the_patience_is_unavailable_at_once() -> None:
    assert asked_at(ModelAway("429", after_s=90)) == ([0], "unavailable")


@pytest.mark.parametrize("after_s", [None, 30])
def test_no_question_waits_beyond_the_runs_time(after_s: float | None) -> None:
    times, end = asked_at(ModelAway("away", after_s=after_s), left_s=20)
    assert end == "unavailable"
    assert times[-1] < 20


def test_a_model_that_was_slow_to_fail_is_asked_twice() -> None:
    first = patience(1000).after(ModelAway("late"), Tried(), "why")
    assert isinstance(first, AskAgain)
    assert patience(1100).after(ModelAway("late"), first.tried, "why") == "unavailable"


def test_what_can_not_be_mended_by_asking_again_is_not_asked_again() -> None:
    assert asked_at(ModelRefused("401")) == ([0], "unavailable")
