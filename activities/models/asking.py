"""The questions of a call to the model of one tier, each paid once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, assert_never

from pydantic import JsonValue

from activities.asks_store import AsksStore
from activities.models.arrivals import Arrivals
from activities.models.paid import Paid, Paying, Question, Without
from activities.models.patience import AskAgain, Patience, Tried
from activities.models.paying import price_of_an_hour
from activities.models.references import Concealment, filled
from inference.asking import Answered, AskBody, Model
from inference.settings import ModelSettings
from inference.tally import Tally
from ledger.ledger import Ledger
from ledger.models import NewModelCall
from plans.price_table import BadPrices, UnknownPrice
from plans.step import TierName
from workflows.interfaces import ModelRequest, RunKey
from workflows.turns import ModelAnswer


@dataclass(frozen=True)
class Asked:
    """A client of a model, and the names that its server knows its models by."""

    model: Model
    named: Callable[[AskBody], str]


class Clients(Protocol):
    """Makes clients of one tier, each with the key as it is now.

    Attributes:
        tier: which tier.
        lacking: what to do where there is none, one sentence.
    """

    tier: TierName
    lacking: str

    def asked(self, tenant_id: str, secret_name: str) -> Asked | None:
        """A client for one tenant's call; None where the tier is not configured for it."""
        ...


class Asking:
    """Asks the questions of one tier."""

    def __init__(
        self,
        ledger: Ledger,
        clients: Clients,
        asks: AsksStore,
        arrivals: Arrivals,
        settings: ModelSettings,
    ) -> None:
        self._ledger = ledger
        self._clients = clients
        self._asks = asks
        self._settings = settings
        self._paying = Paying[Answered](ledger, arrivals, settings)

    async def ask(
        self, request: ModelRequest, patience: Patience, tried: Tried
    ) -> ModelAnswer | AskAgain:
        """Ask once, or find the answer that was paid before.

        Args:
            request: the question.
            patience: how long this try and all of them may take.
            tried: what became of the tries before.

        Raises:
            LedgerAway: something could not be reserved or written down: ask again.
            SecretUnreadable: the run's secrets can't be read with the keys at hand.
            AskLost: the question is not in the artifact store.
        """
        run = request.run
        row = await self._ledger.runs.get(run.tenant_id, run.run_id)
        if row is None:
            return self._without("unavailable", "the ledger has no such run")
        try:
            asked = self._clients.asked(run.tenant_id, row.anthropic_secret_name)
        except BadPrices as error:
            return self._without("unavailable", str(error))
        if asked is None:
            return self._without("unavailable", self._clients.lacking)
        secrets = await self._ledger.secrets.read(run.tenant_id, run.run_id)
        body = filled(await self._asks.read(run, request.ask.body), secrets)
        try:
            question = self._question(request, body, asked, secrets)
        except UnknownPrice as error:
            return self._without("unavailable", str(error))
        return self._told(await self._paying.ask(question, patience, tried))

    def _question(
        self,
        request: ModelRequest,
        body: AskBody,
        asked: Asked,
        secrets: Mapping[str, JsonValue],
    ) -> Question[Answered]:
        run, tier, concealment = request.run, self._clients.tier, Concealment(secrets)

        async def put(tally: Tally) -> Answered:
            given = await asked.model.answer(body, self._asks.pictures(run), tally)
            return concealment.answered(given)

        return Question(
            run=run,
            new=NewModelCall(
                tenant_id=run.tenant_id,
                run_id=run.run_id,
                call_id=f"{request.call.key}/{tier}/{body.kind}",
                step_index=request.call.index,
                tier=tier,
                model=asked.named(body),
                kind=body.kind,
                reserved_micro=asked.model.most(body),
                usd_per_hour=price_of_an_hour(tier, self._settings),
            ),
            put=put,
            write=lambda given: self._asks.write_answer(run, given),
            read=lambda key: self._asks.read_answer(run, key),
            beside=lambda given: self._keep_parts(run, concealment, given),
            told=concealment.text,
        )

    async def _keep_parts(self, run: RunKey, concealment: Concealment, kept: Answered) -> None:
        for name, value in concealment.parts_in(kept).items():
            await self._ledger.secrets.add(run.tenant_id, run.run_id, name, value)

    def _told(self, came: Paid | Without | AskAgain) -> ModelAnswer | AskAgain:
        match came:
            case Paid(key=key, cost=cost, seconds=seconds):
                ms = int(seconds * 1000)
                return ModelAnswer(tier=self._clients.tier, body=key, cost=cost, duration_ms=ms)
            case Without(failure=failure, message=message):
                return self._without(failure, message)
            case AskAgain():
                return came
            case _:
                assert_never(came)

    def _without(
        self, failure: Literal["unavailable", "over_budget", "unusable"], message: str
    ) -> ModelAnswer:
        return ModelAnswer(tier=self._clients.tier, failure=failure, message=message[:500])
