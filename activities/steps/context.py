"""What a step's own code works with: the page, the filled-in step, the ledger, the tiers."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from playwright.async_api import ElementHandle, Page
from pydantic import JsonValue

from activities.browser.act import ActResult, perform
from activities.browser.aiming import aim
from activities.browser.picture_texts import TIME_S, PictureTexts
from activities.browser.session import BrowserSession
from activities.browser.snapshot import Snapshot, capture
from activities.settings import ActivitySettings
from activities.steps.acts import Acts
from activities.steps.masking import Mask
from activities.steps.pictured import UNREAD, decide_in_pictures, with_advice
from activities.steps.remembering import Remembering
from activities.steps.report import Report, failed
from activities.steps.secret_fields import takes_secret
from activities.steps.sights import Sights
from activities.steps.turns.asks import Asks
from activities.steps.turns.remote import Asking
from inference.bounds import Bounds
from inference.cascade import Answer, Asked, Cascade, told
from inference.checks.asking import Checks
from inference.decisions import ActKind, Decision, Done, DontKnow, Point, Question
from inference.dom.overlays import consent_dismissal
from ledger.ledger import Ledger
from ledger.models import ClaimedItem
from plans.calls import Call, Money
from plans.placeholders import KEPT_WHOLE, SECRET, as_text, reference
from plans.step import INTENT_READ, FailureClass, Perception, Step, StepType
from workflows.interfaces import RunKey, StepRequest

_MOST_BANNERS = 2
_NO_NAME = re.compile(r"[^A-Za-z0-9_.]")
_ACT_TIME_S = 10.0

_TYPING = (ActKind.FILL, ActKind.TYPE)

_ACT_OF_TYPE: Mapping[StepType, ActKind] = {
    StepType.FILL_FIELD: ActKind.FILL,
    StepType.TYPE_TEXT: ActKind.TYPE,
    StepType.SELECT_OPTION: ActKind.SELECT,
    StepType.SCROLL: ActKind.SCROLL,
    StepType.KEY_PRESS: ActKind.PRESS,
}
"""What a step does with an element that its plan names by selector; else it is clicked."""


@dataclass
class StepContext:
    """One call of one step.

    `step` has its placeholders filled in, `shown` too, but for secrets, which `mask` takes
    out of whatever else is written.

    `deadline` is on the event loop's clock; nothing a step does may outlive it.
    `resumed_from` is the run that this one goes on from, empty where there is none.
    `asks` are its questions to models and what they answered, `asking` what these are made of,
    `bounds` what models may do.
    `local_cost` is what the tiers cost that answer at once. `brought_back`: the page was opened
    anew, because a lost try may have changed it. `last_act` is what came of this turn's last.
    """

    request: StepRequest
    step: Step
    mask: Mask
    session: BrowserSession
    ledger: Ledger
    cascade: Cascade
    deadline: float
    shown: Step
    memory: Remembering
    checks: Checks
    pictures: PictureTexts
    asks: Asks
    asking: Asking
    bounds: Bounds
    notes: list[str] = field(default_factory=list[str])
    local_cost: Money = field(default_factory=Money)
    acts: Acts = field(init=False)
    sights: Sights = field(init=False)
    brought_back: bool = False
    resumed_from: str = ""
    last_act: ActResult | None = None
    settings: ActivitySettings | None = None

    def __post_init__(self) -> None:
        self.acts = Acts(self.session, self.ledger, self.run, self.call, self.step, self.mask)
        self.sights = Sights(self.call, self.mask)

    @property
    def run(self) -> RunKey:
        """The run that the step belongs to."""
        return self.request.run

    @property
    def call(self) -> Call:
        """The interpreter's call."""
        return self.request.call

    @property
    def perception(self) -> Perception:
        """How the run chooses its tiers."""
        return self.request.perception

    @property
    def page(self) -> Page:
        """The tab that the run works in."""
        return self.session.page

    @property
    def cost(self) -> Money:
        """What the tiers that were asked cost so far, in all turns."""
        return self.asks.now.cost + self.local_cost

    def costs_at_once(self, trail: Iterable[Asked]) -> bool:
        """Whether one of these tiers answers at once, and is paid for each time."""
        return any(one.cost != Money() for one in trail if not self.asks.can(one.tier))

    def pay(self, trail: Iterable[Asked]) -> None:
        """Add what tiers cost that answered at once; the others were paid as they answered."""
        asked = (one for one in trail if not self.asks.can(one.tier))
        self.local_cost = sum((one.cost for one in asked), self.local_cost)

    @property
    def scope(self) -> str:
        """Name of the list that the step's loop goes through, in the ledger."""
        return "" if self.call.item_loop is None else str(self.call.item_loop)

    @property
    def owner(self) -> str:
        """Who claims an item: the same for every attempt of one execution of the step."""
        return f"{self.call.index}:{self.call.visit}"

    def time_left(self, most: float) -> float:
        """Seconds this step may still take, `most` at most, never below a tenth."""
        return max(0.1, min(most, self.deadline - asyncio.get_running_loop().time()))

    def question(self) -> Question:
        """The step as a question to the tiers."""
        return Question(
            step=self.step, intent=self.step.intent[:INTENT_READ], value=self.value_text()
        )

    def value_text(self) -> str:
        """What the step types, chooses or presses, as text; "" where its params do not say."""
        params = self.step.params
        if self.step.type is StepType.KEY_PRESS and params.keys:
            return params.keys if isinstance(params.keys, str) else "+".join(params.keys)
        value: JsonValue = params.value if params.value is not None else params.option_label
        return "" if value is None else as_text(value)

    async def look(self) -> Snapshot:
        """Look at the page; a consent banner or pop-up in the way is dismissed first."""
        snapshot = await capture(self.page)
        for _ in range(_MOST_BANNERS):
            dismissal = consent_dismissal(snapshot.observation)
            if dismissal is None or dismissal.ref is None:
                break
            result = await self.carry_out(snapshot, dismissal, plain=True)
            if not result.success:
                break
            self.notes.append("a consent banner or pop-up was dismissed")
            await snapshot.dispose()
            snapshot = await capture(self.page)
        return snapshot

    async def look_untouched(self) -> Snapshot:
        """Look at the page as it is, banners and pop-ups included."""
        return await capture(self.page)

    async def decide(
        self, snapshot: Snapshot, done: tuple[Done, ...] = (), *, passing: bool = False
    ) -> Answer:
        """Ask the tiers which element the step means; `done` are its acts so far.

        `passing`: one of many looks on the way, kept for explanations only where a tier knew.
        """
        question = self.question().model_copy(update={"done": done})
        question = await self.memory.ask(question, snapshot.observation)
        answer = await self._ask(snapshot, question, passing)
        self.pay(answer.trail)
        if isinstance(answer.result, Decision) or not passing:
            observation, asked = snapshot.observation, self.perception
            await self.sights.add(self.page, observation, question, asked, answer)
        return answer

    async def _ask(self, snapshot: Snapshot, question: Question, passing: bool) -> Answer:
        """The tiers' answer; pictures are read before a model is asked, unless it is planned."""
        early = self.perception is Perception.AUTO and not passing
        if early and self.pictures.equipped and snapshot.observation.pictures:
            known = await self.cascade.known(snapshot.observation, question)
            if isinstance(known.result, Decision):
                return known
            if (answer := await self._in_pictures(snapshot, question)) is not None:
                return answer
        if passing and self.asks.models:
            return await self.cascade.known(snapshot.observation, question)
        answer = await self.cascade.decide(snapshot.observation, question, self.perception)
        if isinstance(answer.result, Decision) or passing:
            return answer
        if not early and (pictured := await self._in_pictures(snapshot, question)) is not None:
            return pictured
        return with_advice(self.pictures, snapshot, question, answer)

    async def _in_pictures(self, snapshot: Snapshot, question: Question) -> Answer | None:
        if UNREAD in self.notes:
            return None
        time_s = self.time_left(2 * TIME_S) / 2
        try:
            return await decide_in_pictures(
                self.pictures, self.page, snapshot, question, time_s=time_s
            )
        except TimeoutError:
            self.notes.append(UNREAD)
            return None

    async def decide_as_planned(self, snapshot: Snapshot, intent: str) -> Answer:
        """Ask the models that the plan wants asked about a thing that the step's code names."""
        question = self.question().model_copy(update={"intent": intent})
        answer = await self.cascade.planned(snapshot.observation, question)
        self.pay(answer.trail)
        await self.sights.add(self.page, snapshot.observation, question, self.perception, answer)
        return answer

    async def saw(self, snapshot: Snapshot, result: Decision | DontKnow) -> None:
        """Keep a look about which the step's own code decided without the cascade."""
        question, observation = self.question(), snapshot.observation
        await self.sights.add(self.page, observation, question, self.perception, told(result))

    async def act(self, snapshot: Snapshot, decision: Decision) -> Report:
        """Carry out a decision and report its checked effect."""
        result = await self.carry_out(snapshot, decision)
        return report_of(result, decision)

    async def carry_out(
        self, snapshot: Snapshot, decision: Decision, *, plain: bool = False
    ) -> ActResult:
        """Do what a tier decided; `plain` as in `perform`."""
        target = await aim(self.page, snapshot, decision)
        return await self.perform(
            target.element,
            decision.act,
            decision.text,
            onto=target.onto,
            at=target.at,
            called=target.called,
            plain=plain,
        )

    async def perform(
        self,
        element: ElementHandle | None,
        kind: ActKind,
        text: str = "",
        *,
        onto: ElementHandle | None = None,
        at: Point | None = None,
        called: str = "",
        plain: bool = False,
    ) -> ActResult:
        """Do one act on the page, and go on in the tab that it opened, if it did.

        What goes into a password or code field is a secret of the run before it is typed.
        `onto`, `at` and `called` as for `activities.browser.act.perform`. `plain`: the act may
        happen twice, whatever its target says.
        """
        await (self.acts.mark() if plain else self.acts.before(element, kind, text, onto))
        if kind in _TYPING and text and not self.mask.knows(text):
            await self._learn(element, text)
        time_s = self.time_left(_ACT_TIME_S)
        result = await perform(
            self.page, element, kind, text, onto=onto, at=at, called=called, timeout_s=time_s
        )
        if not plain:
            self.last_act = result
        if result.opened_tab is not None:
            await self.session.tabs.follow(result.opened_tab)
        return result

    async def _learn(self, element: ElementHandle | None, text: str) -> None:
        if not await takes_secret(self.page, element):
            return
        self.mask.add(text)
        call = self.call
        place = f"{call.index}.{call.visit}.{call.attempt}"
        turn = f".{call.turn}" if call.turn else ""
        part = f".{self.acts.part}" if self.acts.part else ""
        name = f"{SECRET}typed.{place}{turn}{part}"
        if call.turn or self.acts.part:
            name += f".{call.turn}{_NO_NAME.sub('_', self.acts.part)}"
        await self.ledger.secrets.learn(self.run.tenant_id, self.run.run_id, name, text)

    async def kept(self, value: JsonValue, name: str) -> JsonValue:
        """What the ledger may hold of a value that later steps need as it is.

        A value with a secret in it goes among the run's secrets, and a reference stands for it.
        """
        if not self.mask.holds(value):
            return value
        name = KEPT_WHOLE + name
        await self.ledger.secrets.add(self.run.tenant_id, self.run.run_id, name, value)
        return reference(name)

    async def press(self, element: ElementHandle) -> Report:
        """Click an element that the step's own code has chosen."""
        return report_of(await self.perform(element, ActKind.CLICK), None)

    async def newest_item(self) -> ClaimedItem | None:
        """The list item that this pass of the loop is about, where one was opened."""
        return await self.ledger.items.newest(self.run.tenant_id, self.run.run_id, self.scope)

    async def act_on_selector(self, selector: str) -> Report:
        """Act on the one visible element that a CSS selector hits."""
        kind = _ACT_OF_TYPE.get(self.step.type, ActKind.CLICK)
        text = self.value_text()
        found = await self.page.query_selector_all(selector)
        visible = [element for element in found if await element.is_visible()]
        if len(visible) != 1:
            missed = FailureClass.AMBIGUOUS_TARGET if visible else FailureClass.SELECTOR_MISS
            return failed(missed, f"the selector {selector} hits {len(visible)} visible elements")
        return report_of(await self.perform(visible[0], kind, text), None)


def report_of(result: ActResult, decision: Decision | None) -> Report:
    """The report of an act; `decision` tells who chose the target."""
    return Report(
        success=result.success,
        failure_class=result.failure_class,
        message=result.message,
        tier=decision.tier if decision else None,
        confidence=decision.confidence if decision else None,
        data=list[JsonValue](result.evidence) or None,
        candidates=() if result.success or decision is None else decision.candidates,
    )
