"""Saving an answer to a file that is there whole or not at all."""

import os
import re
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

from mantis_agent.calls import Call

_FILE_NAME = re.compile(r'filename="?([A-Za-z0-9_][A-Za-z0-9_.-]{0,200})"?')


class Download:
    """One file, written beside its place first; each try begins anew. `path` is where it ends."""

    def __init__(self, call: Call, path: Path, run_id: str) -> None:
        self.call = call
        self.path = path
        self._run_id = run_id

    @contextmanager
    def writing(self, response: httpx.Response) -> Generator[Callable[[bytes], object]]:
        """A function that writes; what was written is put away where anything fails."""
        target = self.path / self._name(response) if self.path.is_dir() else self.path
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as file:
                yield file.write
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        self.path = target

    def _name(self, response: httpx.Response) -> str:
        told = _FILE_NAME.search(response.headers.get("content-disposition", ""))
        return told[1] if told else self._run_id
