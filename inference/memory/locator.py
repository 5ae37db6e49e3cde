"""A learned locator: which element an intent meant on a page like this one."""

from enum import StrEnum

from plans.step import Frozen


class Standing(StrEnum):
    """How far a locator is trusted."""

    NEW = "new"
    """Worked once; used when it matches, but its win still has to be repeated."""
    TRUSTED = "trusted"
    QUARANTINED = "quarantined"
    """It led astray: not used until a fresh grounding learns it anew."""


class Fingerprint(Frozen):
    """What an element looked like when it was acted on; never its value.

    `path` is its place from the nearest stable ancestor, `hints` what the markup calls it
    (id, name, classes, test id), `anchor` the text that told it apart from its like.
    """

    tag: str
    role: str
    type: str = ""
    name: str = ""
    placeholder: str = ""
    href: str = ""
    hints: tuple[str, ...] = ()
    label: str = ""
    heading: str = ""
    group: str = ""
    region: str = ""
    column: str = ""
    anchor: str = ""
    path: str = ""
    ordinal: int = -1


class Remembered(Frozen):
    """A locator as the ledger hands it out. `act` is the kind of act that worked on it."""

    key: str
    act: str
    fingerprint: Fingerprint
    standing: Standing
    wins: int = 0
    losses: int = 0
