"""Clients of Claude, made for each call with the tenant's key as it is then."""

from activities.models.asking import Asked
from activities.models.keys import ModelKeys
from inference.claude.client import ClaudeModel, connections
from inference.settings import ModelSettings
from plans.step import TierName


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
        self._http = connections(settings)

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
