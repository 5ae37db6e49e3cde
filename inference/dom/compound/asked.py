"""What a compound act is asked with, and how it answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from inference.decisions import (
    ActKind,
    Candidate,
    Decision,
    Done,
    DontKnow,
    DontKnowReason,
    Question,
)
from inference.dom.intent import Intent
from inference.dom.scene import Scene, label_of
from inference.observation import Element
from plans.step import TierName

SURE: Final = 0.93
"""Confidence of what follows from exact names, numbers and dates."""
LEADS: Final = 0.9
"""Confidence of an act that only leads on and can be taken back."""

Answer = Decision | DontKnow
"""What a compound act comes to; None where it is not what the step asks for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A step as the compound acts read it: the page, the intent, and what was done already."""

    scene: Scene
    intent: Intent
    question: Question

    @property
    def done(self) -> tuple[Done, ...]:
        """The acts of this step so far, oldest first."""
        return self.question.done

    @property
    def elements(self) -> tuple[Element, ...]:
        """What can be acted on now, in page order."""
        return tuple(
            one
            for one in self.scene.observation.elements
            if one.interactive and not one.disabled and not one.covered
        )


def act(
    kind: ActKind,
    target: Element | None,
    why: str,
    *,
    text: str = "",
    sure: float = SURE,
    goes_on: bool = False,
    also: Iterable[Element] = (),
    onto: Element | None = None,
) -> Decision:
    """A decision on the target and all that get the same."""
    return Decision(
        act=kind,
        ref=None if target is None else target.ref,
        confidence=sure,
        tier=TierName.DOM,
        text=text,
        why=why,
        also=tuple(one.ref for one in also),
        onto=None if onto is None else onto.ref,
        goes_on=goes_on,
    )


def dont_know(reason: DontKnowReason, why: str, seen: Iterable[Element] = ()) -> DontKnow:
    """Hand on, with the elements that were considered."""
    shown = tuple(
        Candidate(ref=one.ref, name=label_of(one)[:80], role=one.role, score=0.5)
        for one, _ in zip(seen, range(5), strict=False)
    )
    return DontKnow(reason=reason, why=why, tier=TierName.DOM, candidates=shown)


def look_again(asked: Asked, target: Element, why: str, times: int = 3) -> Decision | None:
    """Bring the target into view and look once more: what was opened may still be coming in.

    None after so many looks in a row.
    """
    looked = 0
    for one in reversed(asked.done):
        if one.act is not ActKind.SCROLL:
            break
        looked += 1
    if looked >= times:
        return None
    return act(ActKind.SCROLL, target, why, sure=LEADS, goes_on=True)


def plain(text: str) -> str:
    """A text as names are compared: single spaces, no case, no marks around it."""
    return " ".join(text.split()).strip(" :*").casefold()


def named(elements: Iterable[Element], name: str) -> list[Element]:
    """The elements of exactly this name, wrappers of a control of the same name left out."""
    wanted = plain(name)
    return innermost([one for one in elements if wanted and plain(label_of(one)) == wanted])


def innermost(found: Sequence[Element]) -> list[Element]:
    """The elements without those that only wrap another one of them."""
    return [one for one in found if not any(_wraps(one, other) for other in found)]


def _wraps(outer: Element, inner: Element) -> bool:
    """Whether `outer` only holds `inner`: most of the inner box lies in it, and it is no less."""
    if outer.ref >= inner.ref or overlap(outer, inner) < 0.8:
        return False
    return outer.role == "generic" or inner.role not in ("generic", "link")


def overlap(outer: Element, inner: Element) -> float:
    """The share of the inner box that lies in the outer one, 0 to 1."""
    a, b = outer.box, inner.box
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    area = b.width * b.height
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0
