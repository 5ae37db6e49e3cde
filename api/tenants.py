"""Who is calling, and what they may do."""

import hmac
from enum import StrEnum
from typing import Protocol

from plans.allowlist import Allowlist
from plans.step import Frozen


class Scope(StrEnum):
    """What a token may be used for; `run` includes the three others."""

    RUN = "run"
    STATUS = "status"
    RESULT = "result"
    LOGS = "logs"


class Tenant(Frozen):
    """A tenant as one of its tokens shows it. None: the operator's cap alone counts."""

    tenant_id: str
    scopes: frozenset[Scope] = frozenset(Scope)
    max_cost_usd: float | None = None
    max_time_minutes: float | None = None
    allowlist: Allowlist = Allowlist()
    anthropic_configured: bool = False

    def may(self, scope: Scope) -> bool:
        """Whether the token has the scope, or `run`, which includes it."""
        return scope in self.scopes or Scope.RUN in self.scopes


class Tenants(Protocol):
    """Knows tenants by their tokens."""

    @property
    def configured(self) -> bool:
        """Whether any token could be right at all."""
        ...

    def find(self, token: str) -> Tenant | None:
        """The tenant of a token, compared in constant time."""
        ...


class SingleTenant:
    """The tenant `default`, known by the one token of `MANTIS_API_TOKEN`."""

    def __init__(self, token: str, *, anthropic_configured: bool) -> None:
        self._token = token.encode()
        self._tenant = Tenant(tenant_id="default", anthropic_configured=anthropic_configured)

    @property
    def configured(self) -> bool:
        """Whether there is a token."""
        return bool(self._token)

    def find(self, token: str) -> Tenant | None:
        """The tenant, where the token is right."""
        same = hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self._token)
        return self._tenant if same and self.configured else None
