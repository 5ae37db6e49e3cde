"""The account of a run that is over: its files, then its terminal state."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from activities.artifacts import write_artifacts
from activities.asks_store import AsksStore
from activities.metrics import observe_run
from activities.retold import limits_of
from activities.settings import ActivitySettings
from ledger.clock import now_micros
from ledger.content import read_content
from ledger.earlier import earlier_tasks
from ledger.ledger import Ledger
from ledger.models import Ending, EventRow, ExtractedRow, RunRow, RunStatus, TerminalStatus
from ledger.records import build_csv, build_rows, lead_record
from ledger.result import build_result, build_status, log_line
from ledger.wire import run_folder
from plans.calls import Money
from plans.leads import has_phone
from plans.plan import Plan
from plans.standing import Standing, due_key
from plans.state import Counters, RunState
from plans.suite_plan import plan_of
from plans.summary import Summary, summarise
from workflows.interfaces import FinishRequest, RunKey

_STATUS: dict[str, TerminalStatus] = {
    "succeeded": RunStatus.SUCCEEDED,
    "failed": RunStatus.FAILED,
    "cancelled": RunStatus.CANCELLED,
}


async def write_account(
    ledger: Ledger, settings: ActivitySettings, row: RunRow, request: FinishRequest
) -> None:
    """Write the artifacts, then the terminal state; the first one to write it stays.

    What the run's models were asked is removed then.

    Args:
        ledger: where both the records and the state are.
        settings: says where files go.
        row: the run.
        request: how it ended and where it stood.
    """
    rows = await ledger.rows.read(row.tenant_id, row.run_id)
    events = await ledger.events.read(row.tenant_id, row.run_id)
    earlier = await earlier_tasks(ledger.runs, ledger.events, row)
    now = now_micros()
    spent = await ledger.spending.spent(row.tenant_id, row.run_id)
    summary = _summary(row, rows, request, spent.cost)
    ending = Ending(
        status=_STATUS[request.finish.status],
        halt_class=request.finish.halt_class,
        message=request.finish.message,
        summary=summary.model_dump(mode="json", exclude_none=True),
    )
    ending = _with_state(settings, row, request, ending)
    await _write_files(settings, row, ending, rows, (events, earlier), now)
    if await ledger.runs.finish(row.tenant_id, row.run_id, ending, now):
        observe_run(row.tenant_id, ending.status, summary)
    await forget_asked(settings, RunKey(tenant_id=row.tenant_id, run_id=row.run_id))


async def forget_asked(settings: ActivitySettings, run: RunKey) -> None:
    """Remove what the models of a run that is over were asked; best effort."""
    await AsksStore(settings.data_dir).end_run(run)


def _with_state(
    settings: ActivitySettings, row: RunRow, request: FinishRequest, ending: Ending
) -> Ending:
    """With what another run can go on from: nothing where the plan came to its end."""
    plan = plan_of(read_content(row.plan))
    if ending.status is RunStatus.SUCCEEDED or plan is None:
        return ending
    if request.state.go_on() is None:
        return ending
    stood = Standing(state=request.state, anchor=request.anchor, acted=request.acted)
    due = due_key(plan, limits_of(row, settings), stood)
    kept = stood.model_dump(mode="json", exclude_defaults=True)
    return ending.model_copy(update={"state": kept, "due": due})


async def _write_files(
    settings: ActivitySettings,
    row: RunRow,
    ending: Ending,
    rows: Sequence[ExtractedRow],
    told: tuple[Sequence[EventRow], Sequence[EventRow]],
    now: int,
) -> None:
    """The files are there when the run is terminal, so they are written before.

    `told` are its events, and the steps of the runs that it goes on from.
    """
    events, earlier = told
    over = row.model_copy(
        update={
            "status": ending.status,
            "halt_class": ending.halt_class,
            "message": ending.message,
            "summary": ending.summary,
            "finished_at": now,
            "updated_at": now,
        }
    )
    steps = [event for event in events if event.kind == "step"]
    folder: Path = settings.run_dir(row.tenant_id, row.run_id)
    csv = build_csv(row, rows)
    await asyncio.to_thread(
        write_artifacts,
        folder,
        {
            "status.json": _json(build_status(over, now).document()),
            "result.json": _json(build_result(over, steps, rows, now, earlier=earlier).document()),
            "extracted_rows.json": _json(list[JsonValue](build_rows(rows))),
            "leads.csv": csv,
            "extracted_rows.csv": csv,
            "events.log": "".join(f"{log_line(event)}\n" for event in events),
        },
    )


def _summary(
    row: RunRow, rows: Sequence[ExtractedRow], request: FinishRequest, cost: Money
) -> Summary:
    folder = run_folder(row.tenant_id, row.run_id)
    plan = plan_of(read_content(row.plan)) or Plan(steps=())
    return summarise(
        _counted(request.state, rows, cost),
        request.finish,
        plan,
        total_time_s=request.elapsed_ms / 1000,
        leads_with_phone=sum(found.viable and has_phone(lead_record(found)) for found in rows),
        result_path=f"{folder}/result.json",
        csv_path=f"{folder}/leads.csv",
    )


def _counted(state: RunState, rows: Sequence[ExtractedRow], cost: Money) -> Counters:
    """What was done in all, the item that the run ended in included.

    Records are those that are kept, and `cost` is what was metered: a call may be over, and a
    question be paid, without the run's workflow knowing.
    """
    ended = state.model_copy(deep=True)
    ended.close_item()
    viable = sum(row.viable for row in rows)
    return ended.counters.model_copy(
        update={"rows": len(rows), "rows_viable": viable, "cost": cost}
    )


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
