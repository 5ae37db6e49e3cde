"""Look, ask the tiers, act, look again: how a step finds and does what its intent names."""

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial

from activities.browser.act import ActResult
from activities.browser.bounded import staying
from activities.browser.choices import stands
from activities.browser.snapshot import Snapshot
from activities.steps.context import StepContext, report_of
from activities.steps.guarding import MODELS, may_lead_to, objection, went_astray
from activities.steps.report import Report, failed, not_known
from activities.steps.seeking import Seek, absent, may_seek
from activities.steps.turns.asks import ACT
from inference.cascade import AWAY, NOT_CONFIGURED, Answer
from inference.decisions import ActKind, Decision, Done
from inference.turns import done_by, spent, targets
from plans.step import FailureClass, StepType, TierName

_COMING_S = 2.0
_PAUSE_S = 0.15
_MOST_ANEW = 2
_MOST_PAID = 4
_LONGEST_INTENT = 200
_WAIT_S = 1.5
"""How long a model lets the page go on that says to wait."""
_SETTLING = (ActKind.WAIT, ActKind.DONE, ActKind.INPUT)
_MISSED = frozenset(
    {FailureClass.NO_STATE_CHANGE, FailureClass.SELECTOR_MISS, FailureClass.WRONG_TARGET}
)
_SWITCHING = (ActKind.CHECK, ActKind.UNCHECK)


async def ground_and_act(context: StepContext) -> Report:
    """The whole of most steps; an act that only leads to the target is followed by another.

    At most `budget` acts are done. Where nothing on the page resembles the target, what an act
    of this step opened is given a moment to come, and lists and the page are scrolled on.
    """
    if context.step.params.selector:
        return await context.act_on_selector(context.step.params.selector)
    course = _Course(context, list(context.asks.now.done))
    while spent(course.done) < context.step.budget:
        report = await course.turn()
        if report is not None:
            return report
    count = len(course.done)
    message = f"{count} acts were done, the target is not reached"
    return failed(FailureClass.BUDGET_EXHAUSTED, message)


@dataclass
class _Course:
    """The looks and acts of one step, so far."""

    context: StepContext
    done: list[Done] = field(default_factory=list[Done])
    seek: Seek | None = None
    looks_until: float = 0.0
    looked_anew: int = 0
    paid: int = 0

    async def turn(self) -> Report | None:
        """One look with its act; None: look again."""
        context = self.context
        snapshot = await context.look()
        try:
            passing = self.seek is not None or self._may_come
            answer = await context.decide(snapshot, tuple(self.done), passing=passing)
            if not isinstance(answer.result, Decision):
                return await self._without(snapshot, answer)
            if self.seek is not None:
                context.notes.append(f"scrolled on {self.seek.views} times until it was there")
                self.seek = None
            note_missing(context, answer)
            return await self._act(snapshot, answer.result)
        finally:
            await snapshot.dispose()

    @property
    def _may_come(self) -> bool:
        """Whether what an act opened may still come, before a model is asked where it is."""
        coming = asyncio.get_running_loop().time() < self.looks_until
        return coming and bool(self.context.asks.models)

    async def _act(self, snapshot: Snapshot, decision: Decision) -> Report | None:
        if decision.act in _SETTLING:
            return await self._settle(decision)
        if decision.tier in MODELS:
            return await self._act_as_told(snapshot, decision)
        return await self._do(snapshot, decision)

    async def _act_as_told(self, snapshot: Snapshot, decision: Decision) -> Report | None:
        """Do what a model has decided, within the plan's bounds."""
        context = self.context
        try:
            if (trouble := await objection(context, snapshot, decision)) is not None:
                context.sights.came_of(trouble.message)
                return replace(trouble, tier=decision.tier, confidence=decision.confidence)
        except LookupError:
            return self._overtaken(decision, "the target is no longer on the page")
        before = context.page.url
        may_lead = partial(may_lead_to, context, before)
        async with staying(context.session.context, may_lead) as refused:
            report = await self._do(snapshot, decision)
        if (astray := await went_astray(context, decision, before, refused)) is not None:
            return replace(astray, tier=decision.tier, confidence=decision.confidence)
        return report

    async def _settle(self, decision: Decision) -> Report | None:
        """What a model says that is no act on the page."""
        context, asks = self.context, self.context.asks
        context.sights.came_of(f"{decision.tier} says: {decision.act}")
        if decision.act is ActKind.INPUT:
            work = f'the step "{context.shown.intent[:_LONGEST_INTENT]}"'
            asks.ask_user(decision.text, work, asks.said(decision.tier, ACT))
        if decision.act is ActKind.WAIT:
            await asyncio.sleep(context.time_left(_WAIT_S))
            self._goes_on(decision, "waited", (Done(act=ActKind.WAIT, name="", role=""),))
            return None
        acted = any(one.act not in _SETTLING for one in self.done)
        return Report(
            message=f"{decision.tier} says that it is done",
            tier=decision.tier,
            confidence=decision.confidence,
            unproven=not acted and context.step.type is not StepType.SCROLL,
        )

    async def _do(self, snapshot: Snapshot, decision: Decision) -> Report | None:
        context = self.context
        if (failure := context.memory.tried(snapshot.observation, decision)) is not None:
            return report_of(failure, decision)
        context.acts.more = decision.goes_on or bool(decision.also)
        result = await _act_on_all(context, snapshot, decision)
        context.sights.came_of(result.told)
        untouched = context.acts.claim is None
        if context.memory.acted(snapshot.observation, decision, result) and untouched:
            context.notes.append("what worked before could not be reached here: looked anew")
            return None
        if self._may_look_anew(result):
            return self._overtaken(decision, result.message)
        if not decision.goes_on or not (result.success or self._may_try_on(decision, result)):
            if result.success:
                await context.acts.all_done()
            return report_of(result, decision)
        self._goes_on(decision, result.told, done_by(snapshot.observation, decision))
        if decision.tier not in MODELS:
            self.looks_until = asyncio.get_running_loop().time() + _COMING_S
        return None

    def _overtaken(self, decision: Decision, why: str) -> None:
        """Look anew: the page has changed since the look, before anything was done."""
        self.looked_anew += 1
        if said := self.context.asks.said(decision.tier, ACT):
            self.context.asks.anew(said, why)

    def _may_try_on(self, decision: Decision, result: ActResult) -> bool:
        """Whether a model that works act by act may see what failed, and try another way."""
        harmless = result.failure_class in _MISSED and self.context.acts.claim is None
        return decision.tier in MODELS and harmless

    def _goes_on(self, decision: Decision, came_of: str, done: tuple[Done, ...]) -> None:
        """Take note of acts that only lead on; the next look is asked about afresh."""
        asks, word = self.context.asks, self.context.mask.worded
        self.done += done
        kept = tuple(
            one.model_copy(update={"name": word(one.name), "text": word(one.text)}) for one in done
        )
        asks.now = asks.now.after(kept, asks.past(decision.tier, came_of))

    def _may_look_anew(self, result: ActResult) -> bool:
        """Whether nothing was done yet because the page has changed since the look.

        It drew the target anew, or a banner came over it, which the next look dismisses if
        that does no harm.
        """
        undone = result.stale or result.covered_by is not None
        return undone and not result.evidence and self.looked_anew < _MOST_ANEW

    async def _without(self, snapshot: Snapshot, answer: Answer) -> Report | None:
        """No tier knows: what is still to come is waited for, what lies farther on is brought."""
        context = self.context
        if self._may_come:
            await asyncio.sleep(_PAUSE_S)
            return None
        if absent(answer.result):
            # A tier that costs is asked again a few times only.
            costs = context.costs_at_once(answer.trail)
            self.paid += costs
            left_s = self.looks_until - asyncio.get_running_loop().time()
            if left_s > 0:
                await asyncio.sleep(left_s if costs else _PAUSE_S)
                return None
            may = may_seek(context.step) and self.paid < _MOST_PAID
            if may and await self._farther(snapshot):
                return None
        if self.seek is not None:
            await self.seek.give_up()
        return not_known(answer)

    async def _farther(self, snapshot: Snapshot) -> bool:
        context = self.context
        if self.seek is None:
            await context.acts.mark()
            left_s, required = context.time_left(60.0), context.step.required
            self.seek = Seek.within(context.page, left_s, required=required)
        return await self.seek.farther(snapshot)


async def _act_on_all(context: StepContext, snapshot: Snapshot, decision: Decision) -> ActResult:
    """Act on the target and on all others that the decision names; stops at the first failure.

    What was done to the ones before stands as evidence, so that nobody does it again.
    """
    done: list[str] = []
    result: ActResult | None = None
    for one in targets(decision):
        result = await context.carry_out(snapshot, one)
        if not result.success:
            break
        done += result.evidence
    assert result is not None
    if result.success and decision.also:
        result = await _all_hold(context, snapshot, decision, result)
    if result.success or not done:
        return result
    count = len(decision.also) + 1
    message = f"{result.message} ({count} targets in all)"
    evidence = tuple(dict.fromkeys((*done, *result.evidence)))
    return replace(result, message=message, evidence=evidence, stale=False)


async def _all_hold(
    context: StepContext, snapshot: Snapshot, decision: Decision, result: ActResult
) -> ActResult:
    """Of "all N" that are switched, N must be so in the end: some pages allow fewer."""
    if decision.act not in _SWITCHING:
        return result
    on = decision.act is ActKind.CHECK
    for one in targets(decision):
        if one.ref is not None and await stands(await snapshot.element(one.ref), on=on) is False:
            count = len(decision.also) + 1
            message = f"not all {count} are as they should be: the page took one back"
            failure = FailureClass.NO_STATE_CHANGE
            return replace(result, success=False, failure_class=failure, message=message)
    return result


def note_missing(context: StepContext, answer: Answer) -> None:
    """Note which tiers were passed over, and who answered in their place."""
    missing = [one.tier for one in answer.trail if one.outcome == NOT_CONFIGURED]
    if needed := [tier for tier in missing if tier is not TierName.MEMORY]:
        context.notes.append(f"not configured and passed over: {', '.join(needed)}")
    result = answer.result
    instead = f": {result.tier} answered" if isinstance(result, Decision) else ""
    for one in answer.trail:
        if one.outcome == AWAY:
            context.notes.append(f"{one.tier} is away and was passed over{instead}: {one.why}")
