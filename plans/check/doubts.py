"""What is accepted in a micro-plan and likely not meant."""

import ipaddress
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from plans.caps import Caps
from plans.check.problems import Problem, meant, note, warning
from plans.guard import Guard
from plans.plan import Plan
from plans.step import Step, StepType
from plans.structure import Loop, Structure
from plans.submission import most_steps
from plans.urls import navigate_url

_REMARKS = frozenset({"name", "id", "title", "description", "comment", "comments", "note", "notes"})
_MOVING = frozenset({StepType.CLICK, StepType.PAGINATE, StepType.NAVIGATE, StepType.SCROLL})


def doubts(plan: Plan, caps: Caps) -> Iterator[Problem]:
    """All doubts about a plan whose steps are acceptable."""
    structure = Structure(plan.steps)
    set_here = {step.out_var for step in plan.steps if step.out_var}
    for index, step in enumerate(plan.steps):
        yield from unknown_fields(step, index)
        yield from _variables(step, index, set_here)
        yield from _jumps(step, index)
        if step.type is StepType.NAVIGATE and navigate_url(step) is None:
            way_out = "give 'url', or write the address into the intent"
            yield warning(f"step {index}", "navigates to no URL", way_out)
    for loop in structure.loops:
        yield from _loop(loop, plan.steps, structure, caps)
    most = most_steps(plan, caps.limits(caps.max_cost_usd, caps.max_runtime_minutes))
    if most >= caps.max_run_steps:
        way_out = "lower the loop counts, or split the plan"
        text = f"may want more than the {caps.max_run_steps} steps that one run executes"
        yield warning("plan", text, way_out)


def unknown_fields(step: Step, index: int) -> Iterator[Problem]:
    """Fields that nothing reads."""
    parts: list[tuple[str, BaseModel]] = [("", step), ("params.", step.params)]
    parts.append(("hints.", step.hints))
    if step.extract is not None:
        parts.append(("extract.", step.extract))
        for place, field in enumerate(step.extract.fields):
            parts.append((f"extract.fields[{place}].", field))
    for path, part in parts:
        for name in part.model_extra or {}:
            if name not in _REMARKS and not name.startswith("_"):
                way_out = meant(name, type(part).model_fields) or "leave it out, or check its name"
                yield warning(f"step {index}", f"unknown field '{path}{name[:40]}'", way_out)


def _variables(step: Step, index: int, set_here: set[str]) -> Iterator[Problem]:
    used = {"stop_var": step.stop_var, "condition_var": step.condition_var}
    if step.guard is not None:
        used["guard"] = Guard.parse(step.guard).name
    for field, name in used.items():
        if name is not None and name not in set_here:
            way_out = meant(name, set_here) or f'set it with "out_var": "{name}" before'
            yield warning(f"step {index}", f"{field} '{name}' is set by no step", way_out)


def _jumps(step: Step, index: int) -> Iterator[Problem]:
    if step.type is StepType.IF_ELSE and step.then_target is None and step.else_target is None:
        way_out = "give then_target, else_target, or both"
        yield warning(f"step {index}", "decides and leads nowhere", way_out)
    for field, target in (("then_target", step.then_target), ("else_target", step.else_target)):
        if target is not None and target <= index:
            text = f"{field} leads back to step {target}: nothing bounds how often"
            yield warning(f"step {index}", text, "use a loop, which has a count")


def _loop(loop: Loop, steps: Sequence[Step], structure: Structure, caps: Caps) -> Iterator[Problem]:
    place, step = f"step {loop.index}", steps[loop.index]
    body = steps[loop.target : loop.index]
    most = caps.max_loop_iterations
    if step.loop_count is not None and step.loop_count > most:
        text = f"loop_count {step.loop_count} is cut to {most}"
        yield warning(place, text, "the operator may raise MANTIS_MAX_LOOP_ITERATIONS")
    moves = any(inner.type in _MOVING for inner in body)
    if step.loop_count is None and step.stop_var is None and not moves:
        text = f"loop without an exit: nothing in its body moves on, {most} passes end it"
        yield warning(place, text, "give loop_count or stop_var, or a step that opens the next")
    elif step.loop_count is None and step.stop_var is None:
        text = f"no loop_count: ends when the list has no further item, or after {most} passes"
        yield note(place, text)
    for other in structure.loops:
        if other.target < loop.target < other.index < loop.index:
            text = f"crosses the loop of step {other.index}: neither lies in the other"
            yield warning(place, text, "let one loop's body hold the whole of the other")


def private_hosts(hosts: Sequence[str]) -> Iterator[Problem]:
    """Hosts that browsers do not reach unless the operator allows it."""
    for host in hosts:
        if host == "localhost" or host.endswith(".localhost") or _is_private(host):
            way_out = f"the operator allows it with MANTIS_ALLOW_PRIVATE_HOSTS={host}:PORT"
            yield warning("plan", f"leads to the private host {host}", way_out)


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
