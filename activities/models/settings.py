"""How long models are asked for an answer, and how often their pool is looked at."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class PatienceSettings(BaseSettings):
    """`MANTIS_MODEL_*`, `MANTIS_HOLO3_CHECK_S`. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="MANTIS_", frozen=True)

    model_patience_s: float = Field(default=60.0, ge=0, allow_inf_nan=False)
    """So long a model that is away or busy is asked again before the step goes without it."""
    model_tries: int = Field(default=3, ge=1, le=10)
    """So often a question is asked at most whose answers can't be used; each is paid."""
    holo3_check_s: float = Field(default=30.0, ge=1, le=120)
    """Between two looks whether the pool of Holo3 really answers."""
