"""Finding a Chromium on this machine."""

import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from activities.errors import ChromiumMissing

_UNWRAPPED = {Path("/usr/bin/chromium"): Path("/usr/lib/chromium/chromium")}
"""Debian's command is a shell script around this binary; the binary starts 0.2 s sooner."""

_CHANNEL_CHROME = {
    "Linux": Path("/opt/google/chrome/chrome"),
    "Darwin": Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
}

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_PLAYWRIGHT_CACHES = {
    "Linux": Path(".cache/ms-playwright"),
    "Darwin": Path("Library/Caches/ms-playwright"),
}

_PLAYWRIGHT_BINARIES = (
    "chrome-linux64/chrome",
    "chrome-linux/chrome",
    "chrome-mac/Chromium.app/Contents/MacOS/Chromium",
    "chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
)


def find_chromium(configured: Path | None, home: Path | None = None) -> Path:
    """The Chromium to run: the configured one, Playwright's own, Chrome, or one on PATH.

    Args:
        configured: the operator's choice (`MANTIS_CHROME_PATH`); nothing else is tried then.
        home: where Playwright's cache is looked for; the user's home by default.

    Raises:
        ChromiumMissing: there is none; the message says how to install one.
    """
    if configured is not None:
        if configured.is_file():
            return _UNWRAPPED.get(configured, configured)
        raise ChromiumMissing(
            f"MANTIS_CHROME_PATH names {configured}, which is no file: correct it or unset it"
        )
    for candidate in _candidates(home or Path.home()):
        if candidate.is_file():
            return candidate
    raise ChromiumMissing(
        "no Chromium found: run `playwright install chromium` or `apt-get install chromium`, "
        "or name one in MANTIS_CHROME_PATH"
    )


def _candidates(home: Path) -> Iterator[Path]:
    system = platform.system()
    cache = _PLAYWRIGHT_CACHES.get(system)
    if cache is not None:
        yield from _playwright_builds(home / cache)
    channel = _CHANNEL_CHROME.get(system)
    if channel is not None:
        yield channel
    for command in _COMMANDS:
        found = shutil.which(command)
        if found is not None:
            path = Path(found)
            unwrapped = _UNWRAPPED.get(path)
            if unwrapped is not None:
                yield unwrapped
            yield path


def _playwright_builds(cache: Path) -> Iterator[Path]:
    """Playwright's full Chromium builds, newest first."""

    def build_number(folder: Path) -> int:
        digits = re.search(r"\d+$", folder.name)
        return int(digits.group()) if digits else 0

    for folder in sorted(cache.glob("chromium-*"), key=build_number, reverse=True):
        for binary in _PLAYWRIGHT_BINARIES:
            yield folder / binary
