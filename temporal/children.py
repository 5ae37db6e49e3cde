"""Child processes of the embedded stack: started, watched, restarted, ended."""

import asyncio
import ctypes
import logging
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from temporal.logs import readable

_PR_SET_PDEATHSIG = 1
_RESTART_PAUSE_S = 1.0
"""Before a child that ended right after its start is started again; any other is at once."""
_LIVED_S = 10.0
_LIBC = ctypes.CDLL(None, use_errno=True)

log = logging.getLogger("mantis.serve")


@dataclass(frozen=True)
class ChildSpec:
    """How to start a child. `announces`: its first line of output says that it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_path: Path
    announces: bool = True
    pass_fds: tuple[int, ...] = ()
    stop_within_s: float = 20.0


class ChildFailed(Exception):
    """A child ended before it was ready; the message carries the end of its log."""


class Child:
    """One child process, kept running until `stop`."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.announcement = ""
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False
        self._started = 0.0

    @property
    def pid(self) -> int | None:
        """Process id of the current incarnation."""
        return self._process.pid if self._process else None

    async def start(self, ready_within_s: float = 60.0) -> None:
        """Start it, wait until it announces itself, and keep it running from then on.

        Raises:
            ChildFailed: it ended, or did not announce itself in time.
        """
        await self._spawn(ready_within_s)
        self._keeper = asyncio.create_task(self._keep(ready_within_s))

    async def stop(self) -> None:
        """Ask it to end, and make it end when it does not."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), self.spec.stop_within_s)
            except TimeoutError:
                log.warning("%s did not end in time and is killed", self.spec.name)
                process.kill()
                await process.wait()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def _spawn(self, ready_within_s: float) -> None:
        self._started = time.monotonic()
        with self.spec.log_path.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self.spec.command,
                env=dict(self.spec.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if self.spec.announces else output,
                stderr=output,
                pass_fds=self.spec.pass_fds,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        if not self.spec.announces:
            return
        stdout = self._process.stdout
        if stdout is None:
            raise ChildFailed(f"{self.spec.name} has no output to announce itself on")
        try:
            line = await asyncio.wait_for(stdout.readline(), ready_within_s)
        except TimeoutError:
            line = b""
        self.announcement = line.decode(errors="replace").strip()
        if not self.announcement.startswith("ready"):
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            raise ChildFailed(f"{self.spec.name} did not start:\n{self._log_end()}")

    async def _keep(self, ready_within_s: float) -> None:
        while True:
            if self._process is None:
                return
            await _drain(self._process.stdout)
            code = await self._process.wait()
            if self._stopping:
                return
            log.error("%s ended with code %s and is started again", self.spec.name, code)
            if time.monotonic() - self._started < _LIVED_S:
                await asyncio.sleep(_RESTART_PAUSE_S)
            try:
                await self._spawn(ready_within_s)
            except ChildFailed as error:
                log.error("%s", error)
            except OSError as error:
                log.error("%s could not be started again: %s", self.spec.name, error)

    def _log_end(self, size: int = 2000) -> str:
        with self.spec.log_path.open("rb") as log_file:
            log_file.seek(0, os.SEEK_END)
            log_file.seek(max(0, log_file.tell() - size))
            lines = log_file.read().decode(errors="replace").strip().splitlines()
        return "\n".join(readable(line) for line in lines)


async def _drain(stream: asyncio.StreamReader | None) -> None:
    while stream is not None and await stream.read(65536):
        pass


def _end_with_parent() -> None:
    """In the child: be told to end when `mantis serve` dies, however it dies (Linux)."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
