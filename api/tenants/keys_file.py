"""The tenant keys file as it stands, looked at again while the API runs."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from api.tenants.keys import MAX_BYTES, KeysFileError, read_keys
from api.tenants.tenant import Tenant, TokenTable

log = logging.getLogger("mantis.tenants")

LOOK_S = 1.0
"""How long a change may go unseen, and the look itself."""


class KeysFile:
    """The tenants of `MANTIS_TENANT_KEYS_PATH`.

    `find` answers from memory; `watch` reads the file anew each second, in a thread. A file
    that is not valid (half written, say) changes nothing: the last good one stays in force.
    Until there was a good one, nobody gets in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw: bytes | None = None
        self._table = TokenTable()
        self._wrong: str | None = "not read yet"
        self._ever = False

    @property
    def configured(self) -> bool:
        """Always: a file is named, be it good or not."""
        return True

    @property
    def health(self) -> str:
        """`ok`, or that the file is not valid; why is in the log."""
        if self._wrong is None:
            return "ok"
        left = "the last good one is in force" if self._ever else "nobody gets in"
        return f"the tenant keys file is not valid: {left}"

    def find(self, token: str) -> Tenant | None:
        """The tenant of a token, compared in constant time with all of them."""
        return self._table.find(token)

    async def watch(self) -> None:
        """Follow the file until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Read the file and take over what it says, where that has changed and is valid."""
        seen, self._raw = self._raw, None
        try:
            raw = _read(self._path)
            if raw != seen:
                self._take(read_keys(raw))
            self._raw = raw
        except KeysFileError as error:
            self._report(str(error))

    def _take(self, keys: Sequence[tuple[str, Tenant]]) -> None:
        self._table, self._wrong, self._ever = TokenTable(keys), None, True
        tenants = len({tenant.tenant_id for _, tenant in keys})
        log.info("tenant keys read: %d tokens of %d tenants", len(keys), tenants)

    def _report(self, wrong: str) -> None:
        if wrong != self._wrong:
            self._wrong = wrong
            left = "the last good one is in force" if self._ever else "nobody gets in"
            log.error("tenant keys file %s: %s; %s", self._path, wrong, left)


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise KeysFileError("it is no file, or is not there")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise KeysFileError(f"it can't be read: {error.strerror}") from None
