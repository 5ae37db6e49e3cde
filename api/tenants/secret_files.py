"""Secrets as files: `MANTIS_SECRETS_DIR/<name>`, read anew for each use."""

import re
from pathlib import Path

from api.tenants.keys import SECRET_NAME

MAX_SECRET_BYTES = 64 * 1024
_NAME = re.compile(SECRET_NAME)


class SecretFiles:
    """The operator's secrets by name; a rotated file counts from the next use on."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read(self, name: str) -> str | None:
        """The secret without surrounding white space; None where there is none of that name.

        A name is one path component of `[A-Za-z0-9_.-]` without a leading dot: it leads
        nowhere else. (The file itself may be a link, as orchestrators mount secrets.)
        """
        if self._folder is None or not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        try:
            if not path.is_file() or path.stat().st_size > MAX_SECRET_BYTES:
                return None
            return path.read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None
