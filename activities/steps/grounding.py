"""Look, ask the tiers, act, look again: how a step finds and does what its intent names."""

from dataclasses import dataclass

from activities.browser.act import ActResult
from activities.browser.snapshot import Snapshot
from activities.steps.context import StepContext, report_of
from activities.steps.report import Report, failed, not_known
from inference.cascade import NOT_CONFIGURED, Answer
from inference.decisions import Decision, Done
from plans.step import FailureClass, TierName


async def ground_and_act(context: StepContext) -> Report:
    """The whole of most steps; an act that only leads to the target is followed by another.

    At most `budget` acts are done.
    """
    if context.step.params.selector:
        return await context.act_on_selector(context.step.params.selector)
    done: list[Done] = []
    while len(done) < context.step.budget:
        turn = await _turn(context, tuple(done))
        if turn.report is not None:
            return turn.report
        done += turn.done
    return failed(
        FailureClass.BUDGET_EXHAUSTED, f"{len(done)} acts were done, the target is not reached"
    )


@dataclass(frozen=True)
class _Turn:
    """One look with its act; `report` None: it only led on."""

    report: Report | None
    done: tuple[Done, ...] = ()


async def _turn(context: StepContext, done: tuple[Done, ...]) -> _Turn:
    snapshot = await context.look()
    try:
        answer = await context.decide(snapshot, done)
        if not isinstance(answer.result, Decision):
            return _Turn(not_known(answer))
        _note_missing(context, answer)
        decision = answer.result
        result = await _act_on_all(context, snapshot, decision)
        context.sights.came_of(result.told)
        untouched = context.acts.claim is None
        if context.memory.acted(snapshot.observation, decision, result) and untouched:
            context.notes.append("what worked before had no effect here: looked anew")
            return _Turn(None)
        if result.success and decision.goes_on:
            return _Turn(None, (_done(snapshot, decision),))
        return _Turn(report_of(result, decision))
    finally:
        await snapshot.dispose()


async def _act_on_all(context: StepContext, snapshot: Snapshot, decision: Decision) -> ActResult:
    """Act on the target and on all others that the decision names; stops at the first failure."""
    result = await context.carry_out(snapshot, decision)
    for ref in decision.also:
        if not result.success:
            break
        result = await context.carry_out(snapshot, decision.model_copy(update={"ref": ref}))
    return result


def _note_missing(context: StepContext, answer: Answer) -> None:
    missing = [one.tier for one in answer.trail if one.outcome == NOT_CONFIGURED]
    if needed := [tier for tier in missing if tier is not TierName.MEMORY]:
        context.notes.append(f"not configured and passed over: {', '.join(needed)}")


def _done(snapshot: Snapshot, decision: Decision) -> Done:
    element = None if decision.ref is None else snapshot.observation.element(decision.ref)
    return Done(
        act=decision.act,
        name=element.name if element else "",
        role=element.role if element else "",
        text=decision.text,
    )
