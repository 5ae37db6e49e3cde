"""The filters that a plan sets on its list before it goes through it."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from plans.placeholders import as_text, fill_step
from plans.plan import Plan
from plans.step import Frozen, Step, StepType
from plans.structure import Structure

_FILTERS = frozenset({StepType.FILTER, StepType.SELECT_OPTION})
_QUOTED = re.compile(r"[\"“„«'‘]([^\"”“»'’]{1,80})[\"”“»'’]")
_SETS = re.compile(
    r"(?i)\b(?:to|by|as|on|auf|nach|par|por)\s+(?:the\s+|only\s+)?([\w][\w .,&/€$£-]{0,60})$"
)


class ListFilter(Frozen):
    """One filter: the value it is set to, and the name of its control, "" where nobody says."""

    value: str
    label: str = ""


def list_filters(plan: Plan, values: Mapping[str, JsonValue]) -> tuple[ListFilter, ...]:
    """The filters set by the steps before the plan's first loop; () where it has none.

    Without a loop all filter steps count. A value that is not known is left out.
    """
    structure = Structure(plan.steps)
    first = min((loop.target for loop in structure.loops), default=len(plan.steps))
    steps = [step for step in plan.steps[:first] if step.type in _FILTERS]
    found = (_filter(fill_step(step, values)) for step in steps)
    return tuple(one for one in found if one is not None)


def _filter(step: Step) -> ListFilter | None:
    params = step.params
    given = params.option_label if params.option_label is not None else params.value
    value = "" if given is None else as_text(given)
    if not value:
        match = _QUOTED.search(step.intent) or _SETS.search(step.intent.rstrip(". "))
        value = match[1].strip() if match else ""
    if not value or "{{" in value:
        return None
    return ListFilter(value=value, label=params.dropdown_label or params.label or "")
