"""Finding the sessions of this machine by their folders, and ending them for certain."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from activities.errors import ActivityError, SessionLost
from activities.holder.client import HolderClient
from activities.holder.messages import Hello, HolderSpec
from activities.holder.ownership import is_owned

_CUT_WITHIN_S = 3.0
_GONE_WITHIN_S = 10.0
_POLL_S = 0.05

log = logging.getLogger("mantis.sessions")


def spec_of(session_dir: Path) -> HolderSpec | None:
    """What a session was started with; None where its folder does not say."""
    try:
        return HolderSpec.model_validate_json(HolderSpec.path_in(session_dir).read_bytes())
    except (OSError, ValidationError):
        return None


def living(sessions_dir: Path) -> Iterator[HolderSpec]:
    """The sessions whose folder a process owns: a holder, or a worker that starts one."""
    if not sessions_dir.is_dir():
        return
    for folder in sessions_dir.iterdir():
        with contextlib.suppress(OSError):
            spec = spec_of(folder)
            if spec is not None and is_owned(folder):
                yield spec


async def hello_of(spec: HolderSpec) -> Hello | None:
    """How a session stands; None where its holder does not answer."""
    if not spec.socket_path.exists():
        return None
    try:
        return await HolderClient(spec.socket_path).hello()
    except ActivityError:
        return None


async def end_session(session_dir: Path) -> None:
    """End a session's holder and its Chromium, properly if they let us, and wait for that.

    Raises:
        SessionLost: they can't be ended.
    """
    spec = spec_of(session_dir)
    if spec is None or not is_owned(session_dir):
        return
    holder = HolderClient(spec.socket_path, _CUT_WITHIN_S)
    with contextlib.suppress(ActivityError):
        await holder.cut()
        await holder.close()
        if await _gone(session_dir):
            return
    log.warning("session %s does not end when asked and is killed", spec.session_id)
    for pid in _pids(spec):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not await _gone(session_dir):
        raise SessionLost(f"session {spec.session_id} can't be ended: look for its processes")


async def end_all(sessions_dir: Path) -> None:
    """End every session of a folder: those of paused runs are held by no worker.

    One that can't be ended is told in the log.
    """

    async def end(session_dir: Path) -> None:
        try:
            await end_session(session_dir)
        except SessionLost as error:
            log.error("%s", error)

    folders = [spec.session_dir for spec in await asyncio.to_thread(_living, sessions_dir)]
    await asyncio.gather(*(end(folder) for folder in folders))


def _living(sessions_dir: Path) -> list[HolderSpec]:
    return list(living(sessions_dir))


async def _gone(session_dir: Path) -> bool:
    deadline = asyncio.get_running_loop().time() + _GONE_WITHIN_S
    while is_owned(session_dir):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True


def _pids(spec: HolderSpec) -> Iterator[int]:
    """The processes whose command line names the session: its holder and its Chromium."""
    marks = (os.fsencode(HolderSpec.path_in(spec.session_dir)), os.fsencode(spec.profile_dir))
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if any(mark in word for mark in marks for word in words):
                yield int(entry.name)
