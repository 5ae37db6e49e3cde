"""A run's files in the artifact store, a folder."""

import os
from collections.abc import Mapping
from pathlib import Path


def write_artifacts(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files into a run's folder, each whole or not at all.

    Args:
        folder: made where it is missing.
        files: content by name, UTF-8.

    Raises:
        OSError: the disk is full or can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        part = folder / f".{name}.part"
        part.write_text(content, encoding="utf-8", newline="")
        os.replace(part, folder / name)
