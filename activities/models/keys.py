"""Which model tiers can be asked for a tenant, and under which key: read anew each time."""

from inference.settings import ModelSettings
from ledger.secret_files import SecretFiles
from plans.step import TierName

DEFAULT_TENANT = "default"
"""Whose key `ANTHROPIC_API_KEY` is."""


class ModelKeys:
    """The keys of models; one that is put into the folder of secrets counts from then on."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._files = SecretFiles.of(settings.secrets_dir)

    def anthropic(self, tenant_id: str, secret_name: str) -> str | None:
        """The tenant's own key of Anthropic's API; None: it has none.

        Args:
            tenant_id: whose calls they are.
            secret_name: the file of secrets that the tenant's entry names.
        """
        key = self._files.read(secret_name)
        if key is None and tenant_id == DEFAULT_TENANT:
            return self._settings.anthropic_api_key.get_secret_value().strip() or None
        return key

    def configured(self, tenant_id: str, secret_name: str) -> tuple[TierName, ...]:
        """The model tiers that can be asked for this tenant, cheapest first."""
        found: list[TierName] = []
        if self._settings.holo3_url:
            found.append(TierName.HOLO3)
        if self.anthropic(tenant_id, secret_name) is not None:
            found.append(TierName.CLAUDE)
        return tuple(found)
