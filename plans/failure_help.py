"""What a caller can do about a run that did not succeed."""

from collections.abc import Mapping
from types import MappingProxyType

from plans.step import Frozen, HaltClass


class DebugSurfaces(Frozen):
    """Where to look: paths of this service; `video` is None where none was asked for."""

    status: str
    result: str
    logs: str
    events: str
    video: str | None = None


class FailureHelp(Frozen):
    """One sentence on what happened, what usually causes it, and what to try."""

    halt_class: HaltClass
    summary: str
    likely_causes: tuple[str, ...]
    next_steps: tuple[str, ...]
    debug_surfaces: DebugSurfaces


class _Text(Frozen):
    summary: str
    causes: tuple[str, ...]
    steps: tuple[str, ...]


_TEXTS: Mapping[HaltClass, _Text] = MappingProxyType(
    {
        HaltClass.PAGE_BLOCKED: _Text(
            summary="The site showed a wall against robots instead of the page.",
            causes=("a captcha or an access-denied page", "too many requests from one address"),
            steps=(
                "use a profile_id whose browser is logged in and known to the site",
                "slow down, or set an upstream proxy",
                "let a request_user_input step ask a person to pass the wall",
            ),
        ),
        HaltClass.MAX_COST_EXCEEDED: _Text(
            summary="The run reached its max_cost before its plan was done.",
            causes=("more items or pages than the budget covers", "many steps needed a model"),
            steps=(
                "submit it again with resume_state: it goes on where it stopped, with a new budget",
                "raise max_cost",
                "lower loop_count or extract.max_items",
            ),
        ),
        HaltClass.TIMEOUT: _Text(
            summary="The run reached its max_time_minutes, or nobody answered its pause in time.",
            causes=("a slow site", "more items than the time covers", "an unanswered pause"),
            steps=(
                "submit it again with resume_state: it goes on where it stopped, with a new budget",
                "raise max_time_minutes",
                "lower loop_count",
                "answer the pause sooner",
            ),
        ),
        HaltClass.GATE_FAILED: _Text(
            summary="A gate's condition did not hold on the page.",
            causes=("the filter or the login before it had no effect", "the page has changed"),
            steps=("look at the screenshot of the gate's step", "correct its verify clause"),
        ),
        HaltClass.EXTRACT_FAILED: _Text(
            summary="The plan reads records, and no viable one was read.",
            causes=(
                "required fields are not on the page",
                "the list was empty without saying so",
                "the items could not be opened",
            ),
            steps=("check which fields are required", "look at the rows and at the failed steps"),
        ),
        HaltClass.NAVIGATION_BLOCKED: _Text(
            summary="A page that the plan needs could not be opened.",
            causes=(
                "the site is down, slow, or answers with an error",
                "the address is wrong",
                "the host is private or not in the tenant's allowlist",
            ),
            steps=("open the URL of the failed step in a browser", "check the allowlist"),
        ),
        HaltClass.STEP_FAILED: _Text(
            summary="A step that the plan can't do without failed in all its tries.",
            causes=(
                "the page has no element like the one the intent names",
                "several elements fit, or the act had no effect",
            ),
            steps=(
                "word the intent closer to what the page shows",
                "look at the step's screenshot and failure_class",
                "take required off if the run can go on without it",
                "submit it again with resume_state: it goes on at the step that failed",
            ),
        ),
        HaltClass.MODEL_UNAVAILABLE: _Text(
            summary="A step needed a model, and none that can answer is configured or reachable.",
            causes=("no Holo3 endpoint and no Anthropic key", "the model's server is down"),
            steps=("configure a model", "word the step so that the page alone decides it"),
        ),
        HaltClass.GATE_UNDECIDED: _Text(
            summary="Nobody could tell whether a gate's condition holds.",
            causes=("the verify clause is about what the page does not show in words",),
            steps=("name a text or a part of the URL that proves it", "configure a model"),
        ),
        HaltClass.BROWSER_LOST: _Text(
            summary="The browser was lost and could not be brought back, or was lost too often.",
            causes=("it crashed or was killed", "the machine ran out of memory"),
            steps=(
                "submit it again with resume_state: it goes on where it stopped, rows kept",
                "give the host more memory or fewer sessions",
                "have MANTIS_MAX_RECOVERIES raised",
            ),
        ),
        HaltClass.OUTCOME_UNKNOWN: _Text(
            summary="An act that must not happen twice may or may not have reached the site.",
            causes=("a worker or the browser died while it was being sent",),
            steps=(
                "look on the site whether it was done",
                "then submit a plan of what is left: resume_state does not do that act again",
            ),
        ),
        HaltClass.LIMIT_EXCEEDED: _Text(
            summary="The run executed as many steps as one run may.",
            causes=("nested loops multiply", "branches lead in a circle"),
            steps=("lower loop_count", "split the plan", "have MANTIS_MAX_RUN_STEPS raised"),
        ),
        HaltClass.PLAN_REJECTED: _Text(
            summary="The plan that plan_text was decomposed into is not acceptable.",
            causes=("it has too many steps", "it names hosts outside the allowlist"),
            steps=("word plan_text more narrowly", "submit the steps yourself"),
        ),
        HaltClass.CANCELLED: _Text(
            summary="The run was cancelled on request.",
            causes=("somebody called cancel",),
            steps=("submit it again; resume_state goes on where it stopped",),
        ),
        HaltClass.INTERNAL_ERROR: _Text(
            summary="The run ended by a fault of the service.",
            causes=("a defect, or a part of the service was away for too long",),
            steps=(
                "submit it again with resume_state: it goes on where it stopped",
                "report the run_id to the operator",
            ),
        ),
    }
)


def failure_help(halt_class: HaltClass, run_id: str, video: bool = False) -> FailureHelp:
    """The help for a run that ended in this class."""
    text = _TEXTS[halt_class]
    base = f"/v1/runs/{run_id}"
    return FailureHelp(
        halt_class=halt_class,
        summary=text.summary,
        likely_causes=text.causes,
        next_steps=text.steps,
        debug_surfaces=DebugSurfaces(
            status=f"{base}/status",
            result=f"{base}/result",
            logs=f"{base}/logs",
            events=f"{base}/events",
            video=f"{base}/video" if video else None,
        ),
    )
