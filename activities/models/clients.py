"""Clients of the model servers, made for each call with the key as it is then."""

from activities.models.asking import Asked
from activities.models.keys import ModelKeys
from inference.claude.client import ClaudeModel
from inference.claude.client import connections as claude_connections
from inference.holo3.chat import connections as holo3_connections
from inference.holo3.model import Holo3Model
from inference.settings import ModelSettings
from plans.step import TierName


class Holo3Clients:
    """Holo3 on the operator's pool, the same for all tenants. `close` at the end."""

    tier = TierName.HOLO3
    lacking = "there is no pool of Holo3: set MANTIS_HOLO3_URL, or plan the step for Claude"

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self.http = holo3_connections(settings)

    def asked(self, tenant_id: str, secret_name: str) -> Asked | None:
        """A client; None where no pool is configured."""
        if not self._settings.holo3_url:
            return None
        served = self._settings.holo3_model
        return Asked(Holo3Model(self.http, self._settings), lambda _: served)

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()


class ClaudeClients:
    """Claude, for each tenant under its own key. `close` at the end."""

    tier = TierName.CLAUDE
    lacking = (
        "there is no key of Anthropic's API for this tenant: put it into the file of "
        "MANTIS_SECRETS_DIR that the tenant's anthropic_secret_name names"
    )

    def __init__(self, settings: ModelSettings, keys: ModelKeys) -> None:
        self._settings = settings
        self._keys = keys
        self._http = claude_connections(settings)

    def model(self, tenant_id: str, secret_name: str) -> ClaudeModel | None:
        """A client with the tenant's key as it is now; None where it has none."""
        key = self._keys.anthropic(tenant_id, secret_name)
        if key is None:
            return None
        return ClaudeModel(key, self._settings, self._http, secret_name, self._settings.prices)

    def asked(self, tenant_id: str, secret_name: str) -> Asked | None:
        """The same, as the questions of steps are asked of it."""
        model = self.model(tenant_id, secret_name)
        return None if model is None else Asked(model, model.named)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
