"""A question to a model that is paid once: reserved, put, written down, settled.

```
reserve ─ Known ───────────────→ the answer that was paid before
   │    ─ OverBudget, RunOver ─→ no answer
   └─ Reserved ─ taken over, and the answer has arrived ─→ settle
        └─ put ─ answered ─→ written as a file, its arrival noted ─→ settle
               ─ away ────→ release, ask again later (`AskAgain`), in the end `unavailable`
               ─ refused ─→ release, `unavailable`
               ─ cut short, malformed, declined ─→ release (paid), again or `unusable`
               ─ cancelled ─→ release
```
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar, assert_never

from activities.asks_store import AskLost
from activities.models.arrivals import Arrival, Arrivals
from activities.models.metrics import CallOutcome, observe_call
from activities.models.patience import AskAgain, Patience, Tried, ask_within, outcome_of
from activities.models.paying import price_of
from inference.errors import ModelError
from inference.settings import ModelSettings
from inference.tally import Tally
from ledger.ledger import Ledger
from ledger.models import Known, NewModelCall, OverBudget, Reserved, RunOver
from ledger.whole import whole
from plans.calls import Money
from plans.cost import usd
from plans.prices import Usage
from plans.step import Frozen
from workflows.interfaces import RunKey

log = logging.getLogger("mantis.models")


class Given(Protocol):
    """What a model has answered, with what that used."""

    @property
    def usage(self) -> Usage:
        """What the answer used."""
        ...


G = TypeVar("G", bound=Given)


@dataclass(frozen=True)
class Question(Generic[G]):
    """A question that may be asked.

    `new` names it in the ledger, and its highest price. `put` asks once; what it gives holds no
    secret. `write` and `read` keep answers by their keys, `beside` what else must stand before
    an answer is settled. `told` conceals the run's secrets in a message.
    """

    run: RunKey
    new: NewModelCall
    put: Callable[[Tally], Awaitable[G]]
    write: Callable[[G], Awaitable[str]]
    read: Callable[[str], Awaitable[G]]
    beside: Callable[[G], Awaitable[None]]
    told: Callable[[str], str]


class Paid(Frozen):
    """The answer that stands, by its key; `seconds` is how long it took, 0 where it was there."""

    key: str
    cost: Money
    seconds: float = 0.0


class Without(Frozen):
    """No answer, for good; see `workflows.turns.ModelAnswer`."""

    failure: Literal["unavailable", "over_budget", "unusable"]
    message: str


class Paying(Generic[G]):
    """Asks questions whose answers are kept and paid once, whatever is killed between."""

    def __init__(self, ledger: Ledger, arrivals: Arrivals, settings: ModelSettings) -> None:
        self._ledger = ledger
        self._arrivals = arrivals
        self._settings = settings

    async def ask(
        self, question: Question[G], patience: Patience, tried: Tried
    ) -> Paid | Without | AskAgain:
        """Ask once, or find the answer that was paid before.

        Args:
            question: what is asked.
            patience: how long this try and all of them may take.
            tried: what became of the tries before.

        Raises:
            LedgerAway: something could not be reserved or written down: ask again.
        """
        reservation = await self._ledger.spending.reserve(question.new)
        match reservation:
            case Known(answer=key, cost=cost):
                return Paid(key=key, cost=cost)
            case OverBudget(spent=spent, held=held, limit=limit):
                message = (
                    f"{usd(spent):.4f} USD are spent and {usd(held):.4f} reserved "
                    f"of the run's {usd(limit):.4f}"
                )
                return Without(failure="over_budget", message=message)
            case RunOver():
                return Without(failure="unavailable", message="the run is over")
            case Reserved():
                arrived = await self._arrived(question, reservation)
                return arrived or await self._put(question, reservation, patience, tried)
            case _:
                assert_never(reservation)

    async def _arrived(self, question: Question[G], reserved: Reserved) -> Paid | None:
        """Settle the answer that a lost try has got; None where none has."""
        if not reserved.taken_over:
            return None
        arrival = await self._arrivals.before(question.run, reserved.call_id, reserved.attempt)
        if arrival is None:
            return None
        try:
            given = await question.read(arrival.key)
        except AskLost:
            return None
        return await self._settle(question, reserved, given, arrival)

    async def _put(
        self, question: Question[G], reserved: Reserved, patience: Patience, tried: Tried
    ) -> Paid | Without | AskAgain:
        """Put the question to the model, this try."""
        began, tally = time.monotonic(), Tally()
        try:
            given = await ask_within(patience.within_s, question.put(tally), tally)
        except ModelError as error:
            await self._release(question, reserved, error.usage, outcome_of(error), began)
            message = question.told(str(error))
            log.warning("%s gave no answer: %s", question.new.tier, message)
            further = patience.after(error, tried, message)
            if isinstance(further, AskAgain):
                return further
            return Without(failure=further, message=message)
        except BaseException as end:
            cancelled = isinstance(end, asyncio.CancelledError)
            outcome: CallOutcome = "cancelled" if cancelled else "unusable"
            await self._release(question, reserved, tally.usage, outcome, began)
            raise
        return await self._keep(question, reserved, given, began)

    @whole
    async def _keep(
        self, question: Question[G], reserved: Reserved, given: G, began: float
    ) -> Paid | Without:
        """Write an answer down; once it has arrived, no cancellation loses it."""
        seconds = time.monotonic() - began
        try:
            key = await question.write(given)
            arrival = Arrival(attempt=reserved.attempt, key=key)
            await self._arrivals.note(question.run, reserved.call_id, arrival)
        except OSError as error:
            await self._release(question, reserved, given.usage, "unusable", began)
            message = f"its answer can't be kept ({error.strerror})"
            return Without(failure="unavailable", message=message)
        paid = await self._settle(question, reserved, given, arrival)
        _observe(question.new, "answered", seconds, given.usage, paid.cost)
        return paid.model_copy(update={"seconds": seconds})

    async def _settle(
        self, question: Question[G], reserved: Reserved, given: G, arrival: Arrival
    ) -> Paid:
        await question.beside(given)
        cost = self._cost(question, given.usage)
        key = await self._ledger.spending.settle(
            reserved, given.usage, cost, arrival.key, attempt=arrival.attempt
        )
        return Paid(key=key, cost=cost)

    async def _release(
        self,
        question: Question[G],
        reserved: Reserved,
        usage: Usage | None,
        outcome: CallOutcome,
        began: float,
    ) -> None:
        cost = Money() if usage is None else self._cost(question, usage)
        await self._ledger.spending.release(reserved, usage, cost)
        _observe(question.new, outcome, time.monotonic() - began, usage, cost)

    def _cost(self, question: Question[G], usage: Usage) -> Money:
        return price_of(usage, self._settings, question.new.reserved_micro)


def _observe(
    new: NewModelCall, outcome: CallOutcome, seconds: float, usage: Usage | None, cost: Money
) -> None:
    observe_call(new.tenant_id, new.tier, new.kind, outcome, seconds, usage, cost.total)
