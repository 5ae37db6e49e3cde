"""Options: defaults, clamps, precedence and safe names."""

import pytest
from pydantic import JsonValue

from plans.caps import Caps
from plans.options import Options, VideoFormat, identifier
from plans.step import Perception
from plans.submission import Submission, most_steps, understand

WAIT: JsonValue = {"intent": "wait", "type": "wait"}


class NoFiles:
    def read_plan_file(self, path: str) -> str:
        raise AssertionError(path)


def submit(runtime: dict[str, JsonValue] | None = None, **body: JsonValue) -> Submission:
    suite: JsonValue = {"steps": [WAIT], "runtime": runtime}
    return understand({"task_suite": suite, **body}, NoFiles(), Caps())


def test_defaults() -> None:
    submission = submit()
    assert submission.options == Options(workflow_id=submission.signature[:12])


def test_the_caller_beats_the_plan_and_the_plan_the_defaults() -> None:
    options = submit(
        {"max_cost": 3, "perception": "as_planned", "inputs": {"a": 1, "b": 2}, "junk": 1},
        max_cost=4.5,
        inputs={"b": 3},
        trace="x-1",
    ).options
    assert (options.max_cost, options.perception) == (4.5, Perception.AS_PLANNED)
    assert options.inputs == {"a": 1, "b": 3}
    assert options.model_extra == {"trace": "x-1"}


def test_money_time_and_frames_are_clamped() -> None:
    submission = submit(max_cost=1e9, max_time_minutes=0.5, video_fps=1000, video_format="gif")
    options = submission.options
    assert (options.max_cost, options.max_time_minutes, options.video_fps) == (25.0, 0.5, 30)
    assert options.video_format is VideoFormat.GIF
    assert submission.limits.max_cost_micro == 25_000_000
    assert submission.limits.max_time_ms == 30_000
    assert submit(video_fps=-4).options.video_fps == 1
    assert Caps().for_tenant(2.0, 90).max_cost_usd == 2.0
    assert Caps().for_tenant(2.0, 90).max_runtime_minutes == 60


def test_the_older_name_fills_both_names() -> None:
    options = submit(state_key="shop/a", profile_id="p").options
    assert (options.profile_id, options.workflow_id) == ("p", "shop_a")
    options = submit(state_key="k", workflow_id="", profile_id="").options
    assert (options.profile_id, options.workflow_id) == ("k", "k")


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("a b/c", "a_b_c"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("...", ""),
        ("x" * 500, "x" * 128),
        ("Ünï", "_n_"),
        (".hidden", "hidden"),
    ],
)
def test_identifiers_are_safe_in_a_path(given: str, safe: str) -> None:
    assert identifier(given) == safe


def test_a_workflow_id_of_nothing_safe_falls_back_to_the_signature() -> None:
    submission = submit(workflow_id="...")
    assert submission.options.workflow_id == submission.signature[:12]


def test_the_most_steps_a_run_executes() -> None:
    body: JsonValue = {
        "task_suite": [
            WAIT,
            WAIT,
            *[WAIT] * 5,
            {"intent": "again", "type": "loop", "loop_target": 2, "loop_count": 3},
        ]
    }
    submission = understand(body, NoFiles(), Caps())
    assert most_steps(submission.source.content, submission.limits) == 17
    submission = understand(body, NoFiles(), Caps(max_run_steps=9))
    assert most_steps(submission.source.content, submission.limits) == 9
