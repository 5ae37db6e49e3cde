"""The first and the last activity of a run: reading it from the ledger, closing its account."""

import asyncio
import json
from pathlib import Path

from pydantic import JsonValue
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.artifacts import write_artifacts
from activities.metrics import observe_run
from activities.recount import recount
from activities.settings import ActivitySettings
from ledger.clock import now_micros
from ledger.content import read_content
from ledger.errors import SecretUnreadable
from ledger.ledger import Ledger
from ledger.models import (
    Document,
    Ending,
    EventRow,
    ExtractedRow,
    RunRow,
    RunStatus,
    TerminalStatus,
)
from ledger.records import build_csv, build_rows, lead_record
from ledger.result import build_result, build_status, log_line
from ledger.wire import run_folder
from plans.calls import Finish
from plans.fields import under_schema
from plans.leads import has_phone
from plans.placeholders import restored
from plans.plan import Plan, PlanText
from plans.state import RunLimits, RunState
from plans.step import HaltClass
from plans.suite import TaskSuite
from plans.summary import Summary, summarise
from workflows.interfaces import (
    CLOSE_ACCOUNT,
    FINISH_RUN,
    LOAD_RUN,
    CloseInput,
    FinishRequest,
    Nothing,
    RunKey,
    RunSpec,
    WorkflowEnd,
)
from workflows.observing import closing_of

_STATUS: dict[str, TerminalStatus] = {
    "succeeded": RunStatus.SUCCEEDED,
    "failed": RunStatus.FAILED,
    "cancelled": RunStatus.CANCELLED,
}


class RunActivities:
    """What PlanRun does with the ledger; no browser is touched here."""

    def __init__(self, ledger: Ledger, settings: ActivitySettings) -> None:
        self._ledger = ledger
        self._settings = settings

    @activity.defn(name=LOAD_RUN)
    async def load_run(self, run: RunKey) -> RunSpec:
        """Read an admitted run; one that is terminal already comes without a plan.

        One that was cancelled before it started is refused, and so is one whose secrets can't
        be decrypted: no browser is opened for it.

        Raises:
            ApplicationError: there is no such run.
        """
        row = await self._row(run)
        limits = RunLimits(
            max_run_steps=row.limits.max_run_steps,
            max_loop_iterations=self._settings.max_loop_iterations,
            max_cost_micro=row.limits.max_cost_micro,
            max_time_ms=row.limits.max_time_ms,
        )
        content = read_content(row.plan)
        over = row.status.terminal
        try:
            inputs = restored(_inputs(row), await self._ledger.secrets.read(*_key(run)))
            refusal = None if over else _refusal(row, content)
        except SecretUnreadable as error:
            inputs, refusal = {}, None if over else _unreadable(error)
        return RunSpec(
            plan=_plan(row, content) if isinstance(content, Plan) and not over else None,
            refusal=refusal,
            state=RunState.start(inputs if isinstance(inputs, dict) else {}),
            limits=limits,
            perception=row.perception,
            profile_id=row.profile_id or "",
        )

    @activity.defn(name=FINISH_RUN)
    async def finish_run(self, request: FinishRequest) -> Finish:
        """Write the artifacts, then the terminal state; the first one to write it stays.

        A run that is terminal already keeps its state and its files; the answer is how this
        workflow saw it end.
        """
        tenant_id, run_id = request.run.tenant_id, request.run.run_id
        row = await self._row(request.run)
        if row.status.terminal:
            return request.finish
        rows = await self._ledger.rows.read(tenant_id, run_id)
        events = await self._ledger.events.read(tenant_id, run_id)
        await self._end(row, request, rows, events)
        return request.finish

    @activity.defn(name=CLOSE_ACCOUNT)
    async def close_account(self, request: CloseInput) -> Nothing:
        """End a run whose workflow can't; counts come from its events and records.

        A run that is over stays as it is, and so does one whose workflow is alive after all
        (reset from the UI).
        """
        row = await self._row(request.run)
        if row.status.terminal:
            return Nothing()
        if await closing_of(activity.client(), request.run, request.closing.at_ms) is None:
            return Nothing()
        rows = await self._ledger.rows.read(row.tenant_id, row.run_id)
        events = await self._ledger.events.read(row.tenant_id, row.run_id)
        content = read_content(row.plan)
        plan = content if isinstance(content, Plan) else Plan(steps=())
        began_ms = None if row.started_at is None else row.started_at // 1000
        finishing = FinishRequest(
            run=request.run,
            finish=_finish_of(row, request.closing.how),
            state=RunState(counters=recount(plan, events, rows)),
            elapsed_ms=0 if began_ms is None else max(0, request.closing.at_ms - began_ms),
        )
        await self._end(row, finishing, rows, events)
        return Nothing()

    async def _end(
        self,
        row: RunRow,
        request: FinishRequest,
        rows: tuple[ExtractedRow, ...],
        events: tuple[EventRow, ...],
    ) -> None:
        now = now_micros()
        summary = _summary(row, rows, request)
        ending = Ending(
            status=_STATUS[request.finish.status],
            halt_class=request.finish.halt_class,
            message=request.finish.message,
            summary=summary.model_dump(mode="json", exclude_none=True),
        )
        await self._write_files(row, ending, rows, events, now)
        if await self._ledger.runs.finish(row.tenant_id, row.run_id, ending, now):
            observe_run(row.tenant_id, ending.status, summary)

    async def _row(self, run: RunKey) -> RunRow:
        row = await self._ledger.runs.get(run.tenant_id, run.run_id)
        if row is None:
            raise ApplicationError(
                f"the ledger has no run {run.run_id}", type="UnknownRun", non_retryable=True
            )
        return row

    async def _write_files(
        self,
        row: RunRow,
        ending: Ending,
        rows: tuple[ExtractedRow, ...],
        events: tuple[EventRow, ...],
        now: int,
    ) -> None:
        """The files are there when the run is terminal, so they are written before."""
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
        folder: Path = self._settings.run_dir(row.tenant_id, row.run_id)
        csv = build_csv(row, rows)
        await asyncio.to_thread(
            write_artifacts,
            folder,
            {
                "status.json": _json(build_status(over, now).document()),
                "result.json": _json(build_result(over, steps, rows, now).document()),
                "extracted_rows.json": _json(list[JsonValue](build_rows(rows))),
                "leads.csv": csv,
                "extracted_rows.csv": csv,
                "events.log": "".join(f"{log_line(event)}\n" for event in events),
            },
        )


_CLOSED: dict[WorkflowEnd, str] = {
    WorkflowEnd.TERMINATED: "the run's workflow was terminated in Temporal",
    WorkflowEnd.TIMED_OUT: "the run's workflow timed out in Temporal",
    WorkflowEnd.FAILED: "the run's workflow failed in Temporal, where its history tells why",
    WorkflowEnd.CANCELLED: "the run's workflow was cancelled in Temporal",
    WorkflowEnd.COMPLETED: "the run's workflow ended without writing down how the run ended",
    WorkflowEnd.LOST: "Temporal does not know the run's workflow any more",
}


def _finish_of(row: RunRow, how: WorkflowEnd) -> Finish:
    """A run that somebody wanted to end is cancelled, any other has failed."""
    if row.cancel_requested:
        return _cancelled(row)
    if how is WorkflowEnd.CANCELLED:
        return Finish(status="cancelled", halt_class=HaltClass.CANCELLED, message=_CLOSED[how])
    message = f"{_CLOSED[how]}; what it had done is kept, submit it again to do the rest"
    return Finish(status="failed", halt_class=HaltClass.INTERNAL_ERROR, message=message)


def _cancelled(row: RunRow) -> Finish:
    return Finish(
        status="cancelled",
        halt_class=HaltClass.CANCELLED,
        message=row.cancel_reason or "cancelled by the caller",
    )


def _refusal(row: RunRow, content: Plan | TaskSuite | PlanText) -> Finish | None:
    """A run that was cancelled, or that this build has no model for, ends at once."""
    if row.cancel_requested:
        return _cancelled(row)
    if isinstance(content, Plan):
        return None
    what = "a task suite" if isinstance(content, TaskSuite) else "a plan in plain words"
    return Finish(
        status="failed",
        halt_class=HaltClass.MODEL_UNAVAILABLE,
        message=f"{what} needs a model tier, and this build has none: submit a micro-plan",
    )


def _unreadable(error: SecretUnreadable) -> Finish:
    return Finish(status="failed", halt_class=HaltClass.INTERNAL_ERROR, message=str(error))


def _key(run: RunKey) -> tuple[str, str]:
    return run.tenant_id, run.run_id


def _plan(row: RunRow, plan: Plan) -> Plan:
    """The plan that runs: the fields of an `extraction_schema` beat its own."""
    schema = row.payload.get("extraction_schema")
    return under_schema(plan, schema) if isinstance(schema, dict) else plan


def _inputs(row: RunRow) -> Document:
    inputs = row.payload.get("inputs")
    return inputs if isinstance(inputs, dict) else {}


def _summary(row: RunRow, rows: tuple[ExtractedRow, ...], request: FinishRequest) -> Summary:
    folder = run_folder(row.tenant_id, row.run_id)
    content = read_content(row.plan)
    plan = content if isinstance(content, Plan) else Plan(steps=())
    return summarise(
        request.state.counters,
        request.finish,
        plan,
        total_time_s=request.elapsed_ms / 1000,
        leads_with_phone=sum(found.viable and has_phone(lead_record(found)) for found in rows),
        result_path=f"{folder}/result.json",
        csv_path=f"{folder}/leads.csv",
    )


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
