"""Looks at the model tiers: Holo3 is really asked, of Claude only the key is looked for."""

from activities.models.keys import DEFAULT_TENANT, ModelKeys
from inference.holo3.health import deep_check
from inference.settings import ModelSettings
from plans.price_table import BadPrices, UnknownPrice
from temporal.doctor.finding import Finding, hint, missing, ok

_SECRET = "anthropic_api_key"
_PATIENCE_S = 15.0


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


def claude(settings: ModelSettings) -> Finding:
    """Whether there is a key for the tenant `default`; it is not tried, and never shown."""
    try:
        settings.check_prices()
    except (BadPrices, UnknownPrice) as error:
        return missing("claude", str(error), "correct the file that MANTIS_PRICES_PATH names")
    if ModelKeys(settings).anthropic(DEFAULT_TENANT, _SECRET):
        return ok("claude", "there is a key for the tenant default")
    detail = "no key: no plans in words, no tasks, and pages that nobody else is sure of fail"
    return hint("claude", detail, "set ANTHROPIC_API_KEY, or keys a tenant: docs/operations.md")
