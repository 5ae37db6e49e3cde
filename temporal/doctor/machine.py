"""Looks at what the machine gives: folders, room, limits, programs."""

import os
import resource
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from temporal.doctor.finding import Finding, hint, missing, ok, size

API_PORT = 8000
ENOUGH_DISK, LITTLE_DISK = 2**30, 200 * 2**20
ENOUGH_TMP = 500 * 2**20
ENOUGH_MEMORY = 2**30
ENOUGH_SHARED_MEMORY = 512 * 2**20
ENOUGH_FILES, LITTLE_FILES = 4096, 512
LONGEST_SOCKET_FOLDER = 80
PROGRAM_PATIENCE_S = 10.0

_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
_FONT_KINDS = (".ttf", ".otf", ".ttc", ".pfb")


def data_folder(folder: Path) -> Iterator[Finding]:
    """Whether the data folder, or where it would be made, can be written and has room."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        way_out = "choose a folder with MANTIS_DATA_DIR or --data-dir"
        yield missing("data folder", f"{place} is no folder", way_out)
        return
    refused = _refuses_to_write(place)
    if refused is not None:
        way_out = "give this user the right to write there, or set MANTIS_DATA_DIR"
        yield missing("data folder", f"{place}: {refused}", way_out)
    elif place == folder.absolute():
        yield ok("data folder", f"{place} can be written")
    else:
        yield ok("data folder", f"{folder.absolute()} is made at the first start")
    free = shutil.disk_usage(place).free
    way_out = "make room there, or set MANTIS_DATA_DIR to another disk"
    if free < LITTLE_DISK:
        yield missing("disk", f"{size(free)} free", way_out)
    elif free < ENOUGH_DISK:
        yield hint("disk", f"{size(free)} free: profiles and recordings need more", way_out)
    else:
        yield ok("disk", f"{size(free)} free")


def temporary_folder(runtime_dir: Path) -> Iterator[Finding]:
    """Whether there is room for what browsers and sessions keep for a moment."""
    try:
        place = Path(tempfile.gettempdir())
    except FileNotFoundError:
        yield missing("tmp", "no temporary folder can be written", "set TMPDIR to one that can")
        return
    free = shutil.disk_usage(place).free
    if free < ENOUGH_TMP:
        yield hint("tmp", f"{place}: {size(free)} free", "make room there, or set TMPDIR")
    else:
        yield ok("tmp", f"{place}: {size(free)} free")
    if len(str(runtime_dir)) > LONGEST_SOCKET_FOLDER:
        way_out = "set MANTIS_RUNTIME_DIR to a shorter path"
        yield missing("sockets", f"{runtime_dir} is too long for control sockets", way_out)


def shared_memory(place: Path = Path("/dev/shm")) -> Finding:
    """Whether pages find shared memory; without, Chromium uses the temporary folder."""
    try:
        free = shutil.disk_usage(place).free
    except OSError:
        return ok("shared memory", "of the system's own kind")
    if free < ENOUGH_SHARED_MEMORY:
        way_out = "in a container: --shm-size=1g"
        return hint("shared memory", f"{place}: {size(free)} free, pages are slower", way_out)
    return ok("shared memory", f"{place}: {size(free)} free")


def limits() -> Iterator[Finding]:
    """Open files and memory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < LITTLE_FILES:
        yield missing("open files", f"at most {soft}", f"ulimit -n {ENOUGH_FILES}")
    elif soft < ENOUGH_FILES:
        most = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
        detail = f"at most {soft} (could be {most}): few browsers at once"
        yield hint("open files", detail, f"ulimit -n {ENOUGH_FILES}")
    else:
        yield ok("open files", f"at most {soft}")
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = os.cpu_count() or 1
    detail = f"{size(total)}, {cores} core{'s' if cores > 1 else ''}"
    if total < ENOUGH_MEMORY:
        yield hint("memory", f"{detail}: enough for one browser at best", "give it 2 GiB")
    else:
        yield ok("memory", detail)


def fonts() -> Finding:
    """Whether pages can be drawn with letters."""
    found = 0
    for folder in _FONT_FOLDERS:
        for _, _, names in os.walk(Path(folder).expanduser()):
            found += sum(name.lower().endswith(_FONT_KINDS) for name in names)
    if not found:
        way_out = "apt-get install fonts-liberation (or your system's fonts)"
        return hint("fonts", "none found: screenshots show boxes for letters", way_out)
    return ok("fonts", f"{found} files")


def ffmpeg() -> Finding:
    """Whether recordings can be made."""
    path = shutil.which("ffmpeg")
    if path is None:
        way_out = "apt-get install ffmpeg; without it runs complete and record_video has no video"
        return hint("ffmpeg", "not found", way_out)
    told = run_program([path, "-version"])
    if not told.startswith("ffmpeg"):
        return hint("ffmpeg", f"{path} does not run", "install it anew: apt-get install ffmpeg")
    return ok("ffmpeg", " ".join(told.split()[:3]))


def api_port(port: int = API_PORT) -> Finding:
    """Whether the API's usual port is free."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        way_out = "if that is not a running Mantis: mantis serve --port 0 takes a free one"
        return hint("port", f"{port} is taken ({error.strerror})", way_out)
    return ok("port", f"{port} is free")


def user() -> Finding:
    """Who the browsers run as."""
    if os.geteuid() == 0:
        way_out = "run as another user where pages may be hostile"
        return hint("user", "root: Chromium runs without its own sandbox", way_out)
    return ok("user", "not root: Chromium runs in its sandbox")


def run_program(command: list[str]) -> str:
    """The first line that a program says, empty where it doesn't run."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=PROGRAM_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else ""


def _refuses_to_write(folder: Path) -> str | None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or "can't be written"
