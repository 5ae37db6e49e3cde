"""What the delivery of webhooks reads from `MANTIS_*`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DeliverySettings(BaseSettings):
    """`MANTIS_SECRETS_DIR`, `MANTIS_WEBHOOK_SECRET_DEFAULT`, `MANTIS_WEBHOOK_ALLOW_PRIVATE`."""

    model_config = SettingsConfigDict(env_prefix="MANTIS_", frozen=True)

    secrets_dir: str = ""
    """Folder of the secrets, a file each; empty: there are none."""
    webhook_secret_default: SecretStr = Field(default=SecretStr(""))
    """Signs the webhooks of tenants that name no secret of their own; empty: unsigned."""
    webhook_allow_private: bool = False
    """Let webhooks go to private addresses too."""
