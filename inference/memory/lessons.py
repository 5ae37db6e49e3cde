"""What a checked act teaches: the locator to keep, or why there is none to be kept."""

from inference.decisions import ActKind, Decision, Point, Question
from inference.dom.intent import read
from inference.memory.fingerprints import Fingerprint, NoIdentity, filled, fingerprint
from inference.memory.matching import Likeness, match
from inference.memory.naming import VALUE, Naming, names_asked
from inference.observation import Element, Observation
from plans.step import Frozen, Step

_TYPING = frozenset({ActKind.FILL, ActKind.TYPE, ActKind.SELECT})


class Lesson(Frozen):
    """An act on an element that can be found again."""

    act: str
    fingerprint: Fingerprint


def lesson(
    observation: Observation, question: Question, planned: Step, decision: Decision, naming: Naming
) -> Lesson | str:
    """What the decision teaches, once its act is checked; else why it teaches nothing.

    Args:
        observation: the page as it was before the act.
        question: the step with its placeholders filled in.
        planned: the same step as its plan writes it.
        decision: the act that was done.
        naming: the names of the values in the question.
    """
    if question.done or decision.goes_on or decision.also or decision.onto is not None:
        return "several acts together are not remembered"
    ref = target_of(observation, decision)
    if ref is None or observation.element(ref).hidden:
        return "it has no target"
    try:
        found = fingerprint(observation, observation.element(ref), read(question), naming)
    except NoIdentity as reason:
        return str(reason)
    again = match(observation, filled(found, naming))
    if again.likeness is not Likeness.SAME or ref not in again.refs:
        return "other elements look just like it"
    left = _unaccounted(planned, decision, naming, found)
    if left:
        return f"what it means depends on {', '.join(sorted(left))}"
    return Lesson(act=decision.act.value, fingerprint=found)


def target_of(observation: Observation, decision: Decision) -> int | None:
    """The element that was acted on: the one named, else the innermost one under the point.

    None where a point means only a part of the element named, such as a text in a picture.
    """
    if decision.point is None:
        return decision.ref
    if decision.ref is not None:
        return None
    return under(observation, decision.point)


def under(observation: Observation, point: Point) -> int | None:
    """The smallest interactive element whose box holds the point."""
    held = [
        one
        for one in observation.elements
        if one.interactive and not one.covered and not one.hidden and _holds(one, point)
    ]
    best = min(held, key=lambda one: (one.box.width * one.box.height, -one.ref), default=None)
    return None if best is None else best.ref


def _holds(element: Element, point: Point) -> bool:
    box = element.box
    return box.x <= point.x <= box.x + box.width and box.y <= point.y <= box.y + box.height


def _unaccounted(
    planned: Step, decision: Decision, naming: Naming, found: Fingerprint
) -> frozenset[str]:
    """Names in the step's words whose value neither is typed nor shows in the fingerprint.

    With another value the same words may mean another element.
    """
    kept = found.model_dump_json()
    typed = decision.text if decision.act in _TYPING else ""
    return frozenset(
        name
        for name in names_asked(planned, naming)
        if "{{" + name + "}}" not in kept
        and not (typed and (name == VALUE or naming.values.get(name, "\0") in typed))
    )
