"""What a call hands on from one of its turns to the next."""

from collections.abc import Callable
from dataclasses import replace

from pydantic import JsonValue

from activities.steps.context import StepContext, report_of
from activities.steps.report import REPORT, Report
from activities.steps.turns.asks import ACT
from activities.steps.turns.progress import superseded
from plans.placeholders import restored, restored_text


async def keep_report(context: StepContext, report: Report) -> None:
    """Keep what the step's own code came to, for the turns in which it is checked.

    Raises:
        OSError: the store can't be written.
    """
    asks = context.asks
    if not asks.now.report:
        mask = context.mask
        worded = _with_texts(report, mask.words, mask.worded_value)
        document = REPORT.dump_python(worded, mode="json")
        key = await asks.store.write_document(context.run, document)
        asks.now = asks.now.model_copy(update={"report": key})


async def kept_report(context: StepContext) -> Report | None:
    """What the step's own code came to in an earlier turn.

    Raises:
        AskLost: it is not in the store any more.
    """
    asks = context.asks
    if not asks.now.report:
        return None
    document = await asks.store.read_document(context.run, asks.now.report)
    return _with_texts(
        REPORT.validate_python(document),
        lambda text: restored_text(text, asks.secrets),
        lambda value: restored(value, asks.secrets),
    )


def _with_texts(
    report: Report, text: Callable[[str], str], value: Callable[[JsonValue], JsonValue]
) -> Report:
    """A report with other words in its texts and values; what came of the step stays."""
    rows = (
        row.model_copy(
            update={
                "record": {name: value(item) for name, item in row.record.items()},
                "page_url": text(row.page_url),
            }
        )
        for row in report.rows
    )
    candidates = (one.model_copy(update={"name": text(one.name)}) for one in report.candidates)
    return replace(
        report,
        message=text(report.message),
        data=value(report.data),
        value=value(report.value),
        rows=tuple(rows),
        candidates=tuple(candidates),
    )


def report_so_far(context: StepContext) -> Report:
    """What this turn's acts came to, before the step is over."""
    last = context.last_act
    return Report() if last is None or last.success else report_of(last, None)


async def told_by(context: StepContext, report: Report) -> Report:
    """With the model whose act it was, where an earlier try of this turn has done it."""
    said, act = context.asks.newest(ACT), await context.asks.decided()
    if not report.success or said is None or act is None:
        return report
    return replace(report, tier=said.tier, confidence=act.confidence)


async def carried(context: StepContext, duration_ms: int, anchor: bool | None) -> JsonValue:
    """What the next turn has to know of this one and of those before.

    Args:
        context: the step's.
        duration_ms: of this turn.
        anchor: as in `Outcome`.
    """
    now, claim = context.asks.now, context.acts.claim
    acted = claim is not None and claim.kind == "act"
    looks = await context.sights.kept(context.asks.store, context.run, now.looks)
    told = now.noted([context.mask.text(note) for note in context.notes]).model_copy(
        update={
            "cost": context.cost,
            "spent_ms": now.spent_ms + duration_ms,
            "acted": now.acted or acted,
            "anchor": now.anchor if anchor is None else anchor,
            "lessons": context.memory.carried(),
            "looks": looks,
        }
    )
    return told.model_dump(mode="json", exclude_defaults=True)


async def forget(context: StepContext, after: JsonValue) -> None:
    """Remove what the call has kept and no turn needs any more; the ledger has this one.

    Args:
        context: the step's.
        after: the progress that the turn ended with, None where the call is over.
    """
    before, asks = context.request.progress, context.asks
    if before is None:
        return
    if after is None:
        await asks.store.end_call(asks.run)
    else:
        await asks.store.drop(asks.run, *superseded(before, after))
