"""The DOM tier: answers from the page's own words, or hands on."""

from collections.abc import Sequence
from typing import Final

from inference.decisions import (
    ActKind,
    Candidate,
    Check,
    Decision,
    DontKnow,
    DontKnowReason,
    Question,
)
from inference.dom import detect
from inference.dom.confidence import Features, confidence
from inference.dom.intent import Intent, Unit, read
from inference.dom.kinds import by_kind
from inference.dom.ordinals import Place, find_place
from inference.dom.paging import page_turn
from inference.dom.pool import Pool, act_for, choice_of, pool_for
from inference.dom.scene import Scene, label_of
from inference.dom.scoring import Scored, Scorer
from inference.observation import Element, Observation
from inference.risk import threshold
from plans.step import StepType, TierName

SHOWN: Final = 5
"""Candidates handed on with an answer."""
MARGIN: Final = 0.045
"""Two elements whose scores differ by less fit about as well."""
LEAST: Final = 0.34
"""Below this score nothing on the page resembles the intent."""


class DomTier:
    """Grounds intents from the DOM alone; the same page and question give the same answer."""

    name = TierName.DOM

    async def decide(self, observation: Observation, question: Question) -> Decision | DontKnow:
        """See `Tier.decide`."""
        return decide(observation, question)

    def detect(self, observation: Observation, question: Question) -> Check:
        """Whether what a `detect_visible` step asks for is on the page."""
        return detect.detect(observation, question.intent)


def decide(observation: Observation, question: Question) -> Decision | DontKnow:
    """Which element the question means, or why this tier can't tell."""
    intent = read(question)
    match question.step.type:
        case StepType.KEY_PRESS:
            return _press(intent, question)
        case StepType.SCROLL if (direction := _direction(intent.text)) is not None:
            return Decision(
                act=ActKind.SCROLL, ref=None, confidence=0.95, tier=TierName.DOM, text=direction
            )
        case StepType.PAGINATE:
            return page_turn(observation, intent.text)
        case _:
            return _ground(Scene(observation), intent)


def _press(intent: Intent, question: Question) -> Decision | DontKnow:
    keys = question.step.params.keys
    text = keys if isinstance(keys, str) else "+".join(keys) if keys else ""
    text = text or question.value or (intent.quoted[0] if intent.quoted else "")
    if not text:
        return _dont_know(DontKnowReason.UNREADABLE, "the step names no key", ())
    return Decision(act=ActKind.PRESS, ref=None, confidence=0.95, tier=TierName.DOM, text=text)


def _direction(text: str) -> str | None:
    words = text.casefold().split()
    if set(words) - {"scroll", "the", "page", "down", "up", "a", "bit", "little", "to", "bottom",
                     "top", "of", "more", "further", "end", "screen", "one", "by", "list",
                     "all", "way", "and", "again", "slowly"}:  # fmt: skip
        return None
    for word in ("bottom", "end", "top", "up"):
        if word in words:
            return "bottom" if word == "end" else word
    return "down"


def _ground(scene: Scene, intent: Intent) -> Decision | DontKnow:
    units = intent.units
    pool = pool_for(scene, intent)
    if intent.ordinal is not None:
        place = find_place(scene, intent)
        if place is not None:
            return _in_place(scene, intent, place)
    named = by_kind(scene, intent, pool.elements)
    if named is not None:
        return _answer(intent, named, 0.88, (), "the one of its kind")
    if intent.ordinal is not None:
        return _dont_know(DontKnowReason.UNREADABLE, "can't tell what is counted", ())
    labelled = _sole_labelled(intent, pool)
    if labelled is not None:
        return _answer(intent, labelled, 0.95, (), "the only one with this label")
    holder = _sole_holder(intent, pool)
    if holder is not None:
        return _answer(intent, holder, 0.92, (), "the only one with this option")
    if not units and not intent.label and not intent.value:
        return _dont_know(DontKnowReason.UNREADABLE, "the intent names nothing", ())
    return _best_of(scene, intent, units, pool)


def _sole_labelled(intent: Intent, pool: Pool) -> Element | None:
    """The only element whose label is the very one that the step's params give."""
    wanted = _bare(intent.label)
    found = [one for one in pool.elements if wanted and _bare(label_of(one)) == wanted]
    return found[0] if len(found) == 1 else None


def _bare(label: str) -> str:
    return label.strip(" *:").casefold()


def _sole_holder(intent: Intent, pool: Pool) -> Element | None:
    """The only list that has exactly the option wanted, unless the step names another."""
    if intent.type is not StepType.SELECT_OPTION or not intent.value:
        return None
    wanted = intent.value.strip().casefold()
    found = [
        element
        for element in pool.elements
        if any(option.strip().casefold() == wanted for option in element.options)
    ]
    if len(found) != 1 or pool.label_share.get(found[0].ref, 1.0) < 0.5:
        return None
    return found[0]


def _in_place(scene: Scene, intent: Intent, place: Place) -> Decision | DontKnow:
    """The intent counts records: only what lies in the record meant can be the target."""
    counted = {unit.phrase.stems for unit in place.used}
    rest = tuple(unit for unit in intent.units if unit.phrase.stems not in counted)
    wanted = tuple(unit for unit in rest if unit.weight > 0.3)
    inner = pool_for(scene, intent).within(place.elements)
    if not wanted or intent.wants_title or len(inner.elements) == 1:
        target = place.title if place.title is not None else None
        if len(inner.elements) == 1 and not wanted:
            target = inner.elements[0].ref
        if target is not None and (not wanted or intent.wants_title):
            element = scene.observation.element(target)
            return _answer(intent, element, 0.93, (), "counted in its list")
    if not wanted:
        return _dont_know(DontKnowReason.AMBIGUOUS, "the counted item has no title to open", ())
    return _best_of(scene, intent, rest, inner)


def _best_of(
    scene: Scene, intent: Intent, units: tuple[Unit, ...], pool: Pool
) -> Decision | DontKnow:
    scorer = Scorer(scene, intent, units, pool.elements)
    ranked = sorted(
        (pool.adjust(scorer.score(element)) for element in pool.elements),
        key=lambda one: (-one.score, one.element.ref),
    )
    if not ranked:
        return _dont_know(DontKnowReason.ABSENT, "nothing of this kind is on the page", ())
    best = ranked[0]
    shown = _shown(ranked)
    if best.score < LEAST:
        return _dont_know(DontKnowReason.ABSENT, "nothing on the page resembles it", shown)
    rivals = [one for one in ranked[1:20] if not _same_thing(scene, best, one)]
    margin = best.score - rivals[0].score if rivals else 1.0
    if margin < MARGIN:
        return _dont_know(
            DontKnowReason.AMBIGUOUS, f"{best.element.name!r} and others fit alike", shown
        )
    sure = confidence(
        Features(best.coverage, best.own, best.precision, margin, best.missing_strong)
    )
    element = _innermost(best.element, ranked)
    act = act_for(intent, element)
    need = threshold(act, intent.type, element.name)
    if sure < need:
        return _dont_know(DontKnowReason.UNSURE, f"{sure:.2f} sure, {need:.2f} needed", shown)
    return _answer(intent, element, sure, shown, "")


def _answer(
    intent: Intent, element: Element, sure: float, shown: tuple[Candidate, ...], why: str
) -> Decision | DontKnow:
    if element.disabled or (element.readonly and intent.type is StepType.FILL_FIELD):
        return _dont_know(DontKnowReason.BLOCKED, f"{element.name!r} is disabled", shown)
    act = act_for(intent, element)
    text = choice_of(intent, element, act)
    if text is None:
        return _dont_know(DontKnowReason.ABSENT, "it has no such option", shown)
    return Decision(
        act=act, ref=element.ref, confidence=round(sure, 3), tier=TierName.DOM, text=text,
        why=why, candidates=shown,
    )  # fmt: skip


def _same_thing(scene: Scene, best: Scored, other: Scored) -> bool:
    """Whether acting on either does the same: twins of one control, or parts of one link."""
    one, two = best.element, other.element
    if one.href and one.href == two.href and one.role == two.role and one.href[-1] != "#":
        return True
    if one.name == two.name and (_holds(one, two) or _holds(two, one)):
        return True
    if one.name != two.name or one.role != two.role or one.role not in ("button", "link"):
        return False
    if one.group != two.group or _apart(scene, one, two):
        return False
    return one.block == two.block or one.form == two.form >= 0


def _innermost(element: Element, ranked: Sequence[Scored]) -> Element:
    """The control itself where the best one is a wrapper of the same name around it."""
    if element.role != "generic":
        return element
    inner = [
        one.element
        for one in ranked[:20]
        if one.element.role != "generic"
        and one.element.interactive
        and one.element.name == element.name
        and _holds(element, one.element)
    ]
    return inner[0] if inner else element


def _holds(outer: Element, inner: Element) -> bool:
    """Whether one box lies in the other: a wrapper and its control, a section and its title."""
    a, b = outer.box, inner.box
    return (
        a.x <= b.x + 1
        and a.y <= b.y + 1
        and a.x + a.width >= b.x + b.width - 1
        and a.y + a.height >= b.y + b.height - 1
    )


def _apart(scene: Scene, one: Element, two: Element) -> bool:
    """Whether the two lie in different records of one list that has items of its own."""
    groups = {
        member.group: member.ordinal
        for member in one.records
        if scene.record(member).text not in (one.text, one.name)
    }
    return any(
        member.group in groups and groups[member.group] != member.ordinal for member in two.records
    )


def _shown(ranked: Sequence[Scored]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            ref=one.element.ref,
            name=one.element.name[:80],
            role=one.element.role,
            score=round(max(0.0, one.score), 3),
        )
        for one in ranked[:SHOWN]
    )


def _dont_know(reason: DontKnowReason, why: str, shown: tuple[Candidate, ...]) -> DontKnow:
    return DontKnow(reason=reason, why=why, tier=TierName.DOM, candidates=shown)
