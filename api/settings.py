"""What the API reads from the environment."""

import os
import re
from pathlib import Path

from pydantic import Field, JsonValue, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from plans.caps import Caps
from plans.step import Perception

_CODEC_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")
"""It may stand in a path."""


class ApiSettings(BaseSettings):
    """`MANTIS_*`, and `ANTHROPIC_API_KEY`. Money in USD, time in minutes.

    `MANTIS_TENANT_KEYS_PATH` names the tenants; without it `MANTIS_API_TOKEN` is the one tenant
    `default`, whose limits are `MANTIS_RATE_LIMIT_PER_MINUTE` and `MANTIS_MAX_CONCURRENT_RUNS`.
    """

    model_config = SettingsConfigDict(
        env_prefix="MANTIS_", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    api_token: str = ""
    tenant_keys_path: str = ""
    secrets_dir: str = ""
    """Folder of the operator's secrets, one file each."""
    anthropic_api_key: str = Field(default="", validation_alias="ANTHROPIC_API_KEY")
    holo3_url: str = ""
    """Base URL of the pool that chat completions go to, such as `http://gpu:30000/v1`."""
    holo3_model: str = "holo3"
    holo3_api_key: SecretStr = SecretStr("")
    holo3_gpu_usd_per_hour: float = Field(default=2.5, ge=0, allow_inf_nan=False)
    claude_model: str = "claude-sonnet-5-5"
    claude_planner_model: str = "claude-opus-5-5"
    """Whose steps of a plan in words are taken where it has made them before."""
    prices_path: str = ""
    """The operator's prices of Claude's models."""
    chat_timeout_s: float = Field(default=300.0, gt=0, allow_inf_nan=False)
    """How long the pool may send nothing within a chat completion."""
    chat_concurrency: int = Field(default=200, ge=1)
    """Chat completions of one tenant that an API process passes on at once."""
    data_dir: Path = Path("data")
    plans_path: str = "plans"
    """Plan folders, separated as in PATH."""
    demo_site: str = ""
    """Address of the demo marketplace; presets the input `demo_site`."""
    perception: Perception = Perception.AUTO
    enable_docs_ui: bool = True
    codec_token: SecretStr = SecretStr("")
    """Who has it may read payloads of Temporal; empty: there is no codec endpoint."""
    codec_origins: str = ""
    """Origins that the Temporal UI is served from, separated by commas."""
    git_sha: str = ""
    build_time: str = ""

    max_body_bytes: int = Field(default=1024 * 1024, ge=1)
    max_steps_per_plan: int = Field(default=200, ge=1)
    max_loop_iterations: int = Field(default=50, ge=1)
    max_run_steps: int = Field(default=20_000, ge=1)
    max_runtime_minutes: float = Field(default=60.0, gt=0)
    max_cost_usd: float = Field(default=25.0, gt=0)
    rate_limit_per_minute: int = Field(default=30, ge=0)
    """Of the tenant `default` in the single-token mode; 0 is none."""
    max_concurrent_runs: int = Field(default=5, ge=1)
    """Of the tenant `default` in the single-token mode."""
    idempotency_ttl_hours: float = Field(default=24.0, gt=0, le=8760)

    @field_validator("codec_token")
    @classmethod
    def _long_enough(cls, token: SecretStr) -> SecretStr:
        if token.get_secret_value() and not _CODEC_TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("must have 16 characters or more, of letters, digits, - and _")
        return token

    @property
    def codec_origin_list(self) -> list[str]:
        """The origins, each as a browser sends it."""
        named = (origin.strip().rstrip("/") for origin in self.codec_origins.split(","))
        return [origin for origin in named if origin]

    @property
    def caps(self) -> Caps:
        """The operator's caps."""
        return Caps(
            max_steps_per_plan=self.max_steps_per_plan,
            max_loop_iterations=self.max_loop_iterations,
            max_run_steps=self.max_run_steps,
            max_runtime_minutes=self.max_runtime_minutes,
            max_cost_usd=self.max_cost_usd,
        )

    @property
    def plan_folders(self) -> tuple[Path, ...]:
        """Where plan files are looked for, in order."""
        return tuple(Path(part) for part in self.plans_path.split(os.pathsep) if part)

    @property
    def presets(self) -> dict[str, JsonValue]:
        """Inputs that every run has unless the caller gives others."""
        return {"demo_site": self.demo_site} if self.demo_site else {}
