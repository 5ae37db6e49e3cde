"""Where the ledger lives."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LedgerSettings(BaseSettings):
    """`MANTIS_DATABASE_URL`, else a SQLite file in the data folder (`MANTIS_DATA_DIR`)."""

    model_config = SettingsConfigDict(env_prefix="MANTIS_", frozen=True)

    data_dir: Path = Path("data")
    database_url: str = Field(default="")

    @property
    def url(self) -> str:
        """SQLAlchemy URL with an async driver."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.absolute()}/ledger.db"
