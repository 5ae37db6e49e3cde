"""The operator's secrets as files: `MANTIS_SECRETS_DIR/<name>`, read anew for each use."""

import re
from pathlib import Path

SECRET_NAME = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}"
"""A name is one path component without a leading dot: it leads nowhere else."""
MAX_SECRET_BYTES = 64 * 1024
_NAME = re.compile(SECRET_NAME)


class SecretFiles:
    """The secrets of a folder by name; a rotated file counts from the next use on."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of(cls, folder: str) -> "SecretFiles":
        """Those of a folder as a setting names it; empty: there are none."""
        return cls(Path(folder) if folder else None)

    def read(self, name: str) -> str | None:
        """The secret as text; None where there is none of that name, or it is no text."""
        raw = self.read_bytes(name)
        try:
            return None if raw is None else raw.decode().strip() or None
        except UnicodeDecodeError:
            return None

    def read_bytes(self, name: str) -> bytes | None:
        """The secret without surrounding white space; None where there is none of that name.

        The file itself may be a link, as orchestrators mount secrets.
        """
        if self._folder is None or not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        try:
            if not path.is_file():
                return None
            with path.open("rb") as kept:
                raw = kept.read(MAX_SECRET_BYTES + 1)
        except OSError:
            return None
        return raw.strip() or None if len(raw) <= MAX_SECRET_BYTES else None
