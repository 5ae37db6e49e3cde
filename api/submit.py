"""A submission: checked through all gates, then admitted in one transaction."""

import re
import secrets
from datetime import UTC, datetime

from api.errors import BadRequest, Forbidden
from api.metrics import Outcome, note
from api.service import Service
from api.tenants import Tenant
from api.views import DryRunView
from ledger.clock import Micros, now_micros
from ledger.content import plan_document
from ledger.models import Admitted, Document, Limits, NewRun, RunRow
from ledger.wire import masked
from plans.caps import Caps
from plans.options import Options
from plans.parse import PlanSource, Shape
from plans.plan import Plan, PlanText
from plans.submission import Submission, most_steps, understand
from temporal.tracing import current_trace_parent

RUN_ID = re.compile(r"[0-9]{8}_[0-9]{6}_[0-9a-f]{8}")


def new_run_id(now: Micros) -> str:
    """`YYYYMMDD_HHMMSS_xxxxxxxx`: the time of admission, and chance."""
    return f"{datetime.fromtimestamp(now // 1_000_000, UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(4)}"


def check(service: Service, tenant: Tenant, body: Document) -> Submission:
    """Take a submission through the gates that need no state: schema, caps, allowlist.

    Raises:
        PlanError: the sentence for the caller.
        BadRequest: a plan in words, and no key to decompose it with.
        Forbidden: hosts outside the tenant's allowlist.
    """
    settings = service.settings
    caps = _caps(service, tenant)
    submission = understand(body, service.plan_files, caps, settings.presets, settings.perception)
    if isinstance(submission.source.content, PlanText) and not service.anthropic_key(tenant):
        raise BadRequest(
            "plan_text needs an Anthropic key for this tenant: configure one or submit the steps"
        )
    strangers = tenant.allowlist.offending(submission.hosts)
    if strangers:
        note(outcome=Outcome.DENIED_ALLOWLIST)
        raise Forbidden(f"plan references host(s) not in tenant allowlist: {', '.join(strangers)}")
    return submission


async def admit(service: Service, tenant: Tenant, body: Document, checked: Submission) -> RunRow:
    """Write the run and its start to the ledger, and wake the dispatcher."""
    now = now_micros()
    options, limits = checked.options, checked.limits
    admission = await service.ledger.runs.admit(
        NewRun(
            tenant_id=tenant.tenant_id,
            run_id=new_run_id(now),
            plan=plan_document(_clamped(checked.source, _caps(service, tenant))),
            plan_name=checked.name,
            payload=_payload(body, options),
            signature=checked.signature,
            state_key=options.workflow_id,
            profile_id=options.profile_id,
            perception=options.perception,
            limits=Limits(
                max_cost_micro=max(1, limits.max_cost_micro),
                max_time_ms=max(1, limits.max_time_ms),
                max_run_steps=limits.max_run_steps,
            ),
            created_at=now,
            trace_parent=current_trace_parent(),
            notes=_notes(checked),
        )
    )
    assert isinstance(admission, Admitted)
    note(run_id=admission.run.run_id)
    service.dispatcher.wake()
    return admission.run


def rehearse(service: Service, tenant: Tenant, body: Document, checked: Submission) -> DryRunView:
    """The answer to a dry run: the plan as understood; nothing is written."""
    content = _clamped(checked.source, _caps(service, tenant))
    options, limits = checked.options, checked.limits
    return DryRunView(
        dry_run=True,
        payload=_masked_payload(body, options),
        profile_id=options.profile_id,
        workflow_id=options.workflow_id,
        signature=checked.signature,
        shape=checked.source.shape,
        plan=masked(plan_document(content)),
        hosts=sorted(checked.hosts),
        max_steps=most_steps(content, limits),
        max_cost=options.max_cost,
        max_time_minutes=options.max_time_minutes,
        estimated_cost=0.0,
        notes=list(_notes(checked)),
    )


def _caps(service: Service, tenant: Tenant) -> Caps:
    return service.settings.caps.for_tenant(tenant.max_cost_usd, tenant.max_time_minutes)


def _clamped(source: PlanSource, caps: Caps):
    content = source.content
    return caps.clamped(content) if isinstance(content, Plan) else content


def _payload(body: Document, options: Options) -> Document:
    plan_fields = {shape.value: body[shape] for shape in Shape if shape in body}
    return {**plan_fields, **options.model_dump(mode="json")}


def _masked_payload(body: Document, options: Options) -> Document:
    shown = masked(_payload(body, options))
    return shown if isinstance(shown, dict) else {}


def _notes(checked: Submission) -> tuple[str, ...]:
    options = checked.options
    notes: list[str] = []
    if checked.source.ignored:
        others = ", ".join(checked.source.ignored)
        notes.append(f"the plan is taken from {checked.source.shape}; ignored: {others}")
    if options.proxy_city or options.proxy_state:
        notes.append("proxy_city and proxy_state have no effect: no upstream proxy is configured")
    if options.resume_state:
        notes.append(
            f"resume_state: nothing to go on from under {options.workflow_id}, fresh start"
        )
    if options.record_video:
        notes.append("record_video: this build cannot record")
    return tuple(notes)
