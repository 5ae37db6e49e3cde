"""Writes a step down: its event, its records, its variables, its item, in one transaction."""

from dataclasses import dataclass

from pydantic import JsonValue

from activities.metrics import observe_step
from activities.steps.boundary import Boundary
from activities.steps.context import StepContext
from activities.steps.masking import NOTHING, Mask
from activities.steps.report import Report
from ledger.ledger import Ledger
from ledger.models import ItemMark, NewEvent, NewRow, RowCounts, SettledState, StepRecord
from plans.calls import Ask, CallKind, Money, Outcome, Verdict
from plans.judge import Judgement, judge
from plans.placeholders import SECRET, as_text, reference
from plans.secret_names import is_secret_name
from plans.state import truth_of
from plans.step import INTENT_READ, FailureClass, Section
from workflows.interfaces import StepRequest


@dataclass(frozen=True)
class Recorded:
    """A step call that is over, or waits for an answer (`ask`), which its `progress` is for.

    `context` None: it failed before it began.
    """

    request: StepRequest
    context: StepContext | None
    report: Report
    gate: Verdict | None
    duration_ms: int
    screenshot: str | None = None
    sights: str | None = None
    boundary: Boundary | None = None
    claim_state: SettledState | None = None
    ask: Ask | None = None
    progress: JsonValue = None

    @property
    def lost(self) -> bool:
        """Whether its browser was lost: the very same call is made again then."""
        return self.report.failure_class is FailureClass.BROWSER_LOST

    @property
    def acted(self) -> bool:
        """Whether an act may have been done that must not happen twice, a sign-in aside."""
        if self.context is not None and self.context.asks.now.acted:
            return True
        claim = self.context.acts.claim if self.context else None
        return claim is not None and claim.kind == "act" and self.claim_state != "not_done"


async def record(ledger: Ledger, done: Recorded) -> Outcome:
    """Write the call down and answer with the outcome that the interpreter takes in.

    Of a lost one only that it was lost is written.
    """
    if done.lost:
        return await _record_lost(ledger, done)
    if done.ask is not None:
        return await _record_waiting(ledger, done, done.ask)
    call, report = done.request.call, done.report
    mask = done.context.mask if done.context else NOTHING
    out_var = call.step.out_var
    variables: dict[str, JsonValue] = {}
    if out_var and report.success and call.kind is CallKind.STEP:
        value = report.value if report.value is not None else report.truth
        variables[out_var] = await _stored(done.context, out_var, value)
    outcome = _outcome(done, mask)
    judgement = judge(call.step, outcome, call.attempt)
    rows = () if judgement.kind == "retry" else _masked_rows(report.rows, mask)
    counts = await ledger.rows.record_step(
        StepRecord(
            tenant_id=done.request.run.tenant_id,
            run_id=done.request.run.run_id,
            call_key=call.whole_key,
            claim_key=call.key,
            step_index=call.index,
            events=_events(done, outcome, rows, judgement),
            rows=rows,
            variables=variables,
            item=_item_mark(done, failed=judgement.kind in ("fail", "halt")),
            outcome=outcome.model_dump(mode="json"),
            checkpoint=done.boundary.checkpoint if done.boundary else None,
            claim_state=done.claim_state,
        )
    )
    observe_step(call, outcome)
    return _counted(outcome, counts)


async def recorded(ledger: Ledger, request: StepRequest) -> Outcome | None:
    """What the call came to, or this turn of it, where it was written down already."""
    run, call = request.run, request.call
    for key in (call.whole_key, call.asked_key):
        found = await ledger.outcomes.get(run.tenant_id, run.run_id, key)
        if found is not None:
            break
    return _counted(Outcome.model_validate(found.outcome), found.counts) if found else None


async def _record_waiting(ledger: Ledger, done: Recorded, ask: Ask) -> Outcome:
    """Write down what this turn did, and that the call waits for an answer."""
    request, call = done.request, done.request.call
    outcome = _outcome(done, done.context.mask if done.context else NOTHING).model_copy(
        update={"success": False, "message": ask.why, "ask": ask, "progress": done.progress}
    )
    body = _masked_body(done, outcome, Judgement(kind="retry"))
    event = NewEvent(
        dedup_key=f"{call.key}:asks",
        kind="action",
        step_index=call.index,
        body=body | {"success": None, "asks": ask.tier.value if ask.tier else "user"},
    )
    await ledger.rows.record_step(
        StepRecord(
            tenant_id=request.run.tenant_id,
            run_id=request.run.run_id,
            call_key=call.asked_key,
            claim_key=call.key,
            step_index=call.index,
            events=(event,),
            outcome=outcome.model_dump(mode="json"),
            checkpoint=done.boundary.checkpoint if done.boundary else None,
            claim_state=done.claim_state,
        )
    )
    return outcome


def _counted(outcome: Outcome, counts: RowCounts) -> Outcome:
    return outcome.model_copy(
        update={
            "rows_added": counts.added,
            "rows_viable": counts.viable_added,
            "rows_total": counts.total_of_step,
        }
    )


async def _record_lost(ledger: Ledger, done: Recorded) -> Outcome:
    request, call = done.request, done.request.call
    outcome = _outcome(done, done.context.mask if done.context else NOTHING)
    event = NewEvent(
        dedup_key=f"{call.key}:lost:{request.session.epoch}",
        kind="action",
        step_index=call.index,
        body=_masked_body(done, outcome, judge(call.step, outcome, call.attempt)),
    )
    await ledger.rows.record_step(
        StepRecord(
            tenant_id=request.run.tenant_id,
            run_id=request.run.run_id,
            call_key=call.key,
            step_index=call.index,
            events=(event,),
        )
    )
    return outcome


async def _stored(context: StepContext | None, name: str, value: JsonValue) -> JsonValue:
    """What the ledger holds of a variable: nothing of a secret but a reference."""
    if context is None or isinstance(value, bool) or value is None:
        return value
    index = context.call.index
    if not is_secret_name(name):
        return await context.kept(value, f"{index}")
    secret = f"{SECRET}out.{index}"
    context.mask.add(as_text(value))
    await context.ledger.secrets.add(context.run.tenant_id, context.run.run_id, secret, value)
    return reference(secret)


def _masked_rows(rows: tuple[NewRow, ...], mask: Mask) -> tuple[NewRow, ...]:
    return tuple(
        NewRow(
            key=mask.text(row.key),
            record={mask.text(name): mask.value(value) for name, value in row.record.items()},
            viable=row.viable,
            page_url=mask.text(row.page_url),
        )
        for row in rows
    )


def _outcome(done: Recorded, mask: Mask) -> Outcome:
    report = done.report
    truth = report.truth
    if truth is None and report.value is not None:
        truth = truth_of(report.value)
    return Outcome(
        success=report.success,
        failure_class=None if report.success else (report.failure_class or FailureClass.UNKNOWN),
        message=mask.text(report.message)[:500],
        tier=report.tier,
        confidence=report.confidence,
        cost=done.context.cost if done.context else Money(),
        duration_ms=_spent_ms(done),
        url=mask.text(_url(done)),
        exhausted=report.exhausted,
        list_empty=report.list_empty,
        has_more=report.has_more,
        list_items=report.list_items,
        filters=report.filters,
        truth=truth,
        gate=done.gate,
        anchor=_anchor(done),
        acted=done.acted,
        may_go_back=report.may_go_back,
    )


def _anchor(done: Recorded) -> bool | None:
    """Of this turn, else of the newest one before it that has changed the pages."""
    if done.boundary is not None:
        return done.boundary.anchor
    return done.context.asks.now.anchor if done.context else None


def _spent_ms(done: Recorded) -> int:
    """With the turns before, and what they waited for models."""
    return done.duration_ms + (done.context.asks.now.spent_ms if done.context else 0)


def _url(done: Recorded) -> str:
    if done.context is None or done.context.page.is_closed():
        return ""
    return done.context.page.url[:2000]


def _item_mark(done: Recorded, *, failed: bool) -> ItemMark | None:
    """An item counts as failed once a step on it has; what became of it else is in its rows."""
    context = done.context
    if context is None or not failed or done.request.call.item_loop is None:
        return None
    return ItemMark(scope=context.scope, owner=context.owner, status="failed")


def _events(
    done: Recorded, outcome: Outcome, rows: tuple[NewRow, ...], judgement: Judgement
) -> tuple[NewEvent, ...]:
    call = done.request.call
    if call.kind is CallKind.LOOK or (call.kind is CallKind.RETURN and outcome.success):
        return ()
    final = judgement.kind != "retry" and call.kind is CallKind.STEP
    kind = "step" if final else "action"
    events = [
        NewEvent(
            dedup_key=f"{call.key}:{kind}",
            kind=kind,
            step_index=call.index,
            body=_masked_body(done, outcome, judgement),
        )
    ]
    for row in rows:
        events.append(
            NewEvent(
                dedup_key=f"row:{row.key}",
                kind="extract",
                step_index=call.index,
                body={"row": row.record, "url": row.page_url, "viable": row.viable},
            )
        )
    return tuple(events)


_NO_WORDS = frozenset(
    {"index", "type", "section", "iteration", "success", "duration", "attempts", "tier"}
    | {"confidence", "cost", "failure_class", "exhausted", "screenshot", "explained"}
)
"""Fields of a step's record that hold no words of a page, a plan or a model."""


def _masked_body(done: Recorded, outcome: Outcome, judgement: Judgement) -> dict[str, JsonValue]:
    body = _body(done, outcome, judgement)
    mask = done.context.mask if done.context else NOTHING
    return {name: value if name in _NO_WORDS else mask.value(value) for name, value in body.items()}


def _body(done: Recorded, outcome: Outcome, judgement: Judgement) -> dict[str, JsonValue]:
    """A step as `result.steps` shows it (contract, section 4)."""
    call, report = done.request.call, done.report
    step = done.context.shown if done.context else call.step
    body: dict[str, JsonValue] = {
        "index": call.index,
        "intent": step.intent[:INTENT_READ],
        "type": step.type.value,
        "section": Section(call.section).value,
        "iteration": call.iteration,
        "success": judgement.kind == "pass",
        "duration": _spent_ms(done) / 1000,
        "attempts": call.attempt,
        "tier": outcome.tier.value if outcome.tier else None,
        "confidence": outcome.confidence,
        "url": outcome.url,
        "data": report.data,
        "cost": outcome.cost.total / 1_000_000,
    }
    if judgement.failure is not None:
        body["failure_class"] = judgement.failure.value
        body["error"] = outcome.message
    elif outcome.message:
        body["note"] = outcome.message
    if outcome.exhausted:
        body["exhausted"] = True
    if done.context and done.context.notes:
        body["notes"] = list[JsonValue](dict.fromkeys(done.context.notes))
    if done.screenshot is not None:
        body["screenshot"] = done.screenshot
    if done.sights is not None:
        body["explained"] = done.sights
    if report.candidates and not outcome.success:
        body["candidates"] = [
            {"name": one.name, "role": one.role, "score": one.score} for one in report.candidates
        ]
    return body
