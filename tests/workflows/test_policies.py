from datetime import timedelta

from plans.step import Step, StepType
from workflows.policies import step_timeout

HOUR_MS = 3_600_000


def test_a_wait_in_words_gets_its_time():
    step = Step(intent="Wait 2 minutes", type=StepType.WAIT)
    assert step_timeout(step, HOUR_MS) >= timedelta(minutes=2, seconds=30)


def test_no_step_outlives_the_run_by_much():
    step = Step(intent="Wait 50 minutes", type=StepType.WAIT)
    assert step_timeout(step, 10_000) <= timedelta(seconds=30)
    assert step_timeout(step, -5) <= timedelta(seconds=20)
