"""Clients of the pool of Holo3."""

from activities.models.asking import Asked
from inference.holo3.chat import connections
from inference.holo3.model import Holo3Model
from inference.settings import ModelSettings
from plans.step import TierName


class Holo3Clients:
    """Holo3 on the operator's pool, the same for all tenants. `close` at the end."""

    tier = TierName.HOLO3
    lacking = "there is no pool of Holo3: set MANTIS_HOLO3_URL, or plan the step for Claude"

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self.http = connections(settings)

    def asked(self, tenant_id: str, secret_name: str) -> Asked | None:
        """A client; None where no pool is configured."""
        if not self._settings.holo3_url:
            return None
        served = self._settings.holo3_model
        return Asked(Holo3Model(self.http, self._settings), lambda _: served)

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()
