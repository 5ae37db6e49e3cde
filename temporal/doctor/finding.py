"""What the doctor finds."""

from enum import StrEnum

from plans.step import Frozen


class State(StrEnum):
    """`ok`; `hint`: works, with less; `missing`: runs can't be carried out without it."""

    OK = "ok"
    HINT = "hint"
    MISSING = "missing"


class Finding(Frozen):
    """One look at one thing. `way_out` says how to get it, empty where nothing is needed."""

    name: str
    state: State
    detail: str
    way_out: str = ""


def ok(name: str, detail: str) -> Finding:
    """It is as it should be."""
    return Finding(name=name, state=State.OK, detail=detail)


def hint(name: str, detail: str, way_out: str) -> Finding:
    """It works, with less."""
    return Finding(name=name, state=State.HINT, detail=detail, way_out=way_out)


def missing(name: str, detail: str, way_out: str) -> Finding:
    """Runs can't be carried out like this."""
    return Finding(name=name, state=State.MISSING, detail=detail, way_out=way_out)


def size(count: int) -> str:
    """Bytes for a person."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
