"""The stack under attack: its processes, a second host, its disk, and what is left of them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from temporal.stack import free_ports
from tests.chaos.service import PARTS, Service, wait_for
from tests.chaos.site import OwnSite
from tests.e2e.live import Document

DISK_MB = 1536
CALLS_PER_HISTORY = 10
"""So few that each run's workflow continues as new now and then."""
_CHILDREN = ("runs", "browsers", "api", "temporal")
_SPARE = "-m temporal.worker --pool browsers"


class Stage:
    """One data folder on a small disk where one can be mounted, the service on it, the site."""

    def __init__(self, folder: Path, sessions: int = 3, small_disk: bool = True) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.data_dir.mkdir(parents=True)
        self.small_disk = small_disk and _mount(self.data_dir)
        self.temp_dir = folder / "tmp"
        self.temp_dir.mkdir()
        self._runtime = tempfile.TemporaryDirectory(prefix="mc-")
        self.site = OwnSite(folder / "site.log")
        (port,) = free_ports(1)
        self.api = f"http://127.0.0.1:{port}"
        self._settings = {
            "MANTIS_MAX_SESSIONS": str(sessions),
            "MANTIS_LEASE_LINGER_S": "10",
            "MANTIS_PAUSE_HOLD_MINUTES": "1",
            "MANTIS_CALLS_PER_HISTORY": str(CALLS_PER_HISTORY),
            "TMPDIR": str(self.temp_dir),
        }
        self.service = Service(
            self.data_dir, Path(self._runtime.name), self.site.url, port, **self._settings
        )
        self._spares: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Start the service."""
        self.service.start()

    def stop(self) -> list[str]:
        """End the service as an operator does; what of it is left."""
        self.end_spares()
        code = self.service.stop()
        left = [f"exit code {code}"] if code else []
        left += [_line(one) for one in self._all()]
        files = (*self._session_files(), *self.temp_dir.iterdir())
        return left + [str(path) for path in files]

    def close(self) -> None:
        """Whatever happened: nothing goes on, and the folder can be removed."""
        self.end_spares()
        self.service.end()
        self.site.stop()
        if self.small_disk:
            subprocess.run(["umount", "-l", str(self.data_dir)], check=False)
        self._runtime.cleanup()

    # -- processes

    def part(self, name: str) -> list[psutil.Process]:
        """Processes of a part of the service, spares and the second host's left out.

        A child of `mantis serve` only where it is one: what it starts looks the same for a
        moment, and its spares do.
        """
        found = self.service.processes(name)
        if name not in _CHILDREN:
            return found
        serve = self.service.process.pid
        return [one for one in found if _parent(one) == serve]

    def sessions(self) -> list[Document]:
        """What is known of the sessions that a holder keeps now, newest last."""
        return _records(self.data_dir / "sessions")

    def kill_everything(self) -> None:
        """Kill every process of the stack at once, then start it on the same data folder."""
        self.service.process.kill()
        for one in self.service.processes():
            one.kill()
        self.service.kill()
        self.service.start()

    # -- more browser workers

    def start_spare(self) -> None:
        """A second browser worker on this very machine."""
        self._start_worker({})

    def start_host(self) -> None:
        """A browser worker with folders of its own, as on another machine."""
        other = self.folder / f"host-{len(list(self.folder.glob('host-*')))}"
        other.mkdir()
        (self.data_dir / "tenants").mkdir(exist_ok=True)
        (other / "tenants").symlink_to(self.data_dir / "tenants")
        keys = self.data_dir / "keys"
        if keys.is_dir():
            shutil.copytree(keys, other / "keys")
        runtime = Path(self._runtime.name) / other.name
        runtime.mkdir(mode=0o700)
        self._start_worker(
            {
                "MANTIS_DATA_DIR": str(other),
                "MANTIS_RUNTIME_DIR": str(runtime),
                "MANTIS_DATABASE_URL": f"sqlite+aiosqlite:///{self.data_dir}/ledger.db",
            }
        )

    def lose_host(self) -> None:
        """The first machine is gone: its browser worker and all its browsers, for now."""
        self.service.process.send_signal(signal.SIGSTOP)
        for part in ("browsers", "holder", "chromium", "driver"):
            for one in self.part(part):
                one.kill()

    def bring_host_back(self) -> None:
        """The first machine is there again."""
        self.service.process.send_signal(signal.SIGCONT)
        wait_for(lambda: self.part("browsers"), "the browser worker is started again", 60)

    def end_spares(self) -> None:
        """Drain the additional workers."""
        for spare in self._spares:
            spare.send_signal(signal.SIGTERM)
        for spare in self._spares:
            try:
                spare.wait(60)
            except subprocess.TimeoutExpired:
                spare.kill()
                spare.wait(10)
            if spare.stdout is not None:
                spare.stdout.close()
        self._spares.clear()

    def _start_worker(self, changed: dict[str, str]) -> None:
        wait_for(lambda: self.part("browsers"), "a browser worker", 60)
        worker = self.part("browsers")[0]
        environment = {**worker.environ(), **changed, "MANTIS_PROCESS_NAME": "worker-spare"}
        with (self.folder / "spares.log").open("ab") as errors:
            spare = subprocess.Popen(
                [sys.executable, *_SPARE.split()],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self._spares.append(spare)
        assert spare.stdout is not None
        assert spare.stdout.readline() == "ready\n", "the spare worker did not start"

    # -- the disk

    @property
    def _ballast(self) -> Path:
        return self.data_dir / "ballast"

    def fill_disk(self) -> None:
        """Leave no byte free on the data folder's disk."""
        for size in (1 << 20, 65536, 512):
            try:
                with self._ballast.open("ab", buffering=0) as ballast:
                    while True:
                        ballast.write(b"\0" * size)
            except OSError:
                continue

    def free_disk(self) -> None:
        """Take the ballast away."""
        self._ballast.unlink(missing_ok=True)

    # -- what is left

    def leaks(self, within_s: float) -> list[str]:
        """What no run needs any more and is there still after `within_s` seconds."""
        deadline = time.monotonic() + within_s
        while (found := self._leaks()) and time.monotonic() < deadline:
            time.sleep(0.3)
        return found

    def _leaks(self) -> list[str]:
        browsers = [one for one in self._all() if _is_browser(one)]
        zombies = _zombies_of(self.service.process.pid)
        found = [_line(one) for one in browsers] + [f"zombie {pid}" for pid in zombies]
        return found + [str(path) for path in self._session_files()]

    def _all(self) -> list[psutil.Process]:
        """Every process that works in a folder of this stage."""
        return [one for one in psutil.process_iter() if self._is_here(one)]

    def _is_here(self, one: psutil.Process) -> bool:
        folder = str(self.folder)
        try:
            if one.pid == os.getpid() or one.status() == psutil.STATUS_ZOMBIE:
                return False
            given = one.environ().get("MANTIS_DATA_DIR", "")
            return folder in " ".join(one.cmdline()) or given.startswith(folder)
        except psutil.Error:
            return False

    def _session_files(self) -> list[Path]:
        """Of a second host that is drained for good, what is more than a few notes.

        Its session folders are swept by the next worker there.
        """
        profiles = self.folder.glob("host-*/sessions/*/profile")
        sessions = [*self.data_dir.glob("sessions/*"), *profiles]
        return sessions + list(Path(self._runtime.name).glob("**/*.sock"))


def _mount(folder: Path) -> bool:
    """Put a small disk there, where that is permitted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def _records(sessions_dir: Path) -> list[Document]:
    found: list[tuple[float, Document]] = []
    for record in sessions_dir.glob("*/holder.json"):
        try:
            spec = json.loads((record.parent / "holder.spec.json").read_bytes())
            found.append((record.stat().st_mtime, {**spec, **json.loads(record.read_bytes())}))
        except (OSError, ValueError):
            continue
    return [document for _, document in sorted(found, key=lambda one: one[0])]


def _is_browser(process: psutil.Process) -> bool:
    line = _line(process)
    return any(PARTS[part] in line for part in ("holder", "chromium"))


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def _line(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:300]}"
    except psutil.Error:
        return str(process.pid)


def _zombies_of(pid: int) -> list[int]:
    """Dead children that the stack has not asked for."""
    found: list[int] = []
    for process in psutil.process_iter(["status", "ppid"]):
        if process.info["status"] == psutil.STATUS_ZOMBIE and process.info["ppid"] == pid:
            found.append(process.pid)
    return found if os.getpid() != pid else []
