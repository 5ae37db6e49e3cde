"""Looks at the model tiers: Holo3 is really asked, of Claude only the key is looked for."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from activities.models.keys import DEFAULT_TENANT, ModelKeys
from inference.holo3.health import deep_check
from inference.settings import ModelSettings
from plans.price_table import BadPrices, UnknownPrice
from temporal.doctor.finding import Finding, hint, missing, ok

_SECRET = "anthropic_api_key"
_PATIENCE_S = 15.0
_MOST_NAMED = 5


class _Entry(BaseModel):
    tenant_id: str
    anthropic_secret_name: str = _SECRET


class _KeysFile(BaseModel):
    """What the doctor reads of `MANTIS_TENANT_KEYS_PATH`."""

    tenant_keys: dict[str, _Entry]


async def holo3(settings: ModelSettings) -> Finding:
    """Whether the pool answers when it is shown a tiny picture."""
    found = await deep_check(settings, patience_s=_PATIENCE_S)
    if not found.configured:
        detail = "none configured: what the page itself tells is answered without one"
        return hint("holo3", detail, "set MANTIS_HOLO3_URL, see docs/models.md")
    if not found.ok:
        way_out = "python -m inference.sglang wait, on the machine of the pool"
        return hint("holo3", f"{settings.holo3_url}: {found.message}", way_out)
    return ok("holo3", f"{settings.holo3_url} {found.message}")


def claude(settings: ModelSettings, tenant_keys_path: str = "") -> Finding:
    """Whether the tenants have keys; none is tried, and none is ever shown.

    Args:
        settings: where the keys are, and what the models cost.
        tenant_keys_path: the file of tenants; empty: there is the tenant `default` alone.
    """
    try:
        settings.check_prices()
    except (BadPrices, UnknownPrice) as error:
        return missing("claude", str(error), "correct the file that MANTIS_PRICES_PATH names")
    keys = ModelKeys(settings)
    with_key: list[str] = []
    without: list[str] = []
    for tenant_id, name in sorted(_tenants(tenant_keys_path)):
        (with_key if keys.anthropic(tenant_id, name) else without).append(tenant_id)
    if not with_key:
        detail = "no key: no plans in words, no tasks, and pages that nobody else is sure of fail"
        way_out = "set ANTHROPIC_API_KEY, or keys a tenant: docs/operations.md"
        return hint("claude", detail, way_out)
    told = f"there is a key for {_named(with_key)}"
    if without:
        way_out = "put files into MANTIS_SECRETS_DIR, named as anthropic_secret_name says"
        return hint("claude", f"{told}, none for {_named(without)}", way_out)
    return ok("claude", told)


def _tenants(path: str) -> set[tuple[str, str]]:
    """Each tenant with the name of its secret; a file that can't be read is told of elsewhere."""
    if not path:
        return {(DEFAULT_TENANT, _SECRET)}
    try:
        read = _KeysFile.model_validate_json(Path(path).read_bytes())
    except (OSError, ValidationError):
        return set()
    return {(one.tenant_id, one.anthropic_secret_name) for one in read.tenant_keys.values()}


def _named(tenants: list[str]) -> str:
    if len(tenants) == 1:
        return f"the tenant {tenants[0]}"
    more = f" and {len(tenants) - _MOST_NAMED} more" if len(tenants) > _MOST_NAMED else ""
    return f"the tenants {', '.join(tenants[:_MOST_NAMED])}{more}"
