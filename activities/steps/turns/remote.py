"""Tiers and checkers that are asked by waiting: the step unwinds, and hears them a turn later."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from activities.asks_store import AskLost, AsksStore
from activities.browser.session import BrowserSession
from activities.browser.snapshot import capture
from activities.steps.turns.asks import ACT, CHECK, Asks
from activities.steps.turns.look import model_look
from activities.steps.turns.progress import Said
from inference.asking import CheckAsk, GroundAsk, Grounded, Judged, Look, NoAnswer
from inference.bounds import Bounds
from inference.checks.asking import Condition
from inference.decisions import (
    ActKind,
    Away,
    Candidate,
    Check,
    Decision,
    DontKnow,
    DontKnowReason,
    Question,
)
from inference.dom.intent import read
from inference.fresh import Stale, resolve
from inference.observation import Observation
from inference.showing import same_page
from inference.turns import spent
from plans.step import INTENT_READ, Step, StepType, TierName

_ACT_OF_TYPE: Final[Mapping[StepType, ActKind]] = {
    StepType.CLICK: ActKind.CLICK,
    StepType.SUBMIT: ActKind.CLICK,
    StepType.PAGINATE: ActKind.CLICK,
    StepType.FILL_FIELD: ActKind.FILL,
    StepType.TYPE_TEXT: ActKind.TYPE,
    StepType.SELECT_OPTION: ActKind.SELECT,
}
"""What a step does at once; of other types, and once something was done, the model chooses."""
_WRITING: Final = (ActKind.FILL, ActKind.TYPE, ActKind.SELECT)
_PRESSING: Final = (*_WRITING, ActKind.PRESS)


@dataclass
class Asking:
    """What questions about the page of one call are made of.

    `worded` is the step with references in the place of its secrets.
    """

    asks: Asks
    session: BrowserSession
    worded: Step
    bounds: Bounds

    async def look(self, observation: Observation, candidates: tuple[Candidate, ...] = ()) -> Look:
        """The page as a model is shown it, in the store."""
        asks = self.asks
        store: AsksStore = asks.store
        page = self.session.page
        return await model_look(page, observation, store, asks.run, asks.mask, candidates)


class RemoteTier:
    """A model as a tier of one call."""

    def __init__(self, name: TierName, asking: Asking) -> None:
        self.name = name
        self._asking = asking
        self._asks = asking.asks

    async def decide(
        self, observation: Observation, question: Question
    ) -> Decision | DontKnow | Away:
        """What the model has said of the page, as it is now; see `Tier.decide`.

        Raises:
            Suspended: it has to be asked first.
            KeepsChanging: the page changed each time that it was asked.
        """
        if self.name in self._asks.now.away:
            return Away(why=self._asks.why_away(self.name), tier=self.name)
        said = self._asks.said(self.name, ACT)
        if said is None:
            return await self._ask(observation, question)
        if said.failure is not None:
            return self._dont_know(said, DontKnowReason.UNREADABLE, said.message)
        try:
            ask = await self._asks.question(said)
            reply = (await self._asks.answer(said)).reply
        except AskLost:
            return await self._again(said, "its answer is lost", observation, question)
        match reply:
            case NoAnswer(why=why, absent=absent):
                reason = DontKnowReason.ABSENT if absent else DontKnowReason.UNSURE
                return self._dont_know(said, reason, why)
            case Grounded() if isinstance(ask, GroundAsk):
                found = resolve(ask.look, reply, observation, self.name, self._asks.mask.worded)
            case _:
                return self._dont_know(said, DontKnowReason.UNREADABLE, "it answered otherwise")
        if isinstance(found, Stale):
            if not self._asks.is_newest(said):
                return self._dont_know(said, DontKnowReason.UNSURE, found.why)
            return await self._again(said, found.why, observation, question)
        if (trouble := self._unlike(ask, found)) is not None:
            return self._dont_know(said, DontKnowReason.UNREADABLE, trouble)
        return self._completed(found, said, question, ask)

    def _dont_know(self, said: Said, reason: DontKnowReason, why: str) -> DontKnow:
        why = self._asks.mask.text(why)[:500] or "it can't tell"
        return DontKnow(reason=reason, why=why, tier=self.name, cost=said.cost)

    async def _again(
        self, said: Said, why: str, observation: Observation, question: Question
    ) -> DontKnow:
        """Ask anew about the page as it is now.

        Raises:
            Suspended: always, but where the page keeps changing.
        """
        self._asks.anew(said, why)
        return await self._ask(observation, question)

    async def _ask(self, observation: Observation, question: Question) -> DontKnow:
        body = await self._body(observation, question)
        if self.name is TierName.HOLO3 and body.look.picture is None:
            why = "no picture of the page could be taken"
            return DontKnow(reason=DontKnowReason.UNREADABLE, why=why, tier=self.name)
        await self._asks.suspend(self.name, ACT, body, f"what {body.intent[:200]!r} means here")

    async def _body(self, observation: Observation, question: Question) -> GroundAsk:
        mask, now = self._asks.mask, self._asks.now
        step = self._asking.worded
        return GroundAsk(
            look=await self._asking.look(observation, question.handed),
            step=step,
            intent=mask.words(question.intent)[:INTENT_READ],
            value=mask.words(_value(question)),
            act=_act(question, bool(now.past)),
            done=question.done,
            candidates=tuple(
                one.model_copy(update={"name": mask.worded(one.name)}) for one in question.handed
            ),
            proposed=await self._proposed(observation),
            turns=await self._asks.turns(),
            budget=max(1, step.budget - spent(question.done)),
        )

    async def _proposed(self, observation: Observation) -> Grounded | None:
        """The place that Holo3 named, as it is on the page now; for Claude."""
        if self.name is not TierName.CLAUDE:
            return None
        said = self._asks.said(TierName.HOLO3, ACT)
        if said is None or said.failure is not None:
            return None
        try:
            ask = await self._asks.question(said)
            reply = (await self._asks.answer(said)).reply
        except AskLost:
            return None
        if not isinstance(reply, Grounded) or not isinstance(ask, GroundAsk):
            return None
        word = self._asks.mask.worded
        found = resolve(ask.look, reply, observation, TierName.HOLO3, word)
        if isinstance(found, Stale):
            return None
        x, y = (found.point.x, found.point.y) if found.point else (reply.x, reply.y)
        return reply.model_copy(update={"ref": found.ref, "x": x, "y": y})

    def _unlike(self, ask: GroundAsk, found: Decision) -> str | None:
        """Why an answer is none to what was asked; the plan says what a step may do."""
        settled = (ActKind.WAIT, ActKind.DONE, ActKind.INPUT)
        alike = found.act is ask.act or (ask.act in _WRITING and found.act in _WRITING)
        if ask.act is not None and not alike and found.act not in settled:
            return f"it answered {found.act}, {ask.act} was asked for"
        return self._asking.bounds.objection(found.act, found.text)

    def _completed(
        self, found: Decision, said: Said, question: Question, ask: GroundAsk
    ) -> Decision:
        """With what the step itself types, and with what the answer cost.

        What a step says it types is typed, whatever the model says; one that works act by act
        may type something on the way.
        """
        text = found.text
        if found.act in _PRESSING:
            value = _value(question)
            own = ask.act in _WRITING or text in ("", self._asks.mask.words(value))
            text = value if value and own else self._asking.bounds.filled(text)
        why = self._asks.mask.text(found.why)[:500]
        return found.model_copy(update={"text": text, "why": why, "cost": said.cost})


class RemoteChecker:
    """A model as a checker of conditions, for one call."""

    def __init__(self, name: TierName, asking: Asking) -> None:
        self.name = name
        self._asking = asking
        self._asks = asking.asks

    async def check(self, condition: Condition) -> Check | Away:
        """What the model has said of the condition on this page; see `Checker.check`.

        Raises:
            Suspended: it has to be asked first.
            KeepsChanging: another page was shown each time that it was asked.
        """
        if self.name in self._asks.now.away:
            return Away(why=self._asks.why_away(self.name), tier=self.name)
        about = CHECK + hashlib.sha256(condition.sentence.encode()).hexdigest()[:16]
        said = self._asks.said(self.name, about)
        if said is None:
            return await self._ask(about, condition)
        if said.failure is not None:
            return Check(verdict="undecided", evidence=said.message, cost=said.cost)
        try:
            ask = await self._asks.question(said)
            reply = (await self._asks.answer(said)).reply
        except AskLost:
            self._asks.anew(said, "its answer is lost")
            return await self._ask(about, condition)
        here = self._asks.mask.worded(self._asking.session.page.url)
        if isinstance(ask, CheckAsk) and not same_page(ask.look.url, here):
            self._asks.anew(said, "another page is shown now")
            return await self._ask(about, condition)
        told = self._asks.mask.text
        match reply:
            case Judged(verdict=verdict, evidence=evidence):
                return Check(verdict=verdict, evidence=told(evidence)[:500], cost=said.cost)
            case NoAnswer(why=why):
                return Check(verdict="undecided", evidence=told(why)[:500], cost=said.cost)
            case _:
                evidence = f"{self.name} answered something else than was asked"
                return Check(verdict="undecided", evidence=evidence, cost=said.cost)

    async def _ask(self, about: str, condition: Condition) -> Check:
        page, mask = self._asking.session.page, self._asks.mask
        snapshot = await capture(page)
        try:
            look = await self._asking.look(snapshot.observation)
        finally:
            await snapshot.dispose()
        body = CheckAsk(
            look=look,
            condition=mask.words(condition.sentence),
            said=tuple(mask.text(one.evidence) for one in condition.said),
        )
        why = f"whether {body.condition[:200]!r} holds"
        await self._asks.suspend(self.name, about, body, why)


def _act(question: Question, going_on: bool) -> ActKind | None:
    """The act that the step's type says, None where the model has to choose."""
    if question.done or going_on:
        return None
    act = _ACT_OF_TYPE.get(question.step.type)
    return None if act in _WRITING and not _value(question) else act


def _value(question: Question) -> str:
    """What the step types or chooses, also where only its intent says it."""
    if question.value or question.step.type not in (
        StepType.FILL_FIELD,
        StepType.TYPE_TEXT,
        StepType.SELECT_OPTION,
    ):
        return question.value
    return read(question).value
