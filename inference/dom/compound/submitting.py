"""Send a form whose only button does not say what it does."""

import re
from typing import Final

from inference.decisions import ActKind, Decision
from inference.dom.compound.asked import LEADS, Answer, Asked, act
from inference.dom.scene import TEXT_ROLES
from inference.dom.words import words_of
from inference.observation import Element
from plans.step import StepType

_AFFIRMS: Final = re.compile(
    r"^\W*(?:ok(?:ay)?|go|continue|next|enter|done|submit|weiter|los|fertig|continuer|valider"
    r"|aceptar|continuar|[→➔➜›»>✓✔])\W*$",
    re.IGNORECASE,
)
_ENTERS: Final = frozenset({"login", "register"})
_SENDS: Final = frozenset({"search", "submit"})


def only_button(asked: Asked, answer: Answer) -> Answer:
    """The answer; where a form to log in, to search or to fill has one button, which affirms, that.

    A form to log in is one with a password.
    """
    if isinstance(answer, Decision) or asked.intent.type is not StepType.SUBMIT:
        return answer
    concepts = words_of(asked.question.intent).concepts
    fields = [one for one in asked.elements if one.role in TEXT_ROLES]
    if concepts & _ENTERS:
        fields = [one for one in fields if one.type == "password"]
        fits = len(fields) == 1
    else:
        fits = bool(fields) and bool(concepts & _SENDS)
    buttons = [one for one in asked.elements if one.role == "button"]
    if not fits or len(buttons) != 1 or not _AFFIRMS.match(buttons[0].name):
        return answer
    if not _same_form(fields[-1], buttons[0]):
        return answer
    return act(ActKind.CLICK, buttons[0], "the only button of the form", sure=LEADS)


def _same_form(field: Element, button: Element) -> bool:
    below = button.box.y >= field.box.y - 2 and button.box.y - field.box.y < 300
    return field.form == button.form and below
