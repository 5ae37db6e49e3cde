"""What the activities read from `MANTIS_*`."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ActivitySettings(BaseSettings):
    """Folders, browser and lease of the workers. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="MANTIS_", frozen=True)

    data_dir: Path = Path("data")
    runtime_dir: Path = Path(tempfile.gettempdir()) / f"mantis-{os.getuid()}"
    """Folder of the control sockets, for this user alone; its path must be short."""
    chrome_path: Path | None = None
    headless: bool = True
    allow_private_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Private `host:port` that browsers may reach, separated by commas."""
    max_steps_per_plan: int = Field(default=200, ge=1)
    """Of a plan that a model makes; those of callers are counted by the API."""
    max_loop_iterations: int = Field(default=50, ge=1)
    max_recoveries: int = Field(default=20, ge=0)
    """How often a run may lose its browser and go on in another."""
    max_pause_hours: float = Field(default=168.0, gt=0, allow_inf_nan=False)
    pause_hold_minutes: float = Field(default=15.0, ge=0, allow_inf_nan=False)
    """So long a paused run's browser is kept; then it comes back from its checkpoint."""
    calls_per_history: int = Field(default=500, ge=1)
    """A run's workflow continues as new after so many calls."""
    lease_ttl_s: float = Field(default=3.0, gt=0)
    """A lease not renewed for this long lapses: shorter than the heartbeat time-out."""
    lease_linger_s: float = Field(default=30.0, ge=0)
    """An unclaimed browser is closed this long after its lease lapsed."""

    memory: Literal["on", "off"] = "on"
    """Whether steps recall what worked before, and keep what works."""
    memory_days: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    """What is remembered is forgotten when it was not used for so long."""
    memory_most: int = Field(default=5_000, ge=1)
    """Locators that are kept of a tenant; the least recently used of more go."""

    @field_validator("allow_private_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(host.strip() for host in value.split(",") if host.strip())
        return value

    @field_validator("data_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.absolute()

    @property
    def sessions_dir(self) -> Path:
        """Folder of the sessions that are open now, a folder each."""
        return self.data_dir / "sessions"

    @property
    def hosts_dir(self) -> Path:
        """Folder of the locks of the browser workers that live."""
        return self.data_dir / "hosts"

    def journals_dir(self, tenant_id: str, run_id: str) -> Path:
        """Folder of the journals of a run's sessions on this machine, until the run is over."""
        return self.data_dir / "journals" / tenant_id / run_id

    def run_dir(self, tenant_id: str, run_id: str) -> Path:
        """Folder of a run's artifacts."""
        return self.data_dir / "tenants" / tenant_id / "runs" / run_id

    def profile_dir(self, tenant_id: str, profile_id: str) -> Path:
        """Folder of a tenant's kept browser profile."""
        return self.data_dir / "tenants" / tenant_id / "profiles" / profile_id
