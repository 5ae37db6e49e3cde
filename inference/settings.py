"""Which models there are, and how they are reached and paid."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from plans.price_table import Prices, read_prices


class ModelSettings(BaseSettings):
    """`MANTIS_*`, and `ANTHROPIC_API_KEY`. Times are seconds, money is USD."""

    model_config = SettingsConfigDict(
        env_prefix="MANTIS_", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    holo3_url: str = ""
    """Base URL of an OpenAI-compatible server of Holo3, such as `http://gpu:30000/v1`; empty:
    there is no such tier."""
    holo3_model: str = "holo3"
    """The name that the server serves the model under."""
    holo3_api_key: SecretStr = SecretStr("")
    holo3_capacity: int = Field(default=4, ge=1, le=1024)
    """Questions that a worker of the perception pool asks at once."""
    holo3_timeout_s: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    holo3_gpu_usd_per_hour: float = Field(default=2.5, ge=0, allow_inf_nan=False)
    """What an hour of one request's share of the pool costs: its price by its capacity."""

    anthropic_base_url: str = "https://api.anthropic.com"
    anthropic_api_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="ANTHROPIC_API_KEY"
    )
    """Key of the tenant `default`, where no file of secrets holds another."""
    secrets_dir: str = ""
    """Folder of the operator's secrets, one file each: the tenants' own keys."""
    claude_model: str = "claude-sonnet-5-5"
    """Grounding, gates, extraction, task suites."""
    claude_planner_model: str = "claude-opus-5-5"
    """Plans in words."""
    claude_quick_model: str = "claude-haiku-5-5"
    """Conditions with a plain yes or no."""
    claude_timeout_s: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    claude_capacity: int = Field(default=16, ge=1, le=1024)
    """Questions that a worker of the reasoning pool asks at once."""
    prices_path: str = ""
    """The operator's prices of Claude's models, before the shipped ones (`plans/prices.json`)."""

    @property
    def prices(self) -> Prices:
        """What Claude's models cost.

        Raises:
            BadPrices: the operator's file can't be read, or is of another form.
        """
        return read_prices(self.prices_path)

    def check_prices(self) -> None:
        """Look whether the models in use have prices.

        Raises:
            BadPrices: the operator's file can't be read, or is of another form.
            UnknownPrice: a model has none.
        """
        self.prices.check((self.claude_model, self.claude_planner_model, self.claude_quick_model))
