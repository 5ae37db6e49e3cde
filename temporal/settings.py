"""Where Temporal is, and what this process may carry."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TemporalSettings(BaseSettings):
    """Address of Temporal, in Temporal's own environment names.

    `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS`.
    """

    model_config = SettingsConfigDict(env_prefix="TEMPORAL_", frozen=True)

    address: str = "127.0.0.1:7233"
    namespace: str = "default"
    api_key: str = ""
    tls: bool = False


class StackSettings(BaseSettings):
    """What `mantis serve` and the workers read from `MANTIS_*`."""

    model_config = SettingsConfigDict(env_prefix="MANTIS_", frozen=True)

    data_dir: Path = Path("data")
    api_token: str = ""
    tenant_keys_path: str = ""
    max_sessions: int = Field(default=0, ge=0, le=16)
    """Browser sessions this host carries at once; 0: four a core, 16 at most."""
    log_level: str = "INFO"
