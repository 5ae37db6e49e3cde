"""Files that pages hand out, kept in the session's folder."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Download, Error

from plans.step import Frozen

_NAME_LIMIT = 120
_UNSAFE = re.compile(r"[^\w.\- ()]+")


class DownloadedFile(Frozen):
    """A finished download; `name` is that of the file in the session's downloads folder."""

    name: str
    path: Path
    url: str
    size: int


class Downloads:
    """Saves the downloads of a session into `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: list[DownloadedFile] = []
        self._saving: set[asyncio.Task[None]] = set()
        self._names: set[str] = {entry.name for entry in folder.iterdir()}

    @property
    def files(self) -> tuple[DownloadedFile, ...]:
        """What was saved, oldest first."""
        return tuple(self._files)

    def take(self, download: Download) -> None:
        """Save a download once it is complete; a failed one is left out."""
        name = self._free_name(download.suggested_filename)
        task = asyncio.create_task(self._save(download, name))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    async def finished(self, timeout_s: float) -> tuple[DownloadedFile, ...]:
        """The files, after waiting up to `timeout_s` for those under way."""
        if self._saving:
            await asyncio.wait(self._saving, timeout=timeout_s)
        return self.files

    async def abandon(self) -> None:
        """Wait for none of those under way."""
        tasks = tuple(self._saving)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _save(self, download: Download, name: str) -> None:
        path = self.folder / name
        try:
            await download.save_as(path)
        except Error:
            # Cancelled or interrupted: there is no file.
            self._names.discard(name)
            return
        size = path.stat().st_size
        self._files.append(DownloadedFile(name=name, path=path, url=download.url, size=size))

    def _free_name(self, suggested: str) -> str:
        name = safe_name(suggested)
        stem, dot, suffix = name.rpartition(".")
        free, number = name, 1
        while free in self._names:
            free = f"{stem} ({number}){dot}{suffix}" if stem else f"{name} ({number})"
            number += 1
        self._names.add(free)
        return free


def safe_name(suggested: str) -> str:
    """A file name without folders, control characters or leading dots, 120 characters at most."""
    base = re.split(r"[/\\]", suggested)[-1]
    name = _UNSAFE.sub("_", base).strip(" .") or "download"
    stem, dot, suffix = name.rpartition(".")
    if len(name) <= _NAME_LIMIT:
        return name
    if not stem or len(suffix) > 16:
        return name[:_NAME_LIMIT]
    return stem[: _NAME_LIMIT - len(suffix) - 1] + dot + suffix
