"""The first and the last activity of a run: reading it from the ledger, closing its account."""

import asyncio

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.account import forget_asked, write_account
from activities.models.keys import ModelKeys
from activities.retold import first_standing, last_standing, limits_of
from activities.settings import ActivitySettings
from ledger.content import read_content
from ledger.errors import SecretUnreadable
from ledger.ledger import Ledger
from ledger.models import Document, RunRow
from plans.calls import Finish
from plans.fields import under_schema
from plans.placeholders import restored
from plans.plan import Plan, PlanText
from plans.standing import Standing
from plans.state import RunState
from plans.step import HaltClass, TierName
from plans.suite import TaskSuite
from plans.suite_plan import plan_of
from workflows.interfaces import (
    CLOSE_ACCOUNT,
    FINISH_RUN,
    LOAD_RUN,
    CloseInput,
    FinishRequest,
    Nothing,
    RunKey,
    RunPolicy,
    RunSpec,
    WorkflowEnd,
)
from workflows.observing import closing_of


class RunActivities:
    """What PlanRun does with the ledger; no browser is touched here."""

    def __init__(
        self,
        ledger: Ledger,
        settings: ActivitySettings,
        *,
        search_attributes: bool = False,
        keys: ModelKeys | None = None,
    ) -> None:
        """Take the ledger, the settings, and what is known of Temporal and of models.

        Args:
            ledger: where runs are.
            settings: the operator's.
            search_attributes: whether Temporal knows ours.
            keys: tell which models can be asked; None: no model.
        """
        self._ledger = ledger
        self._settings = settings
        self._keys = keys
        self._policy = _policy(settings, search_attributes)

    @activity.defn(name=LOAD_RUN)
    async def load_run(self, run: RunKey) -> RunSpec:
        """Read an admitted run; one that is terminal already comes without a plan.

        One that was cancelled before it started is refused, and so is one whose secrets can't
        be decrypted: no browser is opened for it. A task suite comes as its plan; a plan in
        words comes without one until it is decomposed, for which Claude is needed.

        Raises:
            ApplicationError: there is no such run.
        """
        row = await self._row(run)
        limits = limits_of(row, self._settings)
        content = read_content(row.plan)
        over = row.status.terminal
        models = await self._models(row)
        try:
            inputs = restored(_inputs(row), await self._ledger.secrets.read(*_key(run)))
            refusal = None if over else _refusal(row, content, models)
        except SecretUnreadable as error:
            inputs, refusal = {}, None if over else _unreadable(error)
        given = inputs if isinstance(inputs, dict) else {}
        plan = _plan(row, content)
        first = await first_standing(self._ledger, row, plan, limits, given)
        return RunSpec(
            plan=None if over else plan,
            refusal=refusal,
            in_words=isinstance(content, PlanText) and not over,
            models=models,
            state=first.state,
            anchor=first.anchor,
            acted=first.acted,
            begun=row.resumed_from is not None,
            limits=limits,
            perception=row.perception,
            profile_id=row.profile_id or "",
            plan_name=row.plan_name,
            state_key=row.state_key,
            policy=self._policy,
        )

    @activity.defn(name=FINISH_RUN)
    async def finish_run(self, request: FinishRequest) -> Finish:
        """Write the artifacts, then the terminal state; the first one to write it stays.

        A run that is terminal already keeps its state and its files; the answer is how this
        workflow saw it end.
        """
        row = await self._row(request.run)
        if row.status.terminal:
            await forget_asked(self._settings, request.run)
            return request.finish
        await write_account(self._ledger, self._settings, row, request)
        return request.finish

    @activity.defn(name=CLOSE_ACCOUNT)
    async def close_account(self, request: CloseInput) -> Nothing:
        """End a run whose workflow can't; its recorded outcomes tell where it stood.

        A run that is over stays as it is, and so does one whose workflow is alive after all
        (reset from the UI).
        """
        row = await self._row(request.run)
        if row.status.terminal:
            await forget_asked(self._settings, request.run)
            return Nothing()
        if await closing_of(activity.client(), request.run, request.closing.at_ms) is None:
            return Nothing()
        stood = await self._stood_at(row)
        finishing = FinishRequest(
            run=request.run,
            finish=_finish_of(row, request.closing.how),
            state=stood.state,
            anchor=stood.anchor,
            acted=stood.acted,
            elapsed_ms=await self._ledger.pauses.time_run(row, request.closing.at_ms * 1000)
            // 1000,
        )
        await write_account(self._ledger, self._settings, row, finishing)
        return Nothing()

    async def _stood_at(self, row: RunRow) -> Standing:
        """Where a run stands whose workflow is gone."""
        content = read_content(row.plan)
        plan = _plan(row, content)
        if plan is None:
            return Standing(state=RunState.start())
        try:
            secrets = await self._ledger.secrets.read(row.tenant_id, row.run_id)
        except SecretUnreadable:
            secrets = {}
        inputs = restored(_inputs(row), secrets)
        given = inputs if isinstance(inputs, dict) else {}
        limits = limits_of(row, self._settings)
        first = await first_standing(self._ledger, row, plan, limits, given)
        return await last_standing(self._ledger, row, plan, limits, first)

    async def _models(self, row: RunRow) -> tuple[TierName, ...]:
        """The model tiers that can be asked for this run's tenant now."""
        if self._keys is None:
            return ()
        secret = row.anthropic_secret_name
        return await asyncio.to_thread(self._keys.configured, row.tenant_id, secret)

    async def _row(self, run: RunKey) -> RunRow:
        row = await self._ledger.runs.get(run.tenant_id, run.run_id)
        if row is None:
            raise ApplicationError(
                f"the ledger has no run {run.run_id}", type="UnknownRun", non_retryable=True
            )
        return row


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


def _refusal(
    row: RunRow, content: Plan | TaskSuite | PlanText, models: tuple[TierName, ...]
) -> Finish | None:
    """A run that was cancelled, or whose words nobody can make into steps, ends at once."""
    if row.cancel_requested:
        return _cancelled(row)
    if not isinstance(content, PlanText) or TierName.CLAUDE in models:
        return None
    return Finish(
        status="failed",
        halt_class=HaltClass.MODEL_UNAVAILABLE,
        message="a plan in plain words needs Claude, and this tenant has no Anthropic key: "
        "give it one, or submit a micro-plan",
    )


def _unreadable(error: SecretUnreadable) -> Finish:
    return Finish(status="failed", halt_class=HaltClass.INTERNAL_ERROR, message=str(error))


def _key(run: RunKey) -> tuple[str, str]:
    return run.tenant_id, run.run_id


def _policy(settings: ActivitySettings, search_attributes: bool) -> RunPolicy:
    return RunPolicy(
        max_recoveries=settings.max_recoveries,
        max_pause_ms=int(settings.max_pause_hours * 3_600_000),
        pause_hold_s=settings.pause_hold_minutes * 60,
        calls_per_history=settings.calls_per_history,
        search_attributes=search_attributes,
    )


def _plan(row: RunRow, content: Plan | TaskSuite | PlanText) -> Plan | None:
    """The plan that runs: the fields of an `extraction_schema` beat its own; None: in words."""
    plan = plan_of(content)
    if plan is None:
        return None
    schema = row.payload.get("extraction_schema")
    return under_schema(plan, schema) if isinstance(schema, dict) else plan


def _inputs(row: RunRow) -> Document:
    inputs = row.payload.get("inputs")
    return inputs if isinstance(inputs, dict) else {}
