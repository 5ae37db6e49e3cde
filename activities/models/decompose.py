"""The activity `decompose`: a plan in words becomes steps, in the ledger, once and for all."""

import time
from typing import assert_never

from temporalio import activity

from activities.models.activities import tries
from activities.models.patience import AskAgain, Patience, Tried
from activities.models.planner import Made, Planner, PlanTask, refused
from activities.models.settings import PatienceSettings
from activities.settings import ActivitySettings
from activities.steps.masking import Mask
from ledger.clock import now_micros
from ledger.content import plan_document, read_content
from ledger.ledger import Ledger
from ledger.models import NO_STEP, Document, NewEvent, RunRow
from plans.allowlist import Allowlist
from plans.calls import Finish, Money
from plans.caps import Caps
from plans.cost import usd
from plans.decomposed import accepted
from plans.errors import PlanError
from plans.plan import Plan, PlanText
from plans.step import INTENT_READ, FailureClass, HaltClass, Section, TierName
from workflows.interfaces import DECOMPOSE, Decomposed, DecomposeRequest, RunKey

_KEY = "decompose"
_FAILURES = {
    HaltClass.MODEL_UNAVAILABLE: FailureClass.MODEL_UNAVAILABLE,
    HaltClass.MAX_COST_EXCEEDED: FailureClass.BUDGET_EXHAUSTED,
}


class Decomposing:
    """Gives runs whose plan is in words their steps."""

    def __init__(
        self,
        ledger: Ledger,
        planner: Planner,
        folders: ActivitySettings,
        patience: PatienceSettings,
    ) -> None:
        self._ledger = ledger
        self._planner = planner
        self._folders = folders
        self._patience = patience

    @activity.defn(name=DECOMPOSE)
    async def decompose(self, request: DecomposeRequest) -> Decomposed:
        """Have the run's plan in words made into steps, which `load_run` gives from then on.

        Raises:
            ApplicationError: there is no answer yet (retryable), or a fault of ours.
        """
        return await tries(
            lambda patience, tried: self.once(request.run, patience, tried),
            self._patience,
            request.time_left_ms,
        )

    async def once(self, run: RunKey, patience: Patience, tried: Tried) -> Decomposed | AskAgain:
        """One try. What is wrong with the plan is part of the answer.

        Raises:
            LedgerAway: ask again.
            SecretUnreadable: the run's secrets can't be read with the keys at hand.
        """
        began = time.monotonic()
        row = await self._ledger.runs.get(run.tenant_id, run.run_id)
        if row is None or row.status.terminal:
            return Decomposed(refusal=refused(HaltClass.INTERNAL_ERROR, "the run is over"))
        text = read_content(row.plan)
        if not isinstance(text, PlanText):
            return Decomposed(steps=len(text.steps) if isinstance(text, Plan) else 0)
        task = PlanTask(
            run=run,
            row=row,
            text=text,
            inputs=_inputs(row),
            caps=self._caps(row),
            secrets=await self._ledger.secrets.read(run.tenant_id, run.run_id),
        )
        await self._ledger.runs.begin(run.tenant_id, run.run_id, now_micros())
        made = await self._planner.made(task, patience, tried)
        match made:
            case AskAgain():
                return made
            case Finish():
                return await self._refuse(task, made, began)
            case Made():
                return await self._take(task, made, began)
            case _:
                assert_never(made)

    async def _take(self, task: PlanTask, made: Made, began: float) -> Decomposed:
        """Give the run its steps, where it may have them."""
        try:
            if made.plan is None:
                raise PlanError(made.refusal or "the planner made no steps of these words")
            allowlist = Allowlist(patterns=task.row.allowed_hosts)
            plan = accepted(_named(made.plan, task.text), task.values, task.caps, allowlist)
        except PlanError as error:
            message = Mask(task.secrets).text(error.message)
            return await self._refuse(task, refused(HaltClass.PLAN_REJECTED, message), began)
        cost = await self._cost(task)
        body = _record(task, cost, began)
        body |= {"success": True, "data": {"steps": len(plan.steps)}}
        if made.cached:
            body["note"] = made.cached
            body["tier"] = None
        event = NewEvent(dedup_key=_KEY, kind="step", step_index=NO_STEP, body=body)
        await self._ledger.decompositions.give(
            task.run.tenant_id, task.run.run_id, plan_document(plan), event
        )
        return Decomposed(cached=bool(made.cached), steps=len(plan.steps), cost=cost)

    async def _cost(self, task: PlanTask) -> Money:
        """What the run has cost so far: this is its first step."""
        return (await self._ledger.spending.spent(task.run.tenant_id, task.run.run_id)).cost

    async def _refuse(self, task: PlanTask, finish: Finish, began: float) -> Decomposed:
        cost = await self._cost(task)
        failure = _FAILURES.get(finish.halt_class or HaltClass.PLAN_REJECTED, FailureClass.UNKNOWN)
        body = _record(task, cost, began) | {
            "success": False,
            "data": None,
            "failure_class": failure.value,
            "error": finish.message,
        }
        event = NewEvent(dedup_key=_KEY, kind="step", step_index=NO_STEP, body=body)
        await self._ledger.events.append(task.run.tenant_id, task.run.run_id, [event])
        return Decomposed(refusal=finish, cost=cost)

    def _caps(self, row: RunRow) -> Caps:
        return Caps(
            max_steps_per_plan=self._folders.max_steps_per_plan,
            max_loop_iterations=self._folders.max_loop_iterations,
            max_run_steps=row.limits.max_run_steps,
        )


def _named(plan: Plan, text: PlanText) -> Plan:
    """The plan under the name that its words were submitted with."""
    return plan.model_copy(update={"name": text.name}) if text.name else plan


def _record(task: PlanTask, cost: Money, began: float) -> Document:
    """The step as `result.steps` shows it (contract, section 4), as far as it is known."""
    return {
        "index": NO_STEP,
        "intent": Mask(task.secrets).text(task.text.text)[:INTENT_READ],
        "type": _KEY,
        "section": Section.SETUP.value,
        "iteration": 0,
        "duration": round(time.monotonic() - began, 3),
        "attempts": 1,
        "tier": TierName.CLAUDE.value,
        "confidence": None,
        "url": "",
        "cost": usd(cost.total),
    }


def _inputs(row: RunRow) -> Document:
    inputs = row.payload.get("inputs")
    return inputs if isinstance(inputs, dict) else {}
