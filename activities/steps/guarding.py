"""Holds what a model has decided to the plan's bounds, whatever the page said to the model."""

from collections.abc import Sequence
from typing import Final

from playwright.async_api import ElementHandle

from activities.browser.aiming import aim
from activities.browser.history import go_back
from activities.browser.snapshot import Snapshot
from activities.steps.context import StepContext
from activities.steps.report import Report, failed
from activities.steps.secret_fields import takes_secret, typed_on
from activities.steps.target import target_of
from inference.decisions import ActKind, Decision
from inference.turns import targets
from plans.secret_names import types_secret
from plans.step import FailureClass, TierName
from plans.urls import host_of

MODELS: Final = frozenset({TierName.HOLO3, TierName.CLAUDE})
_WRITING: Final = (ActKind.FILL, ActKind.TYPE, ActKind.SELECT)
_LEADING: Final = (ActKind.CLICK, ActKind.PRESS, ActKind.TYPE)
_BACK_TIME_S: Final = 10.0


async def objection(context: StepContext, snapshot: Snapshot, decision: Decision) -> Report | None:
    """Why an act that a model has decided must not be done; None where it may.

    Links and forms lead only to hosts that the plan names, whatever the page calls them.
    Secrets are typed on the plan's own hosts alone, and a password into password fields.
    """
    for one in targets(decision):
        target = await aim(context.page, snapshot, one)
        if (trouble := await _leads_away(context, target.element, one)) is not None:
            return trouble
        secret = one.act in _WRITING and context.mask.holds(one.text)
        trouble = await _gives_away(context, target.element) if secret else None
        if trouble is not None:
            return trouble
    return None


def may_lead_to(context: StepContext, before: str, url: str) -> bool:
    """Whether an act on a page may lead a tab to an address."""
    return host_of(url) is None or context.bounds.may_lead(before, url)


async def went_astray(
    context: StepContext, decision: Decision, before: str, refused: Sequence[str]
) -> Report | None:
    """Whether an act of a model was about to lead, or has led, where the run has no business.

    A page that was reached all the same is left again.
    """
    url = context.page.url
    if not may_lead_to(context, before, url):
        await go_back(context.page, before, timeout_s=context.time_left(_BACK_TIME_S))
        refused = (*refused, url)
    if not refused:
        return None
    return failed(
        FailureClass.NAV_BLOCKED,
        f"{decision.tier}'s act led to {host_of(refused[-1])}, which the plan does not name",
    )


async def _leads_away(
    context: StepContext, element: ElementHandle | None, decision: Decision
) -> Report | None:
    if decision.act not in _LEADING:
        return None
    target = await target_of(context.page, element)
    form = target.form.action if target.form is not None and target.submits else ""
    for address in (target.href, form):
        if not context.bounds.may_lead(context.page.url, address):
            return failed(
                FailureClass.NAV_BLOCKED,
                f"{decision.tier} chose {target.name!r}, which leads to {host_of(address)}: "
                "the plan names no such host",
            )
    return None


async def _gives_away(context: StepContext, element: ElementHandle | None) -> Report | None:
    for url in await typed_on(context.page, element):
        if not context.bounds.hosts.own(url):
            return failed(
                FailureClass.NAV_BLOCKED,
                f"a secret is not typed on {host_of(url)}: the plan names no such site",
            )
    document = context.request.call.step.model_dump(mode="json", exclude_defaults=True)
    if types_secret(document) and not await takes_secret(context.page, element):
        message = "the step types a password or code, and the field that was chosen takes none"
        return failed(FailureClass.WRONG_TARGET, message)
    return None
