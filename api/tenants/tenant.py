"""A tenant, and how one is known by a token."""

import hashlib
import hmac
from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from plans.allowlist import Allowlist
from plans.step import Frozen

DEFAULT_TENANT = "default"
"""The one tenant of the single-token mode; `ANTHROPIC_API_KEY` is its key."""

AUTH_NOT_CONFIGURED = "server auth not configured"


class Scope(StrEnum):
    """What a token may be used for; `run` includes the three others."""

    RUN = "run"
    STATUS = "status"
    RESULT = "result"
    LOGS = "logs"


class Tenant(Frozen):
    """A tenant as one of its tokens shows it. Money in USD, time in minutes.

    What is counted (runs, tokens of a bucket) is counted by tenant, whatever the token; the
    limit that it is counted against is that of the token in use. None: the operator's cap
    alone counts. `rate_limit_per_minute` 0: no limit.
    """

    tenant_id: str
    scopes: frozenset[Scope] = frozenset(Scope)
    max_concurrent_runs: int = 5
    rate_limit_per_minute: int = 30
    max_cost_usd: float | None = None
    max_time_minutes: float | None = None
    allowlist: Allowlist = Allowlist()
    anthropic_secret_name: str = "anthropic_api_key"
    webhook_url: str | None = None
    webhook_secret_name: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether the token has the scope, or `run`, which includes it."""
        return scope in self.scopes or Scope.RUN in self.scopes


class Tenants(Protocol):
    """Knows tenants by their tokens."""

    @property
    def configured(self) -> bool:
        """Whether any token could be right at all."""
        ...

    @property
    def health(self) -> str:
        """`ok`, or what is wrong, in words that anybody may read."""
        ...

    def find(self, token: str) -> Tenant | None:
        """The tenant of a token, compared in constant time."""
        ...


class TokenTable:
    """Tokens by their SHA-256. A look-up compares with every one of them, whichever is right."""

    def __init__(self, tenants: Iterable[tuple[str, Tenant]] = ()) -> None:
        self._rows = tuple((digest(token), tenant) for token, tenant in tenants)

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, token: str) -> Tenant | None:
        """The tenant of a token."""
        asked, found = digest(token), None
        for known, tenant in self._rows:
            if hmac.compare_digest(asked, known):
                found = tenant
        return found


def digest(token: str) -> bytes:
    """The SHA-256 of a token, which no two lengths tell apart."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


class SingleTenant:
    """The tenant `default`, known by the one token of `MANTIS_API_TOKEN`."""

    def __init__(self, token: str, tenant: Tenant) -> None:
        self._table = TokenTable([(token, tenant)] if token else ())

    @property
    def configured(self) -> bool:
        """Whether there is a token."""
        return len(self._table) > 0

    @property
    def health(self) -> str:
        """Whether there is a token, in words."""
        return "ok" if self.configured else AUTH_NOT_CONFIGURED

    def find(self, token: str) -> Tenant | None:
        """The tenant, where the token is right."""
        return self._table.find(token)
