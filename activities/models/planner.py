"""Has the planner make steps of words: from the cache, or reserved, asked, kept and settled."""

import logging
import time
from dataclasses import dataclass, field
from typing import assert_never

from activities.asks_store import AskLost, AsksStore
from activities.models.arrivals import Arrival, Arrivals
from activities.models.claude_clients import ClaudeClients
from activities.models.metrics import CallOutcome, observe_call
from activities.models.patience import AskAgain, Patience, Tried, ask_within, outcome_of
from activities.models.paying import price_of
from activities.settings import ActivitySettings
from activities.steps.masking import Mask
from inference.claude.client import ClaudeModel
from inference.claude.decompose import Decomposition, decompose, most
from inference.errors import ModelError
from inference.settings import ModelSettings
from inference.tally import Tally
from ledger.content import plan_document
from ledger.ledger import Ledger
from ledger.models import (
    NO_STEP,
    Document,
    Known,
    NewDecomposition,
    NewModelCall,
    OverBudget,
    Reserved,
    RunOver,
    RunRow,
)
from ledger.whole import whole
from plans.calls import Finish, Money
from plans.caps import Caps
from plans.cost import usd
from plans.decomposition import PROMPT_VERSION
from plans.placeholders import restored
from plans.plan import Plan, PlanText
from plans.price_table import BadPrices, UnknownPrice
from plans.prices import Usage
from plans.step import Frozen, HaltClass, TierName
from plans.words import words_key
from workflows.interfaces import RunKey

log = logging.getLogger("mantis.models")

_CALL = "decompose"
_CACHED = "these words were decomposed before: no model was asked"


@dataclass(frozen=True)
class PlanTask:
    """A run whose plan is in words, and what is needed to make steps of them."""

    run: RunKey
    row: RunRow
    text: PlanText
    inputs: Document
    caps: Caps
    secrets: Document = field(repr=False)

    @property
    def words(self) -> str:
        """What the cache knows the words by."""
        return words_key(self.text, self.inputs)

    @property
    def values(self) -> Document:
        """What the plan's placeholders are filled with at the start."""
        known: Document = {n: restored(v, self.secrets) for n, v in self.inputs.items()}
        return known | self.secrets


class Made(Frozen):
    """What was made of the words. `plan` None: nothing, `refusal` says why.

    `cached` says, for people, where it comes from when no model was asked; else it is empty.
    """

    plan: Plan | None
    refusal: str = ""
    cached: str = ""


@dataclass(frozen=True)
class _Try:
    """A try that was reserved, for `most` micro-dollars."""

    reserved: Reserved
    most: int


class Planner:
    """Claude as the planner; the same words of a tenant are asked for once."""

    def __init__(
        self,
        ledger: Ledger,
        clients: ClaudeClients,
        folders: ActivitySettings,
        models: ModelSettings,
    ) -> None:
        self._ledger = ledger
        self._clients = clients
        self._asks = AsksStore(folders.data_dir)
        self._arrivals = Arrivals(folders)
        self._models = models

    async def made(
        self, task: PlanTask, patience: Patience, tried: Tried
    ) -> Made | Finish | AskAgain:
        """Steps for the words; `Finish`: there will be none, and the run ends like that.

        Raises:
            LedgerAway: ask again.
            AskLost: the answer that was paid is not in the artifact store any more.
        """
        tenant, planner = task.run.tenant_id, self._models.claude_planner_model
        kept = await self._ledger.decompositions.get(tenant, task.words, planner, PROMPT_VERSION)
        if kept is not None:
            return Made(plan=Plan.model_validate(kept.plan), cached=_CACHED)
        try:
            model = self._clients.model(tenant, task.row.anthropic_secret_name)
            if model is None:
                return refused(HaltClass.MODEL_UNAVAILABLE, self._clients.lacking)
            price = most(task.text.text, tuple(task.inputs), model, task.caps)
        except (UnknownPrice, BadPrices) as error:
            return refused(HaltClass.MODEL_UNAVAILABLE, str(error))
        reservation = await self._ledger.spending.reserve(
            NewModelCall(
                tenant_id=tenant,
                run_id=task.run.run_id,
                call_id=_CALL,
                step_index=NO_STEP,
                tier=TierName.CLAUDE,
                model=planner,
                kind=_CALL,
                reserved_micro=price,
            )
        )
        match reservation:
            case Known(answer=key):
                return _made(await self._read(task, key))
            case OverBudget(spent=spent, held=held, limit=limit):
                told = f"{usd(spent + held):.4f} of the run's {usd(limit):.4f} USD are spent"
                return refused(HaltClass.MAX_COST_EXCEEDED, told)
            case RunOver():
                return refused(HaltClass.INTERNAL_ERROR, "the run is over")
            case Reserved():
                once = _Try(reservation, price)
                arrived = await self._arrived(task, once)
                return arrived or await self._ask(task, model, once, patience, tried)
            case _:
                assert_never(reservation)

    async def _arrived(self, task: PlanTask, once: _Try) -> Made | None:
        """Settle what a lost try has got; None where none has."""
        if not once.reserved.taken_over:
            return None
        arrival = await self._arrivals.before(task.run, _CALL, once.reserved.attempt)
        if arrival is None:
            return None
        try:
            given = await self._read(task, arrival.key)
        except AskLost:
            return None
        return await self._settle(task, once, given, arrival)

    async def _ask(
        self,
        task: PlanTask,
        model: ClaudeModel,
        once: _Try,
        patience: Patience,
        tried: Tried,
    ) -> Made | Finish | AskAgain:
        began, tally = time.monotonic(), Tally()
        asked = decompose(task.text.text, tuple(task.inputs), model, task.caps, tally)
        try:
            given = await ask_within(patience.within_s, asked, tally)
        except ModelError as error:
            await self._release(task, once, error.usage, outcome_of(error), began)
            message = Mask(task.secrets).text(str(error))
            log.warning("the planner gave no answer: %s", message)
            further = patience.after(error, tried, message)
            if isinstance(further, AskAgain):
                return further
            return refused(HaltClass.MODEL_UNAVAILABLE, message)
        except BaseException:
            await self._release(task, once, tally.usage, "cancelled", began)
            raise
        return await self._keep(task, once, given, began)

    @whole
    async def _keep(
        self, task: PlanTask, once: _Try, given: Decomposition, began: float
    ) -> Made | Finish:
        """Write an answer down; once it has arrived, no cancellation loses it."""
        try:
            key = await self._asks.write_document(task.run, given.model_dump(mode="json"))
            arrival = Arrival(attempt=once.reserved.attempt, key=key)
            await self._arrivals.note(task.run, _CALL, arrival)
        except OSError as error:
            await self._release(task, once, given.usage, "unusable", began)
            told = f"the steps can't be kept ({error.strerror})"
            return refused(HaltClass.INTERNAL_ERROR, told)
        made = await self._settle(task, once, given, arrival)
        _observe(task, "answered", began, given.usage, self._cost(once, given.usage))
        return made

    async def _settle(
        self, task: PlanTask, once: _Try, given: Decomposition, arrival: Arrival
    ) -> Made:
        if given.plan is not None:
            await self._ledger.decompositions.put(
                NewDecomposition(
                    tenant_id=task.run.tenant_id,
                    words=task.words,
                    model=self._models.claude_planner_model,
                    prompt_version=PROMPT_VERSION,
                    plan=plan_document(given.plan),
                )
            )
        cost = self._cost(once, given.usage)
        key = await self._ledger.spending.settle(
            once.reserved, given.usage, cost, arrival.key, attempt=arrival.attempt
        )
        return _made(given if key == arrival.key else await self._read(task, key))

    async def _release(
        self,
        task: PlanTask,
        once: _Try,
        usage: Usage | None,
        outcome: CallOutcome,
        began: float,
    ) -> None:
        cost = Money() if usage is None else self._cost(once, usage)
        await self._ledger.spending.release(once.reserved, usage, cost)
        _observe(task, outcome, began, usage, cost)

    async def _read(self, task: PlanTask, key: str) -> Decomposition:
        return Decomposition.model_validate(await self._asks.read_document(task.run, key))

    def _cost(self, once: _Try, usage: Usage) -> Money:
        return price_of(usage, self._models, once.most)


def refused(halt_class: HaltClass, message: str) -> Finish:
    """How a run ends that gets no steps."""
    return Finish(status="failed", halt_class=halt_class, message=message[:500])


def _made(given: Decomposition) -> Made:
    return Made(plan=given.plan, refusal=given.refusal)


def _observe(
    task: PlanTask, outcome: CallOutcome, began: float, usage: Usage | None, cost: Money
) -> None:
    seconds = time.monotonic() - began
    tenant = task.run.tenant_id
    observe_call(tenant, TierName.CLAUDE, _CALL, outcome, seconds, usage, cost.total)
