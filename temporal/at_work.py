"""Which run the activity or the workflow is about that is running here."""

from temporalio import activity, workflow

from temporal.logs import Subject

_OF_RUNS = frozenset({"run", "close"})


def subject_at_work() -> Subject:
    """The tenant and the run, from the id of the workflow whose code or activity this is."""
    if activity.in_activity():
        return subject_of(activity.info().workflow_id or "")
    if workflow.in_workflow():
        return subject_of(workflow.info().workflow_id)
    return Subject()


def subject_of(workflow_id: str) -> Subject:
    """Read a workflow id: `run/<tenant>/<run_id>`, `close/…`, or another kind of a tenant's."""
    kind, _, rest = workflow_id.partition("/")
    tenant_id, _, name = rest.partition("/")
    return Subject(tenant_id, name if kind in _OF_RUNS else "")
