"""The questions of one step to models: what was answered, what is asked next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from pydantic import JsonValue

from activities.asks_store import AskLost, AsksStore
from activities.steps.masking import Mask
from activities.steps.turns.progress import MOST_ANEW, Past, Progress, Said, Waiting
from activities.steps.turns.suspending import KeepsChanging, Suspended
from inference.asking import Answered, AskBody, GroundAsk, Grounded, ModelTurn, TaskAsk
from inference.decisions import Done
from inference.fresh import at_place
from plans.calls import Ask, AskKind
from plans.step import TierName
from workflows.interfaces import RunKey

ACT, CHECK, EXTRACT = "act", "check:", "extract"
"""What questions are about: the step's act, a condition (a prefix), its fields."""
_LONGEST_PROMPT = 2000
_LONGEST_WHY = 300


@dataclass
class Asks:
    """What one call has asked and heard, over all of its turns.

    `models` are the tiers that can be asked. `now` is the progress of this turn; `secrets` are
    the run's by name. `user_input` names the answer of the user that this turn came with. `notes`
    are those of the step.
    """

    run: RunKey
    store: AsksStore
    mask: Mask
    models: tuple[TierName, ...]
    now: Progress
    secrets: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    user_input: str = ""
    notes: list[str] = field(default_factory=list[str])

    def can(self, tier: TierName) -> bool:
        """Whether a tier is one that is asked by waiting for it."""
        return tier in self.models

    def said(self, tier: TierName, about: str) -> Said | None:
        """The newest answer of a tier about this."""
        found = (one for one in reversed(self.now.said) if (one.tier, one.about) == (tier, about))
        return next(found, None)

    def why_away(self, tier: TierName) -> str:
        """Why a tier can't be reached."""
        told = [one.message for one in self.now.said if one.tier is tier and one.message]
        return self.mask.text(told[-1]) if told else "it can't be reached"

    def heard(self, about: str) -> bool:
        """Whether anybody has answered questions that begin so."""
        return any(one.about.startswith(about) for one in self.now.said)

    def is_newest(self, said: Said) -> bool:
        """Whether nobody was asked about the same after it."""
        about = [one for one in self.now.said if one.about == said.about]
        return bool(about) and about[-1] == said

    def over_budget(self) -> Said | None:
        """The answer that there is no money left, where this turn came with it."""
        last = self.now.said[-1] if self.now.said else None
        return last if last is not None and last.failure == "over_budget" else None

    async def question(self, said: Said) -> AskBody:
        """What was asked.

        Raises:
            AskLost: it is not in the store any more.
        """
        return await self.store.read(self.run, said.ask)

    async def answer(self, said: Said) -> Answered:
        """What was answered.

        Raises:
            AskLost: it is not in the store any more.
        """
        return await self.store.read_answer(self.run, said.answer)

    async def suspend(self, tier: TierName, about: str, body: AskBody, why: str) -> NoReturn:
        """Have a model asked, and unwind.

        Raises:
            Suspended: always.
        """
        key = await self.store.write(self.run, body)
        kind = AskKind(body.kind)
        waiting = Waiting(kind=kind, about=about, tier=tier, ask=key)
        self.now = self.now.model_copy(update={"waiting": waiting})
        why = self.mask.text(f"{tier.value} is asked {why}")[:_LONGEST_WHY]
        raise Suspended(Ask(kind=kind, tier=tier, body=key, why=why))

    async def suspend_task(self, body: TaskAsk, why: str, task: JsonValue) -> NoReturn:
        """Have Claude asked for the next turn of a task; `task` is the task's own state.

        Raises:
            Suspended: always.
        """
        self.now = self.now.model_copy(update={"task": task, "said": ()})
        await self.suspend(TierName.CLAUDE, AskKind.TASK.value, body, why)

    def ask_user(self, question: str, work: str, said: Said | None = None) -> NoReturn:
        """Have the user asked what a model wants to know, and unwind.

        The question shows as the model's own: a page may have put it into its mouth.

        Args:
            question: in the model's words.
            work: what it works on, as people call it.
            said: the answer that the question came with.

        Raises:
            Suspended: always.
        """
        ask, answer = ("", "") if said is None else (said.ask, said.answer)
        waiting = Waiting(kind=AskKind.INPUT, about=ACT, tier=None, ask=ask, answer=answer)
        self.now = self.now.model_copy(update={"waiting": waiting})
        asked = question.strip() or "It needs an answer."
        told = f"The model that works on {work} asks (the question is its own): {asked}"
        prompt = self.mask.text(told)[:_LONGEST_PROMPT]
        why = f"the user is asked: {self.mask.text(asked)}"[:_LONGEST_WHY]
        raise Suspended(Ask(kind=AskKind.INPUT, tier=None, why=why, prompt=prompt))

    def anew(self, said: Said, why: str) -> None:
        """Forget an answer that the page has overtaken, so that it is asked again.

        Raises:
            KeepsChanging: that was done often enough.
        """
        if self.now.anew >= MOST_ANEW:
            asked = f"{said.tier.value} was asked {self.now.anew + 1} times"
            raise KeepsChanging(f"{asked}, and the page changed each time: {why}")
        times = self.now.anew + 2
        self.notes.append(f"{said.tier.value} was asked {times} times: {why}")
        rest = tuple(one for one in self.now.said if one != said)
        self.now = self.now.model_copy(update={"said": rest, "anew": self.now.anew + 1})

    def forget(self, about: str) -> None:
        """Forget what was said about this; it is asked again where it is needed."""
        rest = tuple(one for one in self.now.said if one.about != about)
        self.now = self.now.model_copy(update={"said": rest})

    def newest(self, about: str) -> Said | None:
        """The newest answer about this, whoever gave it."""
        return next((one for one in reversed(self.now.said) if one.about == about), None)

    async def decided(self) -> Grounded | None:
        """The act that a model has answered and that was not done yet, as far as is known."""
        said = self.newest(ACT)
        if said is None or not said.answer:
            return None
        try:
            reply = (await self.answer(said)).reply
        except AskLost:
            return None
        return reply if isinstance(reply, Grounded) else None

    async def was_done(self, came_of: str) -> None:
        """Take note that the act of the newest answer was done, by a try that was lost."""
        said, act = self.newest(ACT), await self.decided()
        if said is None or act is None:
            return
        ask = await self.question(said)
        shown = None
        if isinstance(ask, GroundAsk):
            x, y = act.x, act.y
            found = (one for one in ask.look.elements if one.ref == act.ref)
            shown = next(found, None)
            if shown is None and x is not None and y is not None:
                shown = at_place(ask.look.elements, x, y)
        name, role = (shown.name, shown.role) if shown else ("", "")
        done = Done(act=act.act, name=name, role=role, text=act.text)
        self.now = self.now.after((done,), self.past(said.tier, came_of))

    async def turns(self) -> tuple[ModelTurn, ...]:
        """The history of the step's agent, oldest first."""
        found: list[ModelTurn] = []
        for past in self.now.past:
            ask = await self.store.read(self.run, past.ask)
            reply = (await self.store.read_answer(self.run, past.answer)).reply
            if ask.kind == "ground" and isinstance(reply, Grounded):
                found.append(ModelTurn(look=ask.look, said=reply.said, came_of=past.came_of))
        return tuple(found)

    def past(self, tier: TierName, came_of: str) -> tuple[Past, ...]:
        """The turn of the agent that has just been acted on, where a model decided it."""
        said = self.said(tier, ACT)
        if said is None or not said.answer:
            return ()
        return (Past(ask=said.ask, answer=said.answer, came_of=self.mask.text(came_of)[:500]),)
