"""What a checked act teaches: the locator to keep, or why there is none to be kept."""

from inference.decisions import ActKind, Decision, Point, Question
from inference.dom.intent import read
from inference.dom.trust import believable, trusted
from inference.memory.accounting import left_over
from inference.memory.fingerprints import Fingerprint, NoIdentity, filled, fingerprint
from inference.memory.matching import Likeness, match
from inference.memory.naming import VALUE, Naming, names_asked
from inference.observation import Element, Observation
from plans.placeholders import reference
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
    intent, element = read(question), observation.element(ref)
    if not believable(observation, element, intent.text):
        return "no person could mean it"
    try:
        found = fingerprint(observation, element, intent, naming)
    except NoIdentity as reason:
        return str(reason)
    again = match(trusted(observation, intent.text), filled(found, naming))
    if again.likeness is not Likeness.SAME or ref not in again.refs:
        return "other elements look just like it"
    left, leaning = left_over(observation, element, intent, naming, found)
    names, leaning_names = _unaccounted(planned, decision, naming, found)
    if left or names:
        return f"what it means depends on {', '.join((*sorted(names), *left))}"
    if leaning or leaning_names:
        found = found.model_copy(update={"alone": False})
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
) -> tuple[frozenset[str], bool]:
    """Names in the step's words whose value neither is typed nor shows in what is compared.

    With another value the same words may mean another element. Also whether one shows only in
    what is around the element.
    """
    marks = () if found.name or found.label else found.hints
    own = " ".join((found.name, found.label, found.placeholder, found.anchor, *marks))
    around = " ".join((found.heading, found.group, found.column, found.href))
    typed = decision.text if decision.act in _TYPING else ""
    asked = {
        name
        for name in names_asked(planned, naming)
        if reference(name) not in own
        and not (typed and (name == VALUE or naming.values.get(name, "\0") in typed))
    }
    missing = frozenset(name for name in asked if reference(name) not in around)
    return missing, len(asked) > len(missing)
