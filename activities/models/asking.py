"""One question to a model: reserved, asked, written down, settled; whatever happens between.

```
reserve ─ Known ───────────────→ the answer that was paid before
   │    ─ OverBudget, RunOver ─→ no answer
   └─ Reserved ─ taken over, and the answer has arrived ─→ settle
        └─ ask ─ answered ─→ written as a file, its arrival noted ─→ settle
               ─ away ────→ release, ask again later (`AskAgain`), in the end `unavailable`
               ─ refused ─→ release, `unavailable`
               ─ cut short, malformed, declined ─→ release (paid), again or `unusable`
               ─ cancelled ─→ release
```
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, assert_never

from pydantic import JsonValue

from activities.asks_store import AskLost, AsksStore
from activities.models.arrivals import Arrival, Arrivals
from activities.models.metrics import CallOutcome, observe_call
from activities.models.patience import AskAgain, Patience, Tried, ask_within, outcome_of
from activities.models.paying import price_of, price_of_an_hour
from activities.models.references import Concealment, filled
from inference.asking import Answered, AskBody, Model
from inference.errors import ModelError
from inference.settings import ModelSettings
from inference.tally import Tally
from ledger.ledger import Ledger
from ledger.models import Known, NewModelCall, OverBudget, Reserved, RunOver
from ledger.whole import whole
from plans.calls import Money
from plans.cost import usd
from plans.price_table import BadPrices, UnknownPrice
from plans.prices import Usage
from plans.step import TierName
from workflows.interfaces import ModelRequest
from workflows.turns import ModelAnswer

log = logging.getLogger("mantis.models")


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


@dataclass(frozen=True)
class _Question:
    """A question that may be asked. `reserved` is its try, for `most` micro-dollars."""

    request: ModelRequest
    body: AskBody
    model: Model
    reserved: Reserved
    secrets: Mapping[str, JsonValue]
    most: int


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
        self._arrivals = arrivals
        self._settings = settings

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
            new = self._new(request, body, asked)
        except UnknownPrice as error:
            return self._without("unavailable", str(error))
        reservation = await self._ledger.spending.reserve(new)
        match reservation:
            case Known(answer=key, cost=cost):
                return ModelAnswer(tier=self._clients.tier, body=key, cost=cost)
            case OverBudget(spent=spent, held=held, limit=limit):
                return self._without(
                    "over_budget",
                    f"{usd(spent):.4f} USD are spent and {usd(held):.4f} reserved "
                    f"of the run's {usd(limit):.4f}",
                )
            case RunOver():
                return self._without("unavailable", "the run is over")
            case Reserved():
                question = _Question(
                    request, body, asked.model, reservation, secrets, new.reserved_micro
                )
                arrived = await self._arrived(question) if reservation.taken_over else None
                return arrived or await self._put(question, patience, tried)
            case _:
                assert_never(reservation)

    def _new(self, request: ModelRequest, body: AskBody, asked: Asked) -> NewModelCall:
        tier = self._clients.tier
        return NewModelCall(
            tenant_id=request.run.tenant_id,
            run_id=request.run.run_id,
            call_id=f"{request.call.key}/{tier}/{body.kind}",
            step_index=request.call.index,
            tier=tier,
            model=asked.named(body),
            kind=body.kind,
            reserved_micro=asked.model.most(body),
            usd_per_hour=price_of_an_hour(tier, self._settings),
        )

    async def _arrived(self, question: _Question) -> ModelAnswer | None:
        """Settle the answer that a lost try has got; None where none has."""
        run, reserved = question.request.run, question.reserved
        arrival = await self._arrivals.before(run, reserved.call_id, reserved.attempt)
        if arrival is None:
            return None
        try:
            kept = await self._asks.read_answer(run, arrival.key)
        except AskLost:
            return None
        await self._keep_parts(question, kept)
        cost = self._cost(question, kept.usage)
        key = await self._ledger.spending.settle(
            reserved, kept.usage, cost, arrival.key, attempt=arrival.attempt
        )
        return ModelAnswer(tier=self._clients.tier, body=key, cost=cost)

    async def _put(
        self, question: _Question, patience: Patience, tried: Tried
    ) -> ModelAnswer | AskAgain:
        """Put the question to the model, this try."""
        run = question.request.run
        began, tally = time.monotonic(), Tally()
        try:
            asked = question.model.answer(question.body, self._asks.pictures(run), tally)
            given = await ask_within(patience.within_s, asked, tally)
        except ModelError as error:
            await self._release(question, error.usage, outcome_of(error), began)
            message = Concealment(question.secrets).text(str(error))
            log.warning("%s gave no answer: %s", self._clients.tier, message)
            further = patience.after(error, tried, message)
            if isinstance(further, AskAgain):
                return further
            return self._without(further, message)
        except BaseException as end:
            cancelled = isinstance(end, asyncio.CancelledError)
            outcome: CallOutcome = "cancelled" if cancelled else "unusable"
            await self._release(question, tally.usage, outcome, began)
            raise
        return await self._keep(question, given, began)

    @whole
    async def _keep(self, question: _Question, given: Answered, began: float) -> ModelAnswer:
        """Write an answer down; once it has arrived, no cancellation loses it."""
        run, reserved = question.request.run, question.reserved
        seconds = time.monotonic() - began
        kept = Concealment(question.secrets).answered(given)
        cost = self._cost(question, given.usage)
        try:
            key = await self._asks.write_answer(run, kept)
            arrival = Arrival(attempt=reserved.attempt, key=key)
            await self._arrivals.note(run, reserved.call_id, arrival)
        except OSError as error:
            await self._release(question, given.usage, "unusable", began)
            return self._without("unavailable", f"its answer can't be kept ({error.strerror})")
        await self._keep_parts(question, kept)
        standing = await self._ledger.spending.settle(reserved, given.usage, cost, key)
        self._observe(question, "answered", seconds, given.usage, cost)
        return ModelAnswer(
            tier=self._clients.tier, body=standing, cost=cost, duration_ms=int(seconds * 1000)
        )

    async def _keep_parts(self, question: _Question, kept: Answered) -> None:
        run = question.request.run
        for name, value in Concealment(question.secrets).parts_in(kept).items():
            await self._ledger.secrets.add(run.tenant_id, run.run_id, name, value)

    async def _release(
        self, question: _Question, usage: Usage | None, outcome: CallOutcome, began: float
    ) -> None:
        cost = Money() if usage is None else self._cost(question, usage)
        await self._ledger.spending.release(question.reserved, usage, cost)
        self._observe(question, outcome, time.monotonic() - began, usage, cost)

    def _observe(
        self,
        question: _Question,
        outcome: CallOutcome,
        seconds: float,
        usage: Usage | None,
        cost: Money,
    ) -> None:
        observe_call(
            question.request.run.tenant_id,
            self._clients.tier,
            question.body.kind,
            outcome,
            seconds,
            usage,
            cost.total,
        )

    def _cost(self, question: _Question, usage: Usage) -> Money:
        return price_of(usage, self._settings, question.most)

    def _without(
        self, failure: Literal["unavailable", "over_budget", "unusable"], message: str
    ) -> ModelAnswer:
        return ModelAnswer(tier=self._clients.tier, failure=failure, message=message[:500])
