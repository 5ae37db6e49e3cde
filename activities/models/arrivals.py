"""Which answers have arrived: noted as a file before they are settled in the ledger.

The name of a note follows from its question and its try, so that a worker that takes over from
one that was killed finds what had arrived, and asks nothing again.
"""

import asyncio
import hashlib
import os
from pathlib import Path

from activities.settings import ActivitySettings
from plans.step import Frozen
from workflows.interfaces import RunKey


class Arrival(Frozen):
    """The answer of a try: its number from 1, and the answer's key in the artifact store."""

    attempt: int
    key: str


class Arrivals:
    """Writes and reads the notes of runs."""

    def __init__(self, settings: ActivitySettings) -> None:
        self._settings = settings

    async def note(self, run: RunKey, call_id: str, arrival: Arrival) -> None:
        """Note an answer.

        Raises:
            OSError: the disk is full or can't be written.
        """
        path = self._path(run, call_id, arrival.attempt)
        await asyncio.to_thread(_write, path, arrival.model_dump_json())

    async def before(self, run: RunKey, call_id: str, attempt: int) -> Arrival | None:
        """The newest answer that a try before this one has got; None: none of them has."""
        return await asyncio.to_thread(self._before, run, call_id, attempt)

    def _before(self, run: RunKey, call_id: str, attempt: int) -> Arrival | None:
        for number in range(attempt - 1, 0, -1):
            try:
                kept = self._path(run, call_id, number).read_bytes()
                return Arrival.model_validate_json(kept)
            except (OSError, ValueError):
                continue
        return None

    def _path(self, run: RunKey, call_id: str, attempt: int) -> Path:
        name = f"{hashlib.sha256(call_id.encode()).hexdigest()}.{attempt}.arrived"
        return self._settings.run_dir(run.tenant_id, run.run_id) / "asks" / name


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(content, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
