"""Things that the step calls by their exact name: the folder named "Invoices"."""

import re
from typing import Final

from inference.decisions import ActKind, DontKnowReason
from inference.dom.compound.asked import Answer, Asked, act, dont_know, named
from inference.dom.scene import CHECK_ROLES, CHOICE_ROLES, TEXT_ROLES
from plans.step import StepType

_NAMED: Final = re.compile(
    r"\b(?:named|called|label(?:l)?ed|titled|saying|reading|with the (?:name|label|text|caption)"
    r"|namens|mit der Aufschrift)\s*:?\s*[\"“„]([^\"”]+)[\"”]\W*$",
    re.IGNORECASE,
)


def by_name(asked: Asked) -> Answer | None:
    """The only thing of the name given; None where the step gives none or nothing has it."""
    found = _NAMED.search(asked.question.intent)
    if asked.intent.type is not StepType.CLICK or found is None:
        return None
    fields = TEXT_ROLES | CHOICE_ROLES | CHECK_ROLES
    alike = [one for one in named(asked.elements, found.group(1)) if one.role not in fields]
    exact = [one for one in alike if one.name.strip() == found.group(1).strip()] or alike
    if len(exact) > 1:
        hosts = {one.role for one in exact}
        if len(hosts) > 1 and "button" in hosts and "button" in asked.question.intent.casefold():
            exact = [one for one in exact if one.role == "button"]
    if not exact:
        return None
    if len(exact) > 1:
        return dont_know(DontKnowReason.AMBIGUOUS, "several are called so", exact)
    return act(ActKind.CLICK, exact[0], "the only one called so")
