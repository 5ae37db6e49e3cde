"""A submission: checked through all gates, then admitted in one transaction."""

import asyncio
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import assert_never

from pydantic import JsonValue

from api.apart import about, apart, is_small
from api.errors import BadRequest, Conflict
from api.limits import rate_headers, refuse_concurrency, refuse_rate
from api.metrics import Outcome, note
from api.rehearsal import Steps, estimated, refusing, steps_of_words
from api.service import Service
from api.tenants import Tenant
from api.views import DryRunView
from ledger.clock import Micros, now_micros
from ledger.content import plan_document
from ledger.gates import (
    Admitted,
    Gate,
    KeyConflict,
    PlanChanged,
    RateLimited,
    Replayed,
    StillOpen,
    TooManyRuns,
)
from ledger.models import Document, Limits, NewRun, RunRow
from ledger.wire import masked
from plans.caps import Caps
from plans.decomposed import accepted
from plans.json_text import canonical_json
from plans.parse import PlanSource
from plans.plan import Plan, PlanText
from plans.step import Frozen
from plans.submission import Submission, most_steps, understand
from temporal.tracing import current_trace_parent

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
RUN_ID = re.compile(r"[0-9]{8}_[0-9]{6}_[0-9a-f]{8}")


def new_run_id(now: Micros) -> str:
    """`YYYYMMDD_HHMMSS_xxxxxxxx`: the time of admission, and chance."""
    return f"{datetime.fromtimestamp(now // 1_000_000, UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(4)}"


async def check(
    service: Service, tenant: Tenant, body: Document
) -> tuple[Submission, Steps | None]:
    """Take a submission through the gates that need no run: schema, caps, allowlist.

    It reads files, and takes the longer the larger the body is. A plan in words that was
    decomposed before has to pass with its steps.

    Returns:
        what was submitted; the steps of its words, None where they are not known.

    Raises:
        PlanError: the sentence for the caller.
        BadRequest: a plan in words, and no key to decompose it with.
        Forbidden: hosts outside the tenant's allowlist.
        LedgerAway: the database can't be reached.
    """
    if is_small(body):
        checked = await asyncio.to_thread(_check, service, tenant, body)
    else:
        checked = await apart(lambda: _check(service, tenant, body))
    return checked, await steps_of_words(service, tenant, checked, _caps(service, tenant))


def _check(service: Service, tenant: Tenant, body: Document) -> Submission:
    settings = service.settings
    caps = _caps(service, tenant)
    submission = understand(
        body,
        service.plan_files,
        caps,
        settings.presets,
        settings.perception,
        tenant.webhook_url or "",
    )
    if isinstance(submission.source.content, PlanText) and not service.anthropic_key(tenant):
        raise BadRequest(
            "plan_text needs an Anthropic key for this tenant: configure one or submit the steps"
        )
    with refusing(submission):
        tenant.allowlist.check(submission.hosts)
    return submission


class Accepted(Frozen):
    """The run of a submission, new or replayed, and the headers of the answer."""

    run: RunRow
    headers: dict[str, str]


async def admit(
    service: Service, tenant: Tenant, body: Document, checked: Submission, key: str | None
) -> Accepted:
    """Take a submission through the gates that count, and write its run, in one transaction.

    Args:
        service: the service.
        tenant: who submits.
        body: the request, whose fingerprint a replay must match.
        checked: what `check` made of it.
        key: the `Idempotency-Key`.

    Raises:
        Conflict: the key was used with another body, or what the run would go on from is
            not over.
        BadRequest: the run would go on from one of another plan, or in steps that break the
            caps of now.
        Forbidden: it would go on in steps that go where the tenant may not.
        TooMany: no token of the rate is left, or as many runs are open as may be.
    """

    def written() -> tuple[NewRun, str]:
        fingerprint = service.keyring.fingerprint(canonical_json(body).encode()) if key else ""
        return _new_run(service, tenant, checked), fingerprint

    new, fingerprint = await about(body, written)
    gate = Gate(
        idempotency_key=key,
        fingerprint=fingerprint,
        idempotency_ttl_us=int(service.settings.idempotency_ttl_hours * 3_600_000_000),
        rate_limit_per_minute=tenant.rate_limit_per_minute,
        max_concurrent_runs=tenant.max_concurrent_runs,
        resume_state=checked.options.resume_state,
        accept=partial(
            accepted,
            values=checked.values,
            caps=_caps(service, tenant),
            allowlist=tenant.allowlist,
        ),
    )
    with refusing(checked):
        admission = await service.ledger.runs.admit(new, gate)
    match admission:
        case Admitted():
            service.dispatcher.wake()
        case Replayed():
            note(outcome=Outcome.IDEMPOTENT_HIT)
        case KeyConflict():
            raise Conflict(
                "this Idempotency-Key belongs to a submission with another body: send that body "
                "again, or take a new key",
                rate_headers(admission.rate),
            )
        case StillOpen(run_id=run_id):
            raise Conflict(
                f"run {run_id} of workflow_id {checked.options.workflow_id} is not over: wait for "
                "it or cancel it before resuming its state"
            )
        case PlanChanged(run_id=run_id):
            raise BadRequest(
                f"resume_state needs the plan of run {run_id}, which it goes on from: submit that "
                "plan, or leave resume_state out"
            )
        case RateLimited():
            refuse_rate(admission.rate, "submit")
        case TooManyRuns():
            refuse_concurrency(admission.rate, tenant.max_concurrent_runs)
        case _:
            assert_never(admission)
    note(run_id=admission.run.run_id)
    return Accepted(run=admission.run, headers=rate_headers(admission.rate))


def read_key(given: Sequence[str]) -> str | None:
    """The idempotency key among a request's headers of that name.

    Raises:
        BadRequest: more than one, or one that is not 1 to 255 printable ASCII characters.
    """
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise BadRequest("Idempotency-Key must be one value of 1 to 255 printable ASCII characters")
    return given[0]


def _new_run(service: Service, tenant: Tenant, checked: Submission) -> NewRun:
    now = now_micros()
    options, limits = checked.options, checked.limits
    return NewRun(
        tenant_id=tenant.tenant_id,
        run_id=new_run_id(now),
        plan=plan_document(_clamped(checked.source, _caps(service, tenant))),
        plan_name=checked.name,
        payload=checked.payload,
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
        notes=_notes(checked),
        callback_url=options.callback_url,
        webhook_secret_name=tenant.webhook_secret_name,
        allowed_hosts=tenant.allowlist.patterns,
        trace_parent=current_trace_parent(),
        anthropic_secret_name=tenant.anthropic_secret_name,
        secrets=checked.secrets,
    )


async def rehearse(
    service: Service, tenant: Tenant, body: Document, checked: Submission, steps: Steps | None
) -> DryRunView:
    """The answer to a dry run: the plan as understood; nothing is written."""
    caps = _caps(service, tenant)
    content = _clamped(checked.source, caps) if steps is None else steps.plan
    cost = await estimated(service, tenant, checked, content)
    notes = (*_notes(checked), *(() if steps is None else (steps.note,)), cost.note)
    hosts = checked.hosts if steps is None else checked.hosts | steps.hosts
    options, limits = checked.options, checked.limits

    def shown() -> DryRunView:
        return DryRunView(
            dry_run=True,
            payload=_document(masked(checked.payload)),
            profile_id=options.profile_id and checked.shown(options.profile_id),
            workflow_id=checked.shown(options.workflow_id),
            signature=checked.signature,
            shape=checked.source.shape,
            plan=masked(plan_document(content)),
            hosts=sorted(map(checked.shown, hosts)),
            max_steps=most_steps(content, limits),
            max_cost=options.max_cost,
            max_time_minutes=options.max_time_minutes,
            estimated_cost=cost.cost,
            notes=[checked.shown(note) for note in notes],
        )

    return await about(body, shown)


def _caps(service: Service, tenant: Tenant) -> Caps:
    return service.settings.caps.for_tenant(tenant.max_cost_usd, tenant.max_time_minutes)


def _clamped(source: PlanSource, caps: Caps):
    content = source.content
    return caps.clamped(content) if isinstance(content, Plan) else content


def _document(value: JsonValue) -> Document:
    return value if isinstance(value, dict) else {}


def _notes(checked: Submission) -> tuple[str, ...]:
    options = checked.options
    notes: list[str] = []
    if checked.source.ignored:
        others = ", ".join(checked.source.ignored)
        notes.append(f"the plan is taken from {checked.source.shape}; ignored: {others}")
    if options.proxy_city or options.proxy_state:
        notes.append("proxy_city and proxy_state have no effect: no upstream proxy is configured")
    if options.record_video:
        notes.append("record_video: this build cannot record")
    return tuple(notes)
