"""Plan files: which names may be used, and reading them.

The one module of this package that touches the disk: the rule of what lies inside the plan
folders and the look at the real path can't be told apart without opening a gap between them.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from plans.errors import PlanFileError
from plans.refusals import short

MAX_PLAN_FILE_BYTES = 4 * 1024 * 1024
"""A plan file larger than this is refused."""

_PLAIN = re.compile(r"[^\x00-\x1f\\:*?\"<>|]{1,512}")
SHIPPED = Path(__file__).resolve().parent.parent
"""The folder that holds the shipped `plans/example` and `tasks`."""

_SHIPPED_FOLDERS = ("plans/example", "tasks")


def plan_path(path: str) -> tuple[str, ...]:
    """The parts of a plan file's name below a plan folder, a leading `plans/` left out.

    Raises:
        PlanFileError: absolute, with `..`, not a `.json` or `.txt` file, or in no subfolder.
    """
    shown = short(path, 80)
    parts = path.strip().split("/")
    if not _PLAIN.fullmatch(path.strip()) or "" in parts or {".", ".."} & set(parts):
        raise PlanFileError(
            f"plan file '{shown}' lies outside the plan folders: name it relative to them"
        )
    if not parts[-1].lower().endswith((".json", ".txt")):
        raise PlanFileError(f"plan file '{shown}' is no .json or .txt file")
    below = parts[1:] if parts[0] == "plans" else parts
    if len(below) < 2:
        raise PlanFileError(f"plan file '{shown}' must lie in a subfolder of the plan folders")
    return tuple(below)


class PlanFolders:
    """Reads plan files from the operator's folders, then from those shipped with Mantis."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)

    def read_plan_file(self, path: str) -> str:
        """The text of a plan file.

        Raises:
            PlanFileError: the name breaks the rules of `plan_path`, there is no such file,
                a link leads out of its folder, or it is not text of a sane size.
        """
        below = plan_path(path)
        for root in self._roots:
            text = _read(root, below, path)
            if text is not None:
                return text
        for folder in _SHIPPED_FOLDERS:
            inside = tuple(folder.removeprefix("plans/").split("/"))
            if below[: len(inside)] == inside and len(below) > len(inside):
                text = _read(SHIPPED / folder, below[len(inside) :], path)
                if text is not None:
                    return text
        raise PlanFileError(f"plan file '{short(path, 80)}' does not exist in the plan folders")


def _read(root: Path, below: Sequence[str], path: str) -> str | None:
    shown = short(path, 80)
    try:
        home = root.resolve(strict=True)
        real = home.joinpath(*below).resolve(strict=True)
        if not real.is_file():
            return None
        if not real.is_relative_to(home):
            raise PlanFileError(f"plan file '{shown}' lies outside the plan folders")
        if real.stat().st_size > MAX_PLAN_FILE_BYTES:
            raise PlanFileError(f"plan file '{shown}' is too large")
        return real.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PlanFileError(f"plan file '{shown}' is not UTF-8 text") from None
    except (OSError, RuntimeError):
        return None
