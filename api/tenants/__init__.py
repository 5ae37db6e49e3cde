"""Who is calling, and what they may do: tenants by their tokens."""

from api.tenants.keys import KeysFileError, TenantEntry, read_keys
from api.tenants.keys_file import KeysFile
from api.tenants.tenant import (
    AUTH_NOT_CONFIGURED,
    DEFAULT_TENANT,
    Scope,
    SingleTenant,
    Tenant,
    Tenants,
)

__all__ = [
    "AUTH_NOT_CONFIGURED",
    "DEFAULT_TENANT",
    "KeysFile",
    "KeysFileError",
    "Scope",
    "SingleTenant",
    "Tenant",
    "TenantEntry",
    "Tenants",
    "read_keys",
]
