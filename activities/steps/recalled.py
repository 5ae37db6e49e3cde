"""Locators as the ledger holds them, made ready for the memory tier."""

from collections.abc import Sequence

from inference.decisions import Decision
from inference.memory.fingerprints import filled
from inference.memory.locator import Fingerprint, Remembered, Standing
from inference.memory.naming import Naming
from inference.observation import Observation
from ledger.models import Locator


def remembered(one: Locator, naming: Naming) -> Remembered:
    """A locator with this run's values in the place of their names."""
    return Remembered(
        key=one.locator_id,
        act=one.act,
        fingerprint=filled(Fingerprint.model_validate(one.fingerprint), naming),
        standing=Standing(one.standing),
        wins=one.wins,
        losses=one.losses,
    )


def act_of(observation: Observation, decision: Decision) -> tuple[object, ...]:
    """An act and its element, the same in two looks at a page."""
    if decision.ref is None:
        return (decision.act, decision.point)
    one = observation.element(decision.ref)
    return (decision.act, one.frame, one.role, one.name, one.path, one.records)


def ranked(found: Sequence[Locator], layout: str) -> list[Locator]:
    """Those of this layout first, then the more trusted ones."""
    return sorted(found, key=lambda one: (one.skeleton != layout, one.standing != "trusted"))


def of_layout(found: Sequence[Locator], layout: str) -> Locator | None:
    """The one learned on a page of this layout."""
    return next((one for one in found if one.skeleton == layout), None)
