"""What a call does first that was tried before: lost with its worker, or failed.

Its claim decides about a guarded act, which is never done blindly a second time. Another act
is done again, on the page as it was before the lost try.
"""

import asyncio

from pydantic import ValidationError

from activities.browser.checkpoint import Checkpoint, restorable
from activities.browser.navigate import navigate, same_document
from activities.browser.restoring import restore
from activities.steps.acts import rest_key
from activities.steps.context import StepContext
from activities.steps.deciding import Finding, Found, decide
from activities.steps.effect import shows_effect
from activities.steps.report import Report, failed
from ledger.models import Claim
from plans.calls import CallKind
from plans.halts import MAX_TRIES
from plans.step import FailureClass, StepType
from workflows.messages import Opening

_ANSWER_S = 5.0
_LOOK_S = 3.0
_POLL_S = 0.1
_RESTORE_S = 25.0
_LANDING_S = 20.0

_REPEATABLE = frozenset(
    {
        StepType.NAVIGATE,
        StepType.NAVIGATE_BACK,
        StepType.FILL_FIELD,
        StepType.SELECT_OPTION,
        StepType.SCROLL,
        StepType.WAIT,
        StepType.LOOP,
        StepType.IF_ELSE,
        StepType.DETECT_VISIBLE,
        StepType.EXTRACT_URL,
        StepType.EXTRACT_DATA,
        StepType.EXTRACT_ROWS,
    }
)
"""Doing these a second time, on whatever the first left, comes to the same."""


async def decide_again(context: StepContext) -> Report | None:
    """Settle what earlier tries have left; None: the call is to be done now.

    On a page before its own the call is not done: the run goes back and does other steps first.

    Raises:
        ActivityError: the session is lost.
    """
    report = await _decide(context)
    if report is None and context.request.stepped_back and context.asks.now.acted:
        message = "an act of this step was done, and the page that it was done on is gone"
        return failed(FailureClass.OUTCOME_UNKNOWN, message)
    if report is None and context.request.stepped_back:
        return Report(
            success=False,
            failure_class=FailureClass.BROWSER_LOST,
            message="the page of this step can't be shown again",
            may_go_back=True,
        )
    return report


async def _decide(context: StepContext) -> Report | None:
    if not _tried_before(context):
        return None
    claim = await _earlier_claim(context)
    if claim is None:
        report = await _back_already(context)
        if report is None:
            await _bring_back(context)
        return report
    found = await _find(context, claim)
    if found.finding is Finding.NOT_SENT and await _bring_back(context):
        found = await _find(context, claim)
    if found.finding is Finding.DONE and await _led_on(context, claim):
        return await _go_on(context, claim, found)
    if found.finding is not Finding.NOT_SENT and await _unfinished(context, claim):
        context.acts.claim = claim
        return _unknown(claim, "it was the first of several, and not all are known to be done")
    match found.finding:
        case Finding.NOT_SENT:
            return _do_it(context, "an earlier try sent nothing")
        case Finding.REFUSED:
            context.acts.claim = claim
            return failed(FailureClass.HTTP_4XX, f"it is not sent again: {found.why}")
        case Finding.DONE:
            return await _done(context, claim, found)
        case Finding.SENT | Finding.UNKNOWN:
            return await _look(context, claim, found)


def _tried_before(context: StepContext) -> bool:
    """Whether this execution of the step may have been begun already, by an older run too."""
    again = context.request.again > 0 or context.call.attempt > 1
    return again or (bool(context.resumed_from) and context.step.type not in _REPEATABLE)


async def _earlier_claim(context: StepContext) -> Claim | None:
    """The newest claim among the tries of this execution of the step.

    The run that this one goes on from may have come further with it: its claims came along.
    """
    run = context.run
    claims = await context.ledger.claims.read(run.tenant_id, run.run_id)
    own = [one for one in claims if _is_own(context, one.call_key)]
    return max(own, key=lambda one: one.at, default=None)


def _is_own(context: StepContext, key: str) -> bool:
    """Whether a claim is one that this turn has to decide about.

    What earlier turns of the same try have claimed was decided by them, and is in the progress.
    What earlier tries have left is decided by the first turn.
    """
    call = context.call
    if context.request.again and call.turn_of(key) == call.turn:
        return True
    if call.turn:
        return False
    newest = call.attempt - 1
    if context.resumed_from and call.attempt == 1:
        newest = MAX_TRIES
    tries = (call.model_copy(update={"attempt": one}) for one in range(1, newest + 1))
    return any(one.turn_of(key) is not None for one in tries)


async def _unfinished(context: StepContext, claim: Claim) -> bool:
    """Whether the claim is that of the first of several acts, of which some may be undone."""
    key, run = rest_key(claim.call_key), context.run
    rest = await context.ledger.claims.get(run.tenant_id, run.run_id, key)
    return rest is not None and rest.state != "done"


async def _led_on(context: StepContext, claim: Claim) -> bool:
    """Whether the claimed act is that of this very turn, and a model's that only led on."""
    answer = await context.asks.decided()
    return claim.call_key == context.call.key and answer is not None and answer.goes_on


async def _go_on(context: StepContext, claim: Claim, found: Found) -> Report | None:
    """What the model of this turn chose was done: the step goes on after it."""
    report = await _done(context, claim, found)
    if report is not None:
        context.notes.append(report.message)
        await context.asks.was_done(report.message)
    return None


async def _find(context: StepContext, claim: Claim) -> Found:
    """What the ledger and the journal say; an answer that may still come gets a few seconds."""
    if claim.state == "done":
        return Found(Finding.DONE, "it was done before")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + context.time_left(_ANSWER_S)
    while True:
        journal = context.session.journal_of(claim.session_id)
        found = decide(claim, journal, context.mask)
        waiting = found.finding is Finding.SENT and journal.alive
        if not waiting or loop.time() >= deadline:
            known = claim.state == "not_done" and not journal.complete
            return Found(Finding.NOT_SENT, "it was not done") if known else found
        await asyncio.sleep(_POLL_S)


def _do_it(context: StepContext, why: str) -> None:
    context.acts.cleared = True
    context.notes.append(f"done now: {why}")


async def _done(context: StepContext, claim: Claim, found: Found) -> Report | None:
    """The act was done: go on where it led, which another browser is brought to first."""
    elsewhere = _is_elsewhere(context, claim)
    if elsewhere and claim.kind == "sign_in":
        return _do_it(context, "the browser that was signed in, or its page, is gone")
    context.acts.claim = claim
    if elsewhere and found.landing:
        await context.acts.mark()
        load = await navigate(context.page, found.landing, timeout_s=context.time_left(_LANDING_S))
        if not load.success:
            context.notes.append(f"the page it led to can't be had: {load.message}")
    return Report(message=f"not done a second time: {found.why}")


def _is_elsewhere(context: StepContext, claim: Claim) -> bool:
    """Whether the page that the act was done on is gone: in another browser, or crashed."""
    session = context.session
    restored = session.how in (Opening.RESTORED, Opening.STEPPED_BACK)
    return claim.session_id != session.session_id or (context.request.again > 0 and restored)


async def _look(context: StepContext, claim: Claim, found: Found) -> Report | None:
    """Sent, or perhaps: the page decides where the plan says what the act leads to."""
    for patience_s in (_LOOK_S, 0.0):
        if claim.telling and await shows_effect(
            context.page, context.step, patience_s=context.time_left(patience_s)
        ):
            context.acts.claim = claim
            return Report(message="not done a second time: the page shows that it was done")
        if not await _bring_back(context):
            break
    if claim.kind == "sign_in":
        return _do_it(context, found.why)
    context.acts.claim = claim
    return _unknown(claim, found.why)


def _unknown(claim: Claim, why: str) -> Report:
    return failed(
        FailureClass.OUTCOME_UNKNOWN,
        f"whether {claim.what!r} was done is not known: {why}. It is not done a second time",
    )


async def _back_already(context: StepContext) -> Report | None:
    """Whether a lost try has gone back: the page before the call is not the one shown."""
    if context.step.type is not StepType.NAVIGATE_BACK or not _was_acting(context):
        return None
    before = await _newest_checkpoint(context)
    if before is None or same_document(before.tab.url, context.page.url):
        return None
    return Report(message="the page before is shown already")


def _was_acting(context: StepContext) -> bool:
    """Whether a try of this very call was lost after it had begun to act in this browser."""
    return context.request.again > 0 and context.session.acting_before == context.call.key


async def _newest_checkpoint(context: StepContext) -> Checkpoint | None:
    """The run's newest checkpoint, None where there is none that this build can read."""
    run = context.run
    kept = (await context.ledger.checkpoints.read(run.tenant_id, run.run_id)).newest
    if kept is None:
        return None
    try:
        return Checkpoint.model_validate(kept)
    except ValidationError:
        return None


async def _bring_back(context: StepContext) -> bool:
    """Bring a page that the lost try may have changed to the checkpoint; whether that was done.

    A page that came by POST can't be brought back: the call goes on with what is shown.
    """
    run = context.run
    if not _was_acting(context) or context.brought_back:
        return False
    if context.call.kind is not CallKind.STEP or context.step.type in _REPEATABLE:
        return False
    checkpoint = await _newest_checkpoint(context)
    if checkpoint is None or not restorable(checkpoint):
        context.notes.append("the page may show what a lost try did: it can't be brought back")
        return False
    await context.acts.mark()
    context.brought_back = True
    secrets = await context.ledger.secrets.read(run.tenant_id, run.run_id)
    restored = await restore(
        context.session, checkpoint, secrets, timeout_s=context.time_left(_RESTORE_S)
    )
    context.notes.append(
        f"a lost try may have changed the page, which was opened anew{_because(restored.message)}"
    )
    return True


def _because(message: str) -> str:
    return f": {message}" if message else ""
