"""Starting session holders and talking to them."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from pydantic import ValidationError

from activities.errors import ActivityError, ChromiumMissing, LaunchFailed, SessionLost, StaleEpoch
from activities.holder.chromium import child_environment, tail
from activities.holder.messages import (
    ActingCommand,
    AdoptCommand,
    AllowCommand,
    CloseCommand,
    Command,
    CutCommand,
    Hello,
    HelloCommand,
    HolderSpec,
    ParkCommand,
    Refusal,
    RenewCommand,
    Reply,
    Stats,
    StatsCommand,
    TabCommand,
)
from activities.holder.ownership import owning

_CALL_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 15.0
_START_MARGIN_S = 25.0
"""For the interpreter, and for a kept profile that another browser is still closing."""
_CODE_ROOT = Path(__file__).resolve().parents[2]


class HolderClient:
    """Talks to the holder behind a control socket.

    Every call raises `SessionLost` when the holder is gone, or does not answer within
    `patience_s`.
    """

    def __init__(self, socket_path: Path, patience_s: float = _CALL_TIMEOUT_S) -> None:
        self.socket_path = socket_path
        self._patience_s = patience_s

    @classmethod
    async def connect(cls, socket_path: Path) -> "HolderClient":
        """A client for a holder that is known to answer.

        Raises:
            SessionLost: it does not.
        """
        client = cls(socket_path)
        await client.hello()
        return client

    async def hello(self) -> Hello:
        """Where the session is and how it stands."""
        return _hello_of(await self._call(HelloCommand()))

    async def renew(self, epoch: int) -> Hello:
        """Extend the lease.

        Raises:
            StaleEpoch: another epoch holds the session, or the lease has lapsed.
        """
        return _hello_of(await self._call(RenewCommand(epoch=epoch)))

    async def adopt(self, epoch: int, host_queue: str = "") -> Hello:
        """Take the session over under an epoch above its present one; older ones are shut out.

        Raises:
            StaleEpoch: it is not above.
        """
        return _hello_of(await self._call(AdoptCommand(epoch=epoch, host_queue=host_queue)))

    async def park(self, epoch: int, hold_s: float) -> Hello:
        """Leave the browser to its holder for `hold_s` seconds.

        Raises:
            StaleEpoch: `epoch` does not hold the session.
        """
        return _hello_of(await self._call(ParkCommand(epoch=epoch, hold_s=hold_s)))

    async def acting(self, epoch: int, call_key: str, *, guarded: bool) -> Hello:
        """Say that a call is about to act on a page; `guarded`: not to be done twice.

        Raises:
            StaleEpoch: `epoch` does not hold the session.
        """
        command = ActingCommand(epoch=epoch, call_key=call_key, guarded=guarded)
        return _hello_of(await self._call(command))

    async def tab(self, epoch: int, target: str) -> Hello:
        """Say which tab the run is in, by its DevTools target; empty: it has crashed.

        Raises:
            StaleEpoch: `epoch` does not hold the session.
        """
        return _hello_of(await self._call(TabCommand(epoch=epoch, target=target)))

    async def cut(self, epoch: int | None = None) -> Hello:
        """Cut the network for good.

        Raises:
            StaleEpoch: `epoch` is given and does not hold the session.
        """
        return _hello_of(await self._call(CutCommand(epoch=epoch)))

    async def allow(self, hosts: Sequence[str]) -> Hello:
        """Let the browser reach more private hosts (`host:port` or `host:*`).

        Raises:
            ValueError: an entry can't be read.
        """
        return _hello_of(await self._call(AllowCommand(hosts=tuple(hosts))))

    async def stats(self) -> Stats:
        """The session's traffic so far."""
        reply = await self._call(StatsCommand())
        if reply.stats is None:
            raise SessionLost("the session's holder gave no statistics: open a new session")
        return reply.stats

    async def close(self, epoch: int | None = None) -> None:
        """Close the browser properly; returns when the session is gone. Twice does no harm.

        Raises:
            StaleEpoch: `epoch` is given and does not hold the session.
            SessionLost: the holder does not come to its end.
        """
        if not self.socket_path.exists():
            return
        with contextlib.suppress(SessionLost):
            await self._call(CloseCommand(epoch=epoch), until_gone=True)
            return
        if self.socket_path.exists():
            raise SessionLost(f"the holder at {self.socket_path} does not end: look at its log")

    async def _call(self, command: Command, *, until_gone: bool = False) -> Reply:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S if until_gone else self._patience_s):
                reader, writer = await asyncio.open_unix_connection(self.socket_path)
                try:
                    writer.write(command.model_dump_json().encode() + b"\n")
                    reply = _parse(await reader.readline())
                    if until_gone and reply.refusal is None:
                        await reader.read()
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise SessionLost(
                f"the session's holder at {self.socket_path} does not answer: open a new session"
            ) from error
        return _accepted(reply)


async def start_holder(spec: HolderSpec) -> HolderClient:
    """Start a holder as a process of its own, which outlives this one, and wait until it is ready.

    Raises:
        ChromiumMissing: there is no Chromium on this machine.
        LaunchFailed: it did not start in time, or at all; nothing of it is left.
    """
    spec.session_dir.mkdir(parents=True, exist_ok=True)
    spec.socket_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    read_end, write_end = os.pipe()
    try:
        with owning(spec.session_dir) as owner:
            process = _spawn(spec, pass_fds=(write_end, owner), ready_fd=write_end)
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    try:
        line = await _first_line(read_end, spec.launch_timeout_s + _START_MARGIN_S)
        if not line:
            raise LaunchFailed(
                f"the session holder did not start; its log ends: {tail(spec.log_path)}"
            )
        _hello_of(_accepted(_parse(line)))
    except BaseException:
        process.kill()
        shutil.rmtree(spec.temp_dir, ignore_errors=True)
        if spec.throwaway_profile:
            shutil.rmtree(spec.profile_dir, ignore_errors=True)
        raise
    finally:
        threading.Thread(target=process.wait, daemon=True).start()
    return HolderClient(spec.socket_path)


def _spawn(spec: HolderSpec, pass_fds: tuple[int, ...], ready_fd: int) -> subprocess.Popen[bytes]:
    spec_path = HolderSpec.path_in(spec.session_dir)
    spec_path.write_text(spec.model_dump_json())
    spec_path.chmod(0o600)
    search_path = os.pathsep.join([str(_CODE_ROOT), *_python_path()])
    with spec.log_path.open("ab") as log:
        return subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "activities.holder.main",
                "--spec",
                str(spec_path),
                "--ready-fd",
                str(ready_fd),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment() | {"PYTHONPATH": search_path},
            pass_fds=pass_fds,
            start_new_session=True,
        )


def _python_path() -> list[str]:
    given = os.environ.get("PYTHONPATH")
    return given.split(os.pathsep) if given else []


async def _first_line(descriptor: int, timeout_s: float) -> bytes:
    """The line that the holder writes when it is ready; empty when there is none in time."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    try:
        async with asyncio.timeout(timeout_s):
            return await reader.readline()
    except TimeoutError:
        return b""
    finally:
        transport.close()


def _parse(line: bytes) -> Reply:
    try:
        return Reply.model_validate_json(line)
    except ValidationError as error:
        raise SessionLost("the session's holder hung up: open a new session") from error


def _accepted(reply: Reply) -> Reply:
    if reply.refusal is None:
        return reply
    raise _error_of(reply.refusal, reply.message)


def _error_of(refusal: Refusal, message: str) -> ActivityError | ValueError:
    match refusal:
        case Refusal.STALE_EPOCH:
            return StaleEpoch(message)
        case Refusal.INVALID:
            return ValueError(message)
        case Refusal.CHROMIUM_MISSING:
            return ChromiumMissing(message)
        case Refusal.LAUNCH_FAILED:
            return LaunchFailed(message)
        case _:
            assert_never(refusal)


def _hello_of(reply: Reply) -> Hello:
    if reply.hello is None:
        raise SessionLost("the session's holder did not say where it is: open a new session")
    return reply.hello
