"""Which models are configured, and for whom: told when the service starts, and by the doctor."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ValidationError

from activities.models.keys import DEFAULT_TENANT, ModelKeys
from inference.settings import ModelSettings

_SECRET = "anthropic_api_key"
_MOST_NAMED = 5


class _Entry(BaseModel):
    tenant_id: str
    anthropic_secret_name: str = _SECRET


class _KeysFile(BaseModel):
    """What is read here of `MANTIS_TENANT_KEYS_PATH`."""

    tenant_keys: dict[str, _Entry]


def models_told(settings: ModelSettings, tenant_keys_path: str) -> str:
    """The models in one line, keys as little as tokens."""
    with_key, _ = keyed_tenants(settings, tenant_keys_path)
    told: list[str] = []
    if settings.holo3_url:
        told.append(
            f"holo3 at {shown_url(settings.holo3_url)}, {settings.holo3_capacity} questions at once"
        )
    if with_key:
        told.append(f"claude for {named(with_key)}")
    return "; ".join(told) or "none: what the page itself tells is answered without one"


def shown_url(url: str) -> str:
    """A URL for people: without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def keyed_tenants(settings: ModelSettings, tenant_keys_path: str) -> tuple[list[str], list[str]]:
    """The tenants that have a key of Claude now, and those that have none.

    Args:
        settings: where the keys are.
        tenant_keys_path: the file of tenants; empty: there is the tenant `default` alone.
    """
    keys = ModelKeys(settings)
    with_key: list[str] = []
    without: list[str] = []
    for tenant_id, name in sorted(_tenants(tenant_keys_path)):
        (with_key if keys.anthropic(tenant_id, name) else without).append(tenant_id)
    return with_key, without


def _tenants(path: str) -> set[tuple[str, str]]:
    """Each tenant with the name of its secret; a file that can't be read is told of elsewhere."""
    if not path:
        return {(DEFAULT_TENANT, _SECRET)}
    try:
        read = _KeysFile.model_validate_json(Path(path).read_bytes())
    except (OSError, ValidationError):
        return set()
    return {(one.tenant_id, one.anthropic_secret_name) for one in read.tenant_keys.values()}


def named(tenants: Sequence[str]) -> str:
    """Tenants for a person, a few of many."""
    if len(tenants) == 1:
        return f"the tenant {tenants[0]}"
    more = f" and {len(tenants) - _MOST_NAMED} more" if len(tenants) > _MOST_NAMED else ""
    return f"the tenants {', '.join(tenants[:_MOST_NAMED])}{more}"
