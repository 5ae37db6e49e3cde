"""Learned locators: which element an intent meant on a kind of page, and how far to trust it."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    case,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Clock, Micros
from ledger.database import Database, insert_or
from ledger.models import Locator, LocatorFilter, LocatorPlace, NewLocator
from ledger.schema import locators
from ledger.text import clean_text
from ledger.whole import whole

TRUSTED_WINS: Final = 2
"""Checked wins after which a locator is trusted, the one it was learned from included."""
MOST_OF_TENANT: Final = 5_000
"""Locators of one tenant; the least recently used of more are forgotten."""
_LAYOUTS: Final = 4
"""Locators of one place, one a layout, that are read."""
_SWEPT: Final = 1_000
_DAY_US: Final = 86_400_000_000

_SHOWN = select(*(column for column in locators.c if column.name != "place"))


class Locators:
    """Reads, learns and forgets locators. Nothing of it is needed for a run to go on."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @whole
    async def find(self, place: LocatorPlace, keep_days: float) -> tuple[Locator, ...]:
        """The locators of a place that were used within `keep_days`, newest first."""
        query = (
            _SHOWN.where(
                locators.c.tenant_id == clean_text(place.tenant_id),
                locators.c.place == _place_key(place),
                locators.c.used_at >= self._clock() - _days(keep_days),
            )
            .order_by(locators.c.used_at.desc(), locators.c.locator_id)
            .limit(_LAYOUTS)
        )
        async with self._database.read() as connection:
            return _locators((await connection.execute(query)).mappings().all())

    @whole
    async def won(self, tenant_id: str, locator_id: str) -> None:
        """Note that a locator led to the right element once more; unknown ones are fine."""
        now = self._clock()
        trusted = and_(locators.c.standing != "quarantined", locators.c.wins + 1 >= TRUSTED_WINS)
        async with self._database.write() as connection:
            await connection.execute(
                update(locators)
                .where(_of(tenant_id, locator_id))
                .values(
                    wins=locators.c.wins + 1,
                    standing=case((trusted, "trusted"), else_=locators.c.standing),
                    used_at=now,
                    won_at=now,
                )
            )

    @whole
    async def lost(self, tenant_id: str, locator_id: str) -> None:
        """Note that it led astray: it is not used any more until it is learned anew."""
        async with self._database.write() as connection:
            await connection.execute(
                update(locators)
                .where(_of(tenant_id, locator_id))
                .values(losses=locators.c.losses + 1, standing="quarantined", used_at=self._clock())
            )

    @whole
    async def learn(self, new: NewLocator, keep_days: float, most: int = MOST_OF_TENANT) -> Locator:
        """Keep what a fresh grounding found and its check has borne out.

        The same fingerprint counts as a further win; another one takes the place of the one
        before, with one win. What has not been used for `keep_days` is forgotten meanwhile,
        and the least recently used of more than `most` of the tenant.
        """
        now = self._clock()
        tenant_id = clean_text(new.place.tenant_id)
        name = locator_id(new.place, new.skeleton)
        async with self._database.write() as connection:
            row = _learned(new, None, now) | {"tenant_id": tenant_id, "locator_id": name}
            written = await connection.execute(insert_or(connection, locators, row))
            if written.rowcount == 1:
                await _sweep(connection, now - _days(keep_days))
                await _keep_newest(connection, tenant_id, most)
            elif (known := await _get(connection, tenant_id, name)) is not None:
                row |= _learned(new, known, now)
                await connection.execute(
                    update(locators).where(_of(tenant_id, name)).values(_changeable(row))
                )
        return Locator.model_validate({k: v for k, v in row.items() if k != "place"})

    @whole
    async def expire(self, keep_days: float) -> int:
        """Forget what was not used for so long, of all tenants; how many went, 1,000 at most."""
        async with self._database.write() as connection:
            return await _sweep(connection, self._clock() - _days(keep_days))

    @whole
    async def page(
        self, wanted: LocatorFilter, after: Locator | None = None, limit: int = 1_000
    ) -> tuple[Locator, ...]:
        """Some of the locators meant, by tenant and id; `after` is the last one seen."""
        query = _SHOWN.where(*_meant(wanted))
        if after is not None:
            query = query.where(
                tuple_(locators.c.tenant_id, locators.c.locator_id)
                > tuple_(after.tenant_id, after.locator_id)
            )
        query = query.order_by(locators.c.tenant_id, locators.c.locator_id).limit(limit)
        async with self._database.read() as connection:
            return _locators((await connection.execute(query)).mappings().all())

    @whole
    async def purge(self, wanted: LocatorFilter) -> int:
        """Forget the locators meant; how many went."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(locators).where(*_meant(wanted)))
        return gone.rowcount

    @whole
    async def count(self, wanted: LocatorFilter) -> int:
        """How many are meant."""
        query = select(func.count()).select_from(locators).where(*_meant(wanted))
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    @whole
    async def put(self, rows: Sequence[Locator]) -> int:
        """Take in locators that were exported, all or none; how many were taken.

        Those that are there are replaced, but for quarantined ones: they stay as they are.
        """
        taken = 0
        async with self._database.write() as connection:
            for one in rows:
                place = LocatorPlace(
                    tenant_id=one.tenant_id,
                    site=one.site,
                    page=one.page,
                    intent=one.intent,
                    step_type=one.step_type,
                )
                name = locator_id(place, one.skeleton)
                known = await _get(connection, one.tenant_id, name)
                if known is not None and known.standing == "quarantined":
                    continue
                row = one.model_dump() | {"locator_id": name, "place": _place_key(place)}
                await connection.execute(insert_or(connection, locators, row, _changeable(row)))
                taken += 1
        return taken


def locator_id(place: LocatorPlace, skeleton: str) -> str:
    """The name of the one locator that a tenant has for this place and layout."""
    return _digest((place.site, place.page, place.step_type, place.intent, skeleton))


def _place_key(place: LocatorPlace) -> str:
    return _digest((place.site, place.page, place.step_type, place.intent))


def _digest(parts: Iterable[str]) -> str:
    return sha256("\x1f".join(clean_text(part) for part in parts).encode()).hexdigest()[:32]


def _learned(new: NewLocator, known: Locator | None, now: Micros) -> dict[str, object]:
    again = (
        known is not None
        and known.standing != "quarantined"
        and (known.act, known.fingerprint) == (new.act, new.fingerprint)
    )
    wins = known.wins + 1 if known is not None and again else 1
    return {
        "place": _place_key(new.place),
        "site": new.place.site,
        "page": new.place.page,
        "skeleton": new.skeleton,
        "intent": new.place.intent,
        "step_type": new.place.step_type,
        "act": new.act,
        "fingerprint": new.fingerprint,
        "standing": "trusted" if wins >= TRUSTED_WINS else "new",
        "wins": wins,
        "losses": known.losses if known is not None else 0,
        "created_at": known.created_at if known is not None else now,
        "used_at": now,
        "won_at": now,
    }


def _changeable(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in ("tenant_id", "locator_id")}


async def _get(connection: AsyncConnection, tenant_id: str, name: str) -> Locator | None:
    found = await connection.execute(_SHOWN.where(_of(tenant_id, name)).with_for_update())
    row = found.mappings().one_or_none()
    return None if row is None else Locator.model_validate(dict(row))


async def _sweep(connection: AsyncConnection, before: Micros) -> int:
    """Forget some of what was last used before; rows another transaction is at are left."""
    identity = (locators.c.tenant_id, locators.c.locator_id)
    expired = (
        select(*identity)
        .where(locators.c.used_at < before)
        .order_by(locators.c.used_at)
        .limit(_SWEPT)
        .with_for_update(skip_locked=True)
    )
    gone = await connection.execute(delete(locators).where(tuple_(*identity).in_(expired)))
    return gone.rowcount


async def _keep_newest(connection: AsyncConnection, tenant_id: str, most: int) -> None:
    count = select(func.count()).select_from(locators).where(locators.c.tenant_id == tenant_id)
    if (await connection.execute(count)).scalar_one() <= most:
        return
    kept = (
        select(locators.c.locator_id)
        .where(locators.c.tenant_id == tenant_id)
        .order_by(locators.c.used_at.desc(), locators.c.locator_id)
        .limit(most)
    )
    await connection.execute(
        delete(locators).where(
            locators.c.tenant_id == tenant_id, locators.c.locator_id.not_in(kept)
        )
    )


def _of(tenant_id: str, name: str) -> ColumnElement[bool]:
    return and_(locators.c.tenant_id == clean_text(tenant_id), locators.c.locator_id == name)


def _meant(wanted: LocatorFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.tenant_id is not None:
        conditions.append(locators.c.tenant_id == clean_text(wanted.tenant_id))
    if wanted.site is not None:
        conditions.append(locators.c.site == clean_text(wanted.site))
    if wanted.standing is not None:
        conditions.append(locators.c.standing == wanted.standing)
    if wanted.used_before is not None:
        conditions.append(locators.c.used_at < wanted.used_before)
    return conditions


def _locators(rows: Sequence[RowMapping]) -> tuple[Locator, ...]:
    return tuple(Locator.model_validate(dict(row)) for row in rows)


def _days(days: float) -> int:
    return round(days * _DAY_US)
