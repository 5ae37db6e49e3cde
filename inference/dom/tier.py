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
from inference.dom.compound.lead import compound, go_on
from inference.dom.confidence import confidence
from inference.dom.filters import Refused, Taker, taker_of
from inference.dom.intent import Intent, read
from inference.dom.kinds import by_kind
from inference.dom.ordinals import Place, find_choice, find_place, place_of
from inference.dom.paging import page_turn
from inference.dom.pool import Pool, act_for, choice_of, pool_for
from inference.dom.ranking import rank
from inference.dom.rivals import innermost
from inference.dom.scene import Scene, label_of
from inference.dom.scoring import Scored
from inference.dom.superlatives import extreme_of, spoken
from inference.dom.trust import trusted
from inference.dom.units import Unit
from inference.dom.vetoes import does_something, forbids, named_nowhere, objection, other_part
from inference.dom.words import words_of
from inference.observation import Element, Observation
from inference.risk import threshold
from plans.step import StepType, TierName

SHOWN: Final = 5
"""Candidates handed on with an answer."""
MARGIN: Final = 0.045
"""Two elements whose scores differ by less fit about as well."""
LEAST: Final = 0.34
"""Below this score nothing on the page resembles the intent."""
_NAMED: Final = frozenset({StepType.CLICK, StepType.SUBMIT, StepType.SELECT_OPTION})
"""Steps whose texts in quotes name what is on the page."""
TOO_LARGE: Final = "the page is too large to be taken in full"
"""Said of all that is not found there."""


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
    """Which element the question means, or why this tier can't tell.

    What is not found on a page that was not taken in full is not called absent for good, and
    nothing is acted on that people can't see.
    """
    if forbids(question, observation):
        return _dont_know(DontKnowReason.UNREADABLE, "it says what not to do", ())
    found = _vetted(observation, question, _decide(observation, question))
    if not observation.truncated:
        return found
    if isinstance(found, DontKnow):
        return found.model_copy(update={"why": f"{found.why}; {TOO_LARGE}"})
    if found.also:
        return _dont_know(DontKnowReason.UNREADABLE, TOO_LARGE, found.candidates)
    return found


def _vetted(
    observation: Observation, question: Question, found: Decision | DontKnow
) -> Decision | DontKnow:
    """The answer, unless its target can't be meant."""
    intent = read(question)
    if isinstance(found, Decision) and found.ref is not None:
        target = observation.element(found.ref)
        if target.hidden:
            return _dont_know(DontKnowReason.ABSENT, f"people can't see {target.name!r}", ())
        if found.goes_on:
            return found
        if part := other_part(intent, observation, target):
            return _dont_know(DontKnowReason.UNSURE, f"{part!r} is asked for", found.candidates)
        if found.act is not ActKind.CLICK:
            return found
        weighed = (
            not found.why and extreme_of(Scene(trusted(observation, intent.text)), intent) is None
        )
        if why := objection(question, intent, target, weighed=weighed):
            return _dont_know(DontKnowReason.UNSURE, why, found.candidates)
    elif isinstance(found, Decision) or found.reason is not DontKnowReason.UNSURE:
        return found
    if question.step.type in _NAMED and (name := named_nowhere(intent, observation)):
        return _dont_know(DontKnowReason.ABSENT, f"nothing is called {name!r}", found.candidates)
    return found


def _decide(observation: Observation, question: Question) -> Decision | DontKnow:
    intent = read(question)
    page = trusted(observation, intent.text)
    match question.step.type:
        case StepType.KEY_PRESS:
            return _press(intent, question)
        case StepType.SCROLL if (direction := _direction(intent.text)) is not None:
            return Decision(
                act=ActKind.SCROLL, ref=None, confidence=0.95, tier=TierName.DOM, text=direction
            )
        case StepType.PAGINATE:
            return page_turn(page, intent.text)
        case _:
            return _act(Scene(page), intent, question)


def _act(scene: Scene, intent: Intent, question: Question) -> Decision | DontKnow:
    led = compound(scene, intent, question)
    return led or go_on(scene, intent, question, _ground(scene, intent))


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
    pool = pool_for(scene, intent)
    return settled(scene, intent, pool) or _best_of(scene, intent, intent.units, pool)


def settled(scene: Scene, intent: Intent, pool: Pool) -> Decision | DontKnow | None:
    """What the page's structure alone decides; None where the elements must be weighed."""
    extreme = extreme_of(scene, intent)
    if extreme is not None:
        if not scene.observation.groups[extreme.member.group].whole:
            return _dont_know(DontKnowReason.UNREADABLE, "its list was not taken in full", ())
        return _in_place(scene, intent, place_of(scene, extreme.member, spoken(intent, extreme)))
    if intent.ordinal is not None:
        place = find_place(scene, intent)
        if place is not None:
            return _in_place(scene, intent, place)
    named = by_kind(scene, intent, pool.elements)
    if named is not None:
        return _answer(intent, named, 0.88, (), "the one of its kind")
    if intent.ordinal is not None:
        counted = find_choice(scene, intent)
        if counted is not None:
            return _answer(intent, counted, 0.9, (), "counted in its set")
        return _dont_know(DontKnowReason.UNREADABLE, "can't tell what is counted", ())
    taker = taker_of(scene, intent, pool)
    if isinstance(taker, Taker):
        return _answer(intent, taker.element, taker.sure, (), taker.why)
    if isinstance(taker, Refused):
        return _dont_know(DontKnowReason.ABSENT, taker.why, ())
    labelled = _sole_labelled(intent, pool)
    if labelled is not None:
        return _answer(intent, labelled, 0.95, (), "the only one with this label")
    if not intent.units and not intent.label and not intent.value:
        return _dont_know(DontKnowReason.UNREADABLE, "the intent names nothing", ())
    return None


def _sole_labelled(intent: Intent, pool: Pool) -> Element | None:
    """The only element whose label is the very one that the step's params give."""
    wanted = _bare(intent.label)
    if not wanted or intent.type is StepType.FILTER:
        return None
    found = [one for one in pool.elements if _bare(label_of(one)) == wanted]
    unnamed = [
        one
        for one in pool.elements
        if not words_of(label_of(one)).count and pool.label_share.get(one.ref, 0.0) >= 0.6
    ]
    return found[0] if len(found) == 1 and not unnamed else None


def _bare(label: str) -> str:
    return label.strip(" *:").casefold()


def _in_place(scene: Scene, intent: Intent, place: Place) -> Decision | DontKnow:
    """The intent counts records: only what lies in the record meant can be the target."""
    counted = {unit.phrase.stems for unit in place.used}
    rest = tuple(unit for unit in intent.units if unit.phrase.stems not in counted)
    wanted = tuple(
        unit for at, unit in enumerate(rest) if unit.weight > 0.3 or (at == 0 and not unit.verb)
    )
    inner = pool_for(scene, intent).within(place.elements)
    if not wanted or intent.wants_title or len(inner.elements) == 1:
        target = place.title if place.title is not None else None
        if len(inner.elements) == 1 and not wanted:
            target = inner.elements[0].ref
        if target is not None and (not wanted or intent.wants_title):
            element = scene.observation.element(target)
            if intent.wants_title and does_something(intent, element):
                return _dont_know(DontKnowReason.ABSENT, "the counted item has no title", ())
            return _answer(intent, element, 0.93, (), "counted in its list")
    if not wanted:
        named = [one for one in inner.elements if _is_verb(intent, one)]
        if len(named) == 1:
            return _answer(intent, named[0], 0.92, (), "the act of the counted item")
        return _dont_know(DontKnowReason.AMBIGUOUS, "the counted item has no title to open", ())
    return _best_of(scene, intent, rest, inner)


def _is_verb(intent: Intent, element: Element) -> bool:
    """Whether the element is called just what the intent says to do."""
    spoken = words_of(label_of(element)).stems
    return any(unit.verb and spoken == frozenset(unit.phrase.stems) for unit in intent.units)


def _best_of(
    scene: Scene, intent: Intent, units: tuple[Unit, ...], pool: Pool
) -> Decision | DontKnow:
    ranking = rank(scene, intent, units, pool)
    if ranking is None:
        return _dont_know(DontKnowReason.ABSENT, "nothing of this kind is on the page", ())
    best, shown = ranking.best, _shown(ranking.ranked)
    if best.score < LEAST:
        return _dont_know(DontKnowReason.ABSENT, "nothing on the page resembles it", shown)
    if ranking.margin < MARGIN:
        return _dont_know(
            DontKnowReason.AMBIGUOUS, f"{best.element.name!r} and others fit alike", shown
        )
    sure = confidence(ranking.features)
    element = innermost(best.element, ranking.ranked)
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
