"""What the routes share, made once at the start of the application."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader
from temporalio.client import Client

from api.dispatcher import Dispatcher
from api.errors import Forbidden, Unauthorised, Unavailable
from api.feeds import Feeds
from api.health import Health
from api.metering import Meters
from api.metrics import Metrics, note
from api.proxying import ChatPool
from api.settings import ApiSettings
from api.tenants import AUTH_NOT_CONFIGURED, DEFAULT_TENANT, Scope, Tenant, Tenants
from ledger.ledger import Ledger
from ledger.secret_files import SecretFiles
from ledger.vault import Keyring
from plans.parse import PlanFiles


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running API."""

    settings: ApiSettings
    keyring: Keyring
    ledger: Ledger
    temporal: Client
    dispatcher: Dispatcher
    feeds: Feeds
    tenants: Tenants
    secret_files: SecretFiles
    plan_files: PlanFiles
    metrics: Metrics
    health: Health
    pool: ChatPool
    meters: Meters

    def anthropic_key(self, tenant: Tenant) -> str | None:
        """The key that this tenant's calls of Claude run under, read anew; None: none.

        `ANTHROPIC_API_KEY` is the tenant `default`'s, where no file of secrets holds another.
        """
        key = self.secret_files.read(tenant.anthropic_secret_name)
        if key is None and tenant.tenant_id == DEFAULT_TENANT:
            return self.settings.anthropic_api_key or None
        return key


async def service_of(request: Request) -> Service:
    """The running service."""
    service: Service = request.app.state.service
    return service


CurrentService = Annotated[Service, Depends(service_of)]


_TOKEN = APIKeyHeader(
    name="X-Mantis-Token",
    scheme_name="MantisToken",
    description="The token that names the tenant.",
    auto_error=False,
)


async def tenant_of(
    token: Annotated[str | None, Security(_TOKEN)], service: CurrentService
) -> Tenant:
    """The tenant that the request's token names.

    Raises:
        Unavailable: the server knows no tokens.
        Unauthorised: no token, or a wrong one.
    """
    if not service.tenants.configured:
        raise Unavailable(AUTH_NOT_CONFIGURED)
    if not token:
        raise Unauthorised("missing X-Mantis-Token header")
    tenant = service.tenants.find(token)
    if tenant is None:
        raise Unauthorised("invalid X-Mantis-Token")
    note(tenant_id=tenant.tenant_id)
    return tenant


CurrentTenant = Annotated[Tenant, Depends(tenant_of)]


def require(tenant: Tenant, scope: Scope) -> None:
    """Refuse a token that lacks a scope.

    Raises:
        Forbidden: it does.
    """
    if not tenant.may(scope):
        raise Forbidden(f"the token lacks the scope '{scope}'")
