"""Where Temporal is, what this process may carry, and how it is watched."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
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
    codec_token: str = Field(default="", repr=False)
    """Of the API's codec endpoint; empty: `mantis serve` makes one for the embedded Temporal UI."""
    codec_origins: str = ""
    ui_codec: bool = True
    """Whether the embedded Temporal UI shows payloads decrypted."""


class LogSettings(BaseSettings):
    """How a process logs: `MANTIS_LOG_LEVEL`, `MANTIS_LOG_FORMAT`."""

    model_config = SettingsConfigDict(env_prefix="MANTIS_", frozen=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["auto", "json", "text"] = "auto"
    """`auto`: text where standard error is a terminal, JSON elsewhere."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


class OpsSettings(BaseSettings):
    """Where a process shows its metrics: `MANTIS_*` and the prometheus client's own variable."""

    model_config = SettingsConfigDict(env_prefix="MANTIS_", frozen=True, populate_by_name=True)

    ops_port: int = Field(default=0, ge=0, le=65535)
    """Port of the API's `/metrics` and of a second `/health`; 0: the API's own port."""
    worker_ops_port: int = Field(default=0, ge=0, le=65535)
    """Port of a worker's `/metrics`; 0: none."""
    ops_host: str = ""
    """Address of these ports; empty: the API's own, and 127.0.0.1 for a worker."""
    access_log: bool = False
    """Whether the API logs each request."""
    process_name: str = ""
    """Name of a child of `mantis serve`, which keeps it when it is started again."""
    multiproc_dir: Path | None = Field(default=None, validation_alias="PROMETHEUS_MULTIPROC_DIR")
    """Where the processes of one host put their samples, for the API to show them all."""


class TracingSettings(BaseSettings):
    """Whether traces are sent; what else there is to set, OpenTelemetry reads itself."""

    model_config = SettingsConfigDict(env_prefix="OTEL_", frozen=True)

    sdk_disabled: bool = False
    exporter_otlp_endpoint: str = ""
    exporter_otlp_traces_endpoint: str = ""

    @property
    def on(self) -> bool:
        """Whether there is somewhere to send them."""
        named = self.exporter_otlp_endpoint or self.exporter_otlp_traces_endpoint
        return bool(named) and not self.sdk_disabled
