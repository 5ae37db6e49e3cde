"""Looks at the model tiers: Holo3 is really asked, of Claude only the key is looked for."""

from inference.holo3.health import deep_check
from inference.settings import ModelSettings
from plans.price_table import BadPrices, UnknownPrice
from temporal.doctor.finding import Finding, hint, missing, ok
from temporal.models_told import keyed_tenants, named, shown_url

_PATIENCE_S = 15.0


async def holo3(settings: ModelSettings) -> Finding:
    """Whether the pool answers when it is shown a tiny picture."""
    found = await deep_check(settings, patience_s=_PATIENCE_S)
    if not found.configured:
        detail = "none configured: what the page itself tells is answered without one"
        return hint("holo3", detail, "set MANTIS_HOLO3_URL, see docs/models.md")
    if not found.ok:
        way_out = "python -m inference.sglang wait, on the machine of the pool"
        return hint("holo3", f"{shown_url(settings.holo3_url)}: {found.message}", way_out)
    return ok("holo3", f"{shown_url(settings.holo3_url)} {found.message}")


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
    with_key, without = keyed_tenants(settings, tenant_keys_path)
    if not with_key:
        detail = "no key: no plans in words, no tasks, and pages that nobody else is sure of fail"
        way_out = "set ANTHROPIC_API_KEY, or keys a tenant: docs/operations.md"
        return hint("claude", detail, way_out)
    told = f"there is a key for {named(with_key)}"
    if without:
        way_out = "put files into MANTIS_SECRETS_DIR, named as anthropic_secret_name says"
        return hint("claude", f"{told}, none for {named(without)}", way_out)
    return ok("claude", told)
