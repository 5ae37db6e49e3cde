"""How a pool is laid out on its machine."""

import sys

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class PoolSettings(BaseSettings):
    """`MANTIS_POOL_*`, read on the machine with the GPUs."""

    model_config = SettingsConfigDict(env_prefix="MANTIS_POOL_", frozen=True)

    model: str = Field(default="Hcompany/Holo-3.1-35B-A3B-FP8", min_length=1)
    """Model id of Hugging Face, or a folder. In FP8 one card of 48 GB or more is enough."""
    served_name: str = Field(default="holo3", min_length=1)
    """What clients call the model: `MANTIS_HOLO3_MODEL`."""
    host: str = "127.0.0.1"
    """Where the pool's front listens; servers behind a router listen on loopback."""
    port: int = Field(default=30000, ge=1, le=65000)
    """The front's port. Servers behind a router have those that follow."""
    metrics_port: int = Field(default=29000, ge=1, le=65535)
    """Of the router, on loopback."""
    gpus: int = Field(default=1, ge=1, le=1024)
    """GPUs of this machine that the pool takes."""
    tp: int = Field(default=1, ge=1, le=64)
    """GPUs that share one copy of the model."""
    dp: int = Field(default=1, ge=1, le=64)
    """Copies of the model within one server."""
    context_length: int = Field(default=65536, ge=4096, le=262144)
    mem_fraction: float = Field(default=0.85, gt=0.1, lt=1, allow_inf_nan=False)
    """Share of a GPU's memory for weights and caches."""
    images: int = Field(default=3, ge=1, le=16)
    """Pictures of one request that a server takes; Mantis sends three at most."""
    max_queued: int = Field(default=64, ge=1, le=100_000)
    """Requests of a server that may wait; more are refused (503) and asked again later."""
    max_running: int = Field(default=0, ge=0, le=100_000)
    """Requests that a server works on at once; 0: what fits into memory."""
    health_every_s: int = Field(default=10, ge=1, le=3600)
    """How often the router has each server generate a token; two failures take it out."""
    python: str = sys.executable
    """The interpreter that has `sglang` and `sglang-router`."""
    extra: str = ""
    """More arguments for the servers, as a shell would split them."""

    @model_validator(mode="after")
    def _whole_servers(self) -> "PoolSettings":
        if self.gpus % (self.tp * self.dp):
            message = f"gpus ({self.gpus}) must be a multiple of tp × dp ({self.tp * self.dp})"
            raise ValueError(message)
        if self.port + self.servers > 65535:
            raise ValueError("port leaves no room for the servers' own")
        return self

    @property
    def servers(self) -> int:
        """Server processes on this machine."""
        return self.gpus // (self.tp * self.dp)
