"""What a tier answers: a decision, or don't-know with its reason.

A tier takes an observation and a question and answers here; memory, Holo3 and Claude
answer in the same words as the DOM tier.
"""

from enum import StrEnum
from typing import Literal, Protocol

from inference.memory.locator import Remembered
from inference.observation import Observation
from plans.calls import Money, Verdict
from plans.step import Frozen, Step, TierName


class ActKind(StrEnum):
    """What to do with the target."""

    CLICK = "click"
    FILL = "fill"
    """Replace the value of a field with `text`."""
    TYPE = "type"
    """Type `text` where the focus is (or into the target), keeping what is there."""
    SELECT = "select"
    """Choose `text` in a select or a list of options."""
    SCROLL = "scroll"
    """Bring the target into view, or scroll by `text` = up, down, top, bottom."""
    PRESS = "press"
    """Press the chord `text`, such as Enter or Control+S; several are separated by spaces."""
    CHECK = "check"
    """Bring a checkbox, radio or switch to on, whatever its state is now."""
    UNCHECK = "uncheck"
    """Bring a checkbox or switch to off, whatever its state is now."""
    HOVER = "hover"
    """Rest the pointer on the target."""
    DRAG = "drag"
    """Drag the target onto the element `onto`, or by `text`: "dx,dy" in CSS pixels."""
    WAIT = "wait"
    """Let the page go on for a moment, then look again."""
    DONE = "done"
    """Nothing more: what the step asks for is reached, a model says."""
    INPUT = "input"
    """Ask the user `text` and go on with the answer (`request_user_input`)."""


class Candidate(Frozen):
    """An element that was considered, with its score from 0 to 1."""

    ref: int
    name: str
    role: str
    score: float


class Point(Frozen):
    """A place on the page: CSS pixels of the top frame's viewport, origin top left."""

    x: float
    y: float


class Decision(Frozen):
    """Sure enough to act.

    `ref` is the element's `ref` in the observation, None for acts on the page as a whole;
    `confidence` is the calibrated chance of being right. `onto` is where a drag ends. `point`
    is where to act when what is meant is only a part of the element `ref`: a text in a
    picture or canvas, a place on a map. `also` are further targets of the same act, in page
    order ("all 3 checkboxes"). `goes_on`: the act only leads to what the step asks for
    (opens a menu, turns a calendar, scrolls a list): look again and ask with it in `done`.
    """

    act: ActKind
    ref: int | None
    confidence: float
    tier: TierName
    text: str = ""
    why: str = ""
    candidates: tuple[Candidate, ...] = ()
    onto: int | None = None
    point: Point | None = None
    also: tuple[int, ...] = ()
    goes_on: bool = False
    cost: Money = Money()


class DontKnowReason(StrEnum):
    """Why a tier hands on."""

    ABSENT = "absent"
    """Nothing on the page resembles what the intent names."""
    AMBIGUOUS = "ambiguous"
    """Several elements fit about as well and are not the same thing."""
    UNSURE = "unsure"
    """The best candidate is below the threshold for this act."""
    UNREADABLE = "unreadable"
    """The intent, or the page (canvas, picture), can't be read by this tier."""
    BLOCKED = "blocked"
    """The target is there but disabled."""


class DontKnow(Frozen):
    """Not sure: the next tier is asked, with the candidates."""

    reason: DontKnowReason
    why: str
    tier: TierName
    candidates: tuple[Candidate, ...] = ()
    cost: Money = Money()


class Away(Frozen):
    """The tier can't be reached now: it is passed over as if it was not configured."""

    why: str
    tier: TierName
    cost: Money = Money()


class Done(Frozen):
    """An act that was already done for this step, on an element of this name and role."""

    act: ActKind
    name: str
    role: str
    text: str = ""


class Question(Frozen):
    """A step with its placeholders filled in; `value` is what to type or choose.

    `done` are the acts of this step so far, oldest first, where an earlier decision went on.
    `handed` are the candidates of the tier that handed on. `remembered` are the locators that
    worked for this intent on pages like this one.
    """

    step: Step
    intent: str
    value: str = ""
    done: tuple[Done, ...] = ()
    handed: tuple[Candidate, ...] = ()
    remembered: tuple[Remembered, ...] = ()


class Tier(Protocol):
    """A source of decisions. Cheap tiers answer at once; model tiers await their server."""

    name: TierName

    async def decide(
        self, observation: Observation, question: Question
    ) -> Decision | DontKnow | Away:
        """Say which element the question means, or that this tier can't tell."""
        ...


class Check(Frozen):
    """Whether a condition holds on a page, and the evidence for it.

    `element` is a short path of the element that shows it, "" where no single one does.
    `absence`: the verdict rests on something not being there; it is worth nothing on a page
    that is still loading.
    """

    verdict: Verdict
    evidence: str
    element: str = ""
    absence: bool = False
    cost: Money = Money()


class FieldValue(Frozen):
    """One field read from a page.

    `value` None: the page does not say. `raw` is the text it was read from, `source` one of
    json-ld, microdata, opengraph, label, scanner, title, dom. `element` is a CSS selector of
    where it stands. `note` says what a missing value is owed to: a rule that it broke, a part
    of the page that could not be looked at; in that case `known` is False.
    """

    value: str | None
    raw: str = ""
    source: str = ""
    element: str = ""
    confidence: float = 0.0
    note: str = ""
    known: bool = True


class Record(Frozen):
    """One extracted record: fields in the order asked for, and the URL it is about."""

    fields: dict[str, FieldValue]
    url: str = ""


class ListItem(Frozen):
    """One item of a list of results.

    `key` identifies it across pages and visits (its canonical URL, else a hash of its text);
    `ref` is the element to click to open it.
    """

    key: str
    title: str
    url: str
    ref: int
    sponsored: bool = False


class ItemList(Frozen):
    """The main list of a page. `empty_proven`: the page itself says there is nothing.

    `whole` is False where the page was too large to take all of its items.
    """

    items: tuple[ListItem, ...]
    empty_proven: bool = False
    whole: bool = True


PageEnd = Literal["no_next_page"]
