"""What a check of a plan finds."""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum

from plans.step import Frozen


class Level(StrEnum):
    """How bad it is: refused at the door, likely not meant, or good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Problem(Frozen):
    """One finding. `place` is where: `step 3`, `task 0`, `runtime`, `plan`."""

    level: Level
    place: str
    message: str
    way_out: str = ""


class Findings(Frozen):
    """All findings on a plan, in the order of its steps."""

    kind: str
    """`micro-plan`, `task suite`, `plan in words`, or `nothing` where none could be read."""
    name: str
    steps: int
    inputs: tuple[str, ...]
    """Placeholders that the caller must give."""
    hosts: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def acceptable(self) -> bool:
        """Whether the door would take it."""
        return not any(problem.level is Level.ERROR for problem in self.problems)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems of the whole first, then those of each step or task."""

    def place(problem: Problem) -> int:
        kind, _, number = problem.place.partition(" ")
        return int(number) if kind in ("step", "task") and number.isdigit() else -1

    return tuple(sorted(problems, key=place))


def error(place: str, message: str, way_out: str = "") -> Problem:
    """What the door refuses."""
    return Problem(level=Level.ERROR, place=place, message=message, way_out=way_out)


def warning(place: str, message: str, way_out: str = "") -> Problem:
    """What is accepted and likely not meant."""
    return Problem(level=Level.WARNING, place=place, message=message, way_out=way_out)


def note(place: str, message: str, way_out: str = "") -> Problem:
    """What is good to know."""
    return Problem(level=Level.NOTE, place=place, message=message, way_out=way_out)


def meant(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` where a known word is close, else nothing."""
    found = get_close_matches(word[:60].lower(), list(known), n=1, cutoff=0.6)
    return f"did you mean '{found[0]}'?" if found else ""
