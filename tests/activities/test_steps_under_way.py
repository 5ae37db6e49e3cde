from activities.steps_under_way import StepsUnderWay


def test_a_session_is_quiet_since_its_last_step_ended() -> None:
    now = 100.0
    steps = StepsUnderWay(lambda: now)
    assert steps.quiet_s("a") == 100
    steps.began("a")
    steps.began("a")
    now = 110
    steps.ended("a")
    assert steps.quiet_s("a") == 0
    steps.ended("a")
    now = 112.5
    assert steps.quiet_s("a") == 2.5
    assert steps.quiet_s("b") == 112.5
