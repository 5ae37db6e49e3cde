"""The memory tier: answers with what worked before, where it is still the same thing."""

from inference.decisions import ActKind, Candidate, Decision, DontKnow, DontKnowReason, Question
from inference.dom.compound.asked import overlap
from inference.dom.intent import read
from inference.dom.pool import choice_of
from inference.dom.tier import decide as ground
from inference.dom.trust import trusted
from inference.memory.accounting import is_grave
from inference.memory.locator import Remembered, Standing
from inference.memory.matching import Likeness, Match, match
from inference.observation import Observation
from plans.step import TierName

TRUSTED_SURE = 0.98
NEW_SURE = 0.94
"""How sure a replay is; one that has been right twice is no more asked about."""
_WITHIN = 0.98
"""The share of a control that lies in its wrapper."""


class MemoryTier:
    """Replays what `Question.remembered` holds; the same page and question, the same answer."""

    name = TierName.MEMORY

    async def decide(self, observation: Observation, question: Question) -> Decision | DontKnow:
        """See `Tier.decide`."""
        return decide(observation, question)


def decide(observation: Observation, question: Question) -> Decision | DontKnow:
    """The remembered element where it is the very same; one that changed only if asked anew.

    A locator that has won but once must not be contradicted by a fresh grounding. One whose
    name or place has changed counts only if a fresh grounding points at it. Where the act is
    grave, or the words single out a record, a fresh grounding must find it to be there.
    """
    if not question.remembered:
        return _no(DontKnowReason.ABSENT, "nothing is remembered of this here")
    if question.done:
        return _no(DontKnowReason.UNREADABLE, "only whole steps are remembered")
    if observation.truncated:
        return _no(DontKnowReason.UNSURE, "the page is too large to tell that nothing is alike")
    page = trusted(observation, read(question).text)
    last = _no(DontKnowReason.UNSURE, "what is remembered led astray before")
    for one in question.remembered:
        if one.standing is Standing.QUARANTINED:
            continue
        answer = _replay(page, question, one)
        if isinstance(answer, Decision):
            return answer
        last = answer
    return last


def _replay(observation: Observation, question: Question, one: Remembered) -> Decision | DontKnow:
    found = match(observation, one.fingerprint)
    shown = tuple(_candidate(observation, ref) for ref in found.refs[:5])
    match found.likeness:
        case Likeness.GONE:
            return _no(DontKnowReason.ABSENT, "what worked before is not on the page")
        case Likeness.SEVERAL:
            return _no(DontKnowReason.AMBIGUOUS, "several are what worked before", shown)
        case Likeness.SAME if one.standing is Standing.TRUSTED and not _careful(
            observation, one, found.refs[0]
        ):
            return _decision(observation, question, one, found.refs[0], TRUSTED_SURE, "the same")
        case Likeness.SAME | Likeness.CHANGED:
            return _confirmed(observation, question, one, found)


def _confirmed(
    observation: Observation, question: Question, one: Remembered, found: Match
) -> Decision | DontKnow:
    """Ask anew: what changed has to be found again, what is the same not to be denied."""
    shown = tuple(_candidate(observation, ref) for ref in found.refs[:5])
    fresh = ground(observation, question)
    same = found.likeness is Likeness.SAME
    careful = _careful(observation, one, found.refs[0])
    known = TRUSTED_SURE if one.standing is Standing.TRUSTED else NEW_SURE
    if isinstance(fresh, Decision) and not fresh.goes_on and fresh.ref is not None:
        if fresh.ref in found.refs:
            sure = max(fresh.confidence, known) if same else fresh.confidence
            why = "the same, and found anew" if same else "changed, and found anew"
            return _decision(observation, question, one, fresh.ref, sure, why)
        if not (same and _one_thing(observation, fresh.ref, found.refs[0])):
            return _no(DontKnowReason.AMBIGUOUS, "a fresh look points elsewhere", shown)
    absent = isinstance(fresh, DontKnow) and fresh.reason is DontKnowReason.ABSENT
    if same and careful and absent:
        return _no(DontKnowReason.UNSURE, "the same, and a fresh look finds nothing alike", shown)
    if same:
        return _decision(observation, question, one, found.refs[0], known, "the same")
    return _no(DontKnowReason.UNSURE, "it has changed, and a fresh look does not find it", shown)


def _careful(observation: Observation, one: Remembered, ref: int) -> bool:
    """Whether a replay has to be borne out: its act is grave, or it is on one of many alike."""
    return bool(one.fingerprint.anchor) or is_grave(observation.element(ref))


def _decision(
    observation: Observation,
    question: Question,
    one: Remembered,
    ref: int,
    sure: float,
    why: str,
) -> Decision | DontKnow:
    element = observation.element(ref)
    if element.disabled:
        return _no(DontKnowReason.BLOCKED, f"{element.name!r} is disabled")
    act = ActKind(one.act)
    text = choice_of(read(question), element, act)
    if text is None:
        return _no(DontKnowReason.ABSENT, "it has no such option any more")
    return Decision(
        act=act,
        ref=ref,
        confidence=round(sure, 3),
        tier=TierName.MEMORY,
        text=text,
        why=f"{why} as {one.wins} time{'s' if one.wins != 1 else ''} before",
        candidates=(_candidate(observation, ref),),
    )


def _one_thing(observation: Observation, ref: int, other: int) -> bool:
    """Whether one is the wrapper of the other, or both lead to the same address."""
    a, b = observation.element(ref), observation.element(other)
    if a.href and a.href == b.href:
        return True
    return a.name == b.name and max(overlap(a, b), overlap(b, a)) > _WITHIN


def _candidate(observation: Observation, ref: int) -> Candidate:
    element = observation.element(ref)
    return Candidate(ref=ref, name=element.name[:80], role=element.role, score=1.0)


def _no(reason: DontKnowReason, why: str, candidates: tuple[Candidate, ...] = ()) -> DontKnow:
    return DontKnow(reason=reason, why=why, tier=TierName.MEMORY, candidates=candidates)
