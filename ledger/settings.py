"""Where the ledger lives."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class LedgerSettings(BaseSettings):
    """`MANTIS_DATABASE_URL`, else a SQLite file in the data folder (`MANTIS_DATA_DIR`).

    `MANTIS_ENCRYPTION_KEYS` are the keys of its secrets, newest first, separated by commas;
    where it is empty, they stand in a file of the data folder.
    """

    model_config = SettingsConfigDict(env_prefix="MANTIS_", frozen=True)

    data_dir: Path = Path("data")
    database_url: str = Field(default="")
    encryption_keys: SecretStr = SecretStr("")

    @property
    def url(self) -> str:
        """SQLAlchemy URL with an async driver."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.absolute()}/ledger.db"

    @property
    def keys_path(self) -> Path:
        """The file of the encryption keys."""
        return self.data_dir.absolute() / "keys" / "encryption.keys"
