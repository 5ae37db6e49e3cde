"""A learned locator: which element an intent meant on a page like this one."""

from enum import StrEnum
from typing import Final

from plans.step import Frozen

ANY: Final = "*"
"""In the place of a text that differed between two acts that were both right."""


class Standing(StrEnum):
    """How far a locator is trusted."""

    NEW = "new"
    """Worked once; used when it matches, but its win still has to be repeated."""
    TRUSTED = "trusted"
    QUARANTINED = "quarantined"
    """It led astray: not used until a fresh grounding learns it anew."""


class FieldPlace(Frozen):
    """Where a field of a record was read; never its value.

    `source` as in `FieldValue`, `path` the tags and classes down to the element, `label` what
    names the value there.
    """

    field: str
    source: str
    path: str
    label: str


class Fingerprint(Frozen):
    """What an element looked like when it was acted on; never its value.

    `hints` is what the markup calls it (id, name, classes, test id), `label` the text beside
    a thing without a name, `href` the kind of page it leads to, `anchor` the words of the
    intent that single out its record among the like. `alone`: nothing else on the page had its
    name and role, so that what is around it may change. `frame` is the site of its frame where
    that is not the page's. `fields` are the places of a record's
    fields, of which there is no single element. Texts are folded; numbers in those around it
    are left out of account.
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
    frame: str = ""
    column: str = ""
    anchor: str = ""
    alone: bool = True
    fields: tuple[FieldPlace, ...] = ()


class Remembered(Frozen):
    """A locator as the ledger hands it out. `act` is the kind of act that worked on it."""

    key: str
    act: str
    fingerprint: Fingerprint
    standing: Standing
    wins: int = 0
    losses: int = 0
