"""What a fault did to the runs that it hit: where they stood, and when they went on."""

from dataclasses import dataclass, field

from tests.chaos.faults import OVER_LATER, Fault, Struck
from tests.chaos.watching import RunWatch, Seen


@dataclass
class Hit:
    """What a fault did to one run: where it stood, and when its next step was over."""

    watch: RunWatch
    steps: int
    paused: bool
    next_step_s: float | None = None
    step_type: str = ""


@dataclass
class Strike:
    """One fault."""

    number: int
    fault: Fault
    aim: str
    struck: Struck
    target: str
    hits: list[Hit] = field(default_factory=list[Hit])
    stuck: bool = False


def next_step(watch: RunWatch, strike: Strike) -> Seen | None:
    """The first step that began after the fault and is over; ended, where the fault lasts."""
    steps = [one for one in list(watch.progress.events) if one.kind == "step"]
    if strike.fault in OVER_LATER:
        return next((one for one in steps if one.at > strike.struck.over), None)
    return next((one for one in steps if one.began > strike.struck.at), None)


def measure(hit: Hit, strike: Strike) -> None:
    """Time from the fault to the end of the next step; of a paused run, from the answer on."""
    step = next_step(hit.watch, strike)
    if step is None:
        return
    began = strike.struck.over if strike.fault in OVER_LATER else strike.struck.at
    for event in list(hit.watch.progress.events):
        if event.kind == "resume" and began < event.at <= step.at:
            began = event.at
    hit.next_step_s = step.at - began
    hit.step_type = step.type


def told(strike: Strike) -> str:
    times = ", ".join(
        f"{hit.watch.job.visitor} {hit.step_type} {hit.next_step_s:.1f} s"
        for hit in strike.hits
        if hit.next_step_s is not None
    )
    stuck = " STUCK" if strike.stuck else ""
    return f"{strike.fault} at {strike.aim} of {strike.target}: {times or 'no step'}{stuck}"
