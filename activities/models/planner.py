"""Has the planner make steps of words: from the cache, or asked and paid once."""

from dataclasses import dataclass, field
from typing import assert_never

from activities.asks_store import AsksStore
from activities.models.arrivals import Arrivals
from activities.models.claude_clients import ClaudeClients
from activities.models.paid import Paid, Paying, Question, Without
from activities.models.patience import AskAgain, Patience, Tried
from activities.settings import ActivitySettings
from activities.steps.masking import Mask
from inference.claude.client import ClaudeModel
from inference.claude.decompose import Decomposition, decompose, most
from inference.settings import ModelSettings
from ledger.content import plan_document
from ledger.ledger import Ledger
from ledger.models import NO_STEP, Document, NewDecomposition, NewModelCall, RunRow
from plans.calls import Finish
from plans.caps import Caps
from plans.decomposition import PROMPT_VERSION
from plans.placeholders import restored
from plans.plan import Plan, PlanText
from plans.price_table import BadPrices, UnknownPrice
from plans.step import Frozen, HaltClass, TierName
from plans.words import words_key
from workflows.interfaces import RunKey

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
        self._models = models
        self._paying = Paying[Decomposition](ledger, Arrivals(folders), models)

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
            question = self._question(task, model)
        except (UnknownPrice, BadPrices) as error:
            return refused(HaltClass.MODEL_UNAVAILABLE, str(error))
        came = await self._paying.ask(question, patience, tried)
        match came:
            case Paid(key=key):
                given = await self._read(task, key)
                return Made(plan=given.plan, refusal=given.refusal)
            case Without(failure="over_budget", message=message):
                return refused(HaltClass.MAX_COST_EXCEEDED, message)
            case Without(message=message):
                return refused(HaltClass.MODEL_UNAVAILABLE, message)
            case AskAgain():
                return came
            case _:
                assert_never(came)

    def _question(self, task: PlanTask, model: ClaudeModel) -> Question[Decomposition]:
        words, names = task.text.text, tuple(task.inputs)
        return Question(
            run=task.run,
            new=NewModelCall(
                tenant_id=task.run.tenant_id,
                run_id=task.run.run_id,
                call_id=_CALL,
                step_index=NO_STEP,
                tier=TierName.CLAUDE,
                model=self._models.claude_planner_model,
                kind=_CALL,
                reserved_micro=most(words, names, model, task.caps),
            ),
            put=lambda tally: decompose(words, names, model, task.caps, tally),
            write=lambda given: self._asks.write_document(task.run, given.model_dump(mode="json")),
            read=lambda key: self._read(task, key),
            beside=lambda given: self._cache(task, given),
            told=Mask(task.secrets).text,
        )

    async def _cache(self, task: PlanTask, given: Decomposition) -> None:
        """Keep the steps for all runs of these words."""
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

    async def _read(self, task: PlanTask, key: str) -> Decomposition:
        return Decomposition.model_validate(await self._asks.read_document(task.run, key))


def refused(halt_class: HaltClass, message: str) -> Finish:
    """How a run ends that gets no steps."""
    return Finish(status="failed", halt_class=halt_class, message=message[:500])
