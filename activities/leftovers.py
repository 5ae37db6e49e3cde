"""What sessions that crashed leave behind: folders, sockets, throw-away profiles, journals."""

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from activities.holder.messages import HolderSpec
from activities.holder.ownership import is_owned
from activities.settings import ActivitySettings
from ledger.rounds import rounds_within

_EVERY_S = 10.0
_YOUNG_S = 10.0
_JOURNALS_KEPT_S = 8 * 86_400.0
"""Longer than any run is paused."""

log = logging.getLogger("mantis.leftovers")


@asynccontextmanager
async def sweeping(settings: ActivitySettings) -> AsyncGenerator[None]:
    """Sweep now and every 10 s: a holder outlives its worker for a while before it ends."""
    once = partial(_sweep_once, settings)
    async with rounds_within(once, _EVERY_S, log, "sweeping left-over sessions"):
        yield


def sweep(sessions_dir: Path, young_s: float = _YOUNG_S) -> int:
    """Remove the sessions that no process owns, and their sockets; returns how many.

    A kept profile lies elsewhere and stays. A folder that has changed within the last
    `young_s` seconds is left for the next time, since its owner may be about to take it.
    """
    if not sessions_dir.is_dir():
        return 0
    abandoned = [folder for folder in sessions_dir.iterdir() if _is_abandoned(folder, young_s)]
    for folder in abandoned:
        remove_session(folder)
    return len(abandoned)


def sweep_journals(journals_dir: Path, kept_s: float = _JOURNALS_KEPT_S) -> None:
    """Remove the journals of runs that nobody has written to for `kept_s` seconds."""
    before = time.time() - kept_s
    for folder in journals_dir.glob("*/*"):
        newest = max((path.stat().st_mtime for path in folder.iterdir()), default=0.0)
        if newest < before:
            shutil.rmtree(folder, ignore_errors=True)


def remove_session(session_dir: Path) -> None:
    """Remove a session's folder, control socket and temporary files, whatever is there."""
    try:
        spec = HolderSpec.model_validate_json(HolderSpec.path_in(session_dir).read_bytes())
        spec.socket_path.unlink(missing_ok=True)
        shutil.rmtree(spec.temp_dir, ignore_errors=True)
    except (OSError, ValidationError):
        log.info("session %s does not say where its socket is", session_dir.name)
    shutil.rmtree(session_dir, ignore_errors=True)


def _is_abandoned(session_dir: Path, young_s: float) -> bool:
    try:
        young = time.time() - session_dir.stat().st_ctime < young_s
        return session_dir.is_dir() and not young and not is_owned(session_dir)
    except OSError:
        return False


async def _sweep_once(settings: ActivitySettings) -> None:
    swept = await asyncio.to_thread(sweep, settings.sessions_dir)
    await asyncio.to_thread(sweep_journals, settings.data_dir / "journals")
    if swept:
        log.info("swept %d left-over sessions", swept)
