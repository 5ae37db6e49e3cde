"""Where compound acts come in: before one target is looked for, and after none was found."""

from typing import Final

from inference.decisions import Question
from inference.dom.compound.asked import Answer, Asked
from inference.dom.compound.blanks import no_value
from inference.dom.compound.calendar import open_calendar, pick
from inference.dom.compound.counting import counted_on, nth
from inference.dom.compound.dragging import drag
from inference.dom.compound.interruptions import step_aside
from inference.dom.compound.lookups import value_of
from inference.dom.compound.marks import by_mark
from inference.dom.compound.naming import by_name
from inference.dom.compound.paths import follow
from inference.dom.compound.ranges import slide
from inference.dom.compound.resizing import resize
from inference.dom.compound.scrolling import scroll_inside
from inference.dom.compound.searching import search
from inference.dom.compound.sets import gather
from inference.dom.compound.submitting import only_button
from inference.dom.compound.suggesting import led_on, take
from inference.dom.intent import Intent
from inference.dom.scene import Scene

_FIRST: Final = (
    no_value,
    gather,
    scroll_inside,
    resize,
    drag,
    follow,
    slide,
    take,
    pick,
    by_name,
    value_of,
    counted_on,
)
_AFTER: Final = (led_on, nth, open_calendar, only_button, by_mark, step_aside, search)


def compound(scene: Scene, intent: Intent, question: Question) -> Answer | None:
    """What a compound act answers; None where the step means one target as it stands there."""
    asked = Asked(scene, intent, question)
    for one in _FIRST:
        answer = one(asked)
        if answer is not None:
            return answer
    return None


def go_on(scene: Scene, intent: Intent, question: Question, answer: Answer) -> Answer:
    """The answer for one target, or what has to be done first to get at that target."""
    asked = Asked(scene, intent, question)
    for one in _AFTER:
        answer = one(asked, answer)
    return answer
