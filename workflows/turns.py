"""A call that is made in turns: what it waits for, and what it goes on with."""

from typing import Literal

from pydantic import JsonValue

from plans.calls import Ask, Call, Money, Outcome
from plans.step import Frozen, TierName


class ModelAnswer(Frozen):
    """Output of `perceive` and `reason`.

    `body` is the key of the answer in the artifact store, empty where there is none: then
    `failure` says why, and `message` in a sentence. `unavailable`: the model can't be reached,
    or has no key; `over_budget`: the run has no money left for the call; `unusable`: it
    refused, was cut off, or answered something else than was asked, the retries included.
    """

    tier: TierName
    body: str = ""
    failure: Literal["unavailable", "over_budget", "unusable"] | None = None
    message: str = ""
    cost: Money = Money()
    duration_ms: int = 0


class Turn(Frozen):
    """Where the call `key` (its `whole_key`) stands between two turns.

    `number` is the turn that asks as long as there is an `ask`, then the one to be made with
    `answer` or `user_input`. `acted`: this call has done an act that must not happen twice.
    """

    key: str
    number: int = 0
    progress: JsonValue = None
    ask: Ask | None = None
    answer: ModelAnswer | None = None
    user_input: str = ""
    acted: bool = False

    def of(self, call: Call) -> Call:
        """The part of the call that stands at this turn."""
        return call.model_copy(update={"turn": self.number})

    def asks(self, outcome: Outcome) -> "Turn":
        """This turn was made and has left a question."""
        return Turn(
            key=self.key,
            number=self.number,
            progress=outcome.progress,
            ask=outcome.ask,
            acted=self.acted or outcome.acted,
        )

    def told(self, answer: ModelAnswer) -> "Turn":
        """The model has answered: the next turn is due."""
        return self._next().model_copy(update={"answer": answer})

    def heard(self, user_input: str) -> "Turn":
        """The user has answered; `user_input` names the secret that holds it."""
        return self._next().model_copy(update={"user_input": user_input})

    def _next(self) -> "Turn":
        return self.model_copy(update={"number": self.number + 1, "ask": None})
