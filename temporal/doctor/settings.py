"""What only the doctor reads of the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelSettings(BaseSettings):
    """`ANTHROPIC_API_KEY`: whether it is set is told, never what it is."""

    model_config = SettingsConfigDict(frozen=True)

    anthropic_api_key: str = Field(default="", repr=False)
