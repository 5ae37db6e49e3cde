"""What the ledger keeps of an element that an intent meant. Times are microseconds."""

from typing import Literal

from pydantic import Field

from ledger.models.runs import Document
from ledger.text import Key
from plans.step import Frozen

LocatorStanding = Literal["new", "trusted", "quarantined"]


class LocatorPlace(Frozen):
    """Where an intent is asked: a tenant's site, one of its kinds of page, and the intent.

    `page` is the page's address with all that varies abstracted, `intent` the normalised words
    with the names of their placeholders; neither holds a value.
    """

    tenant_id: str
    site: Key
    page: Key
    intent: Key
    step_type: str


class NewLocator(Frozen):
    """A locator that was found to work. `skeleton` tells layouts of one kind of page apart."""

    place: LocatorPlace
    skeleton: str
    act: str
    fingerprint: Document


class Locator(Frozen):
    """A locator as kept.

    `wins` counts acts that were checked, the one it was learned from included; `used_at` is
    its latest win or loss, `won_at` the latest win.
    """

    tenant_id: str
    locator_id: str
    site: str
    page: str
    skeleton: str
    intent: str
    step_type: str
    act: str
    fingerprint: Document
    standing: LocatorStanding
    wins: int = Field(ge=0)
    losses: int = Field(ge=0)
    created_at: int = Field(ge=0)
    used_at: int = Field(ge=0)
    won_at: int | None = Field(default=None, ge=0)


class LocatorFilter(Frozen):
    """Which locators are meant; None: whichever. `used_before` in microseconds."""

    tenant_id: str | None = None
    site: str | None = None
    standing: LocatorStanding | None = None
    used_before: int | None = None
