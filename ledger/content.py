"""The plan of a run, read back from the document that the ledger keeps."""

from pydantic import JsonValue

from plans.plan import Plan, PlanText
from plans.suite import TaskSuite


def plan_document(content: Plan | TaskSuite | PlanText) -> JsonValue:
    """What to store for a plan, a suite or a plan in words."""
    return content.model_dump(mode="json", exclude_defaults=True)


def in_words(document: JsonValue) -> bool:
    """Whether it is the document of a plan in words."""
    return isinstance(document, dict) and "text" in document


def read_content(document: JsonValue) -> Plan | TaskSuite | PlanText:
    """The plan, suite or text that `plan_document` made the document of.

    Raises:
        pydantic.ValidationError: the document is none of them.
    """
    keys = document.keys() if isinstance(document, dict) else ()
    if "tasks" in keys:
        return TaskSuite.model_validate(document)
    if in_words(document):
        return PlanText.model_validate(document)
    return Plan.model_validate(document)
