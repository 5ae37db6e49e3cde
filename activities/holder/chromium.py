"""Chromium as a process: start it in a process session of its own, and end it for certain."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from activities.errors import LaunchFailed
from activities.holder import devtools
from activities.holder.flags import PREFERENCES, command_line

_POLL_S = 0.02
_CLOSE_TIMEOUT_S = 5.0
_INTERRUPT_TIMEOUT_S = 2.0
_ENOUGH_SHARED_MEMORY = 512 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)

_KEPT_VARIABLES = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "FONTCONFIG_PATH",
    "FONTCONFIG_FILE",
    "LD_LIBRARY_PATH",
)


def child_environment() -> dict[str, str]:
    """What children that meet foreign pages inherit: no key, token or proxy of ours."""
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}


class Chromium:
    """A running Chromium that dies with this process.

    Attributes:
        cdp_url: WebSocket of its DevTools.
        pid: its process, also the id of its process group and process session.
    """

    def __init__(self, process: subprocess.Popen[bytes], cdp_url: str) -> None:
        self._process = process
        self._ended = asyncio.Event()
        self.cdp_url = cdp_url
        self.pid = process.pid
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._reap, args=(loop,), daemon=True).start()

    @property
    def cdp_port(self) -> int:
        """Loopback port of its DevTools."""
        return devtools.port_of(self.cdp_url)

    @property
    def alive(self) -> bool:
        """Whether its main process runs."""
        return not self._ended.is_set()

    async def wait(self) -> None:
        """Return when its main process has ended."""
        await self._ended.wait()

    async def stop(self) -> None:
        """End it so that cookies reach the disk, and leave none of its processes.

        `Browser.close`, then SIGINT, then SIGKILL: SIGTERM would lose cookies.
        """
        if self.alive:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                await devtools.close_browser(self.cdp_url, timeout_s=_CLOSE_TIMEOUT_S)
            await self._ended_within(_CLOSE_TIMEOUT_S)
        if self.alive:
            self._process.send_signal(signal.SIGINT)
            await self._ended_within(_INTERRUPT_TIMEOUT_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL every process of its process session, and reap the main one."""
        _kill_session(self._process)

    async def _ended_within(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._ended.wait()

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        self._process.wait()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._ended.set)


async def launch(
    binary: Path,
    *,
    profile_dir: Path,
    proxy_port: int,
    headless: bool,
    log_path: Path,
    timeout_s: float,
    temp_dir: Path | None = None,
    profile_lock: int | None = None,
) -> Chromium:
    """Start Chromium on `profile_dir` and wait for its DevTools.

    Args:
        binary: see `locate.find_chromium`.
        profile_dir: made where it does not exist; nobody else may be using it.
        proxy_port: loopback port of the egress proxy.
        headless: without a display.
        log_path: its output is appended there.
        timeout_s: how long it may take.
        temp_dir: its temporary files; the system's folder by default.
        profile_lock: descriptor of the lock on the profile, which stays taken as long as
            Chromium lives, whatever becomes of this process.

    Raises:
        LaunchFailed: it ended, or was not ready in time; nothing of it is left.
    """
    _prepare_profile(profile_dir)
    arguments = command_line(
        binary,
        profile_dir=profile_dir,
        proxy_port=proxy_port,
        headless=headless,
        sandbox=os.geteuid() != 0,
        shared_memory=_has_shared_memory(),
    )
    extra = {"BREAKPAD_DUMP_LOCATION": str(profile_dir / "Crashpad")}
    if temp_dir is not None:
        extra["TMPDIR"] = str(temp_dir)
    process = _spawn(arguments, extra, log_path, () if profile_lock is None else (profile_lock,))
    try:
        cdp_url = await _ready(process, profile_dir, time.monotonic() + timeout_s)
    except BaseException:
        _kill_session(process)
        raise
    if cdp_url is None:
        code = process.poll()
        _kill_session(process)
        what = f"not ready in {timeout_s:g} s" if code is None else f"ended with code {code}"
        raise LaunchFailed(f"Chromium {binary} {what}; its log ends: {tail(log_path)}")
    return Chromium(process, cdp_url)


def tail(path: Path, lines: int = 8) -> str:
    """The last `lines` telling lines of a log, empty where there is none.

    What Chromium says about a missing D-Bus tells nothing.
    """
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if "dbus/" not in line][-lines:])


def _spawn(
    arguments: list[str], extra: dict[str, str], log_path: Path, pass_fds: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def die_with_parent() -> None:
        if sys.platform == "linux":
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    with log_path.open("ab") as log:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment() | extra,
            pass_fds=pass_fds,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def _prepare_profile(profile_dir: Path) -> None:
    (profile_dir / "Default").mkdir(parents=True, exist_ok=True, mode=0o700)
    for stale in ("DevToolsActivePort", "SingletonLock", "SingletonSocket", "SingletonCookie"):
        (profile_dir / stale).unlink(missing_ok=True)
    preferences = profile_dir / "Default" / "Preferences"
    if not preferences.exists():
        preferences.write_text(PREFERENCES)


async def _ready(
    process: subprocess.Popen[bytes], profile_dir: Path, deadline: float
) -> str | None:
    port_file = profile_dir / "DevToolsActivePort"
    while time.monotonic() < deadline and process.poll() is None:
        lines = port_file.read_text().splitlines() if port_file.exists() else []
        if len(lines) >= 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        await asyncio.sleep(_POLL_S)
    return None


def _has_shared_memory() -> bool:
    try:
        return shutil.disk_usage("/dev/shm").free >= _ENOUGH_SHARED_MEMORY
    except OSError:
        return True


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid in _members(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _members(session: int) -> list[int]:
    """Processes of a process session; helpers of Chromium may leave its process group."""
    members: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(entry.name)) == session:
                members.append(int(entry.name))
    return members
