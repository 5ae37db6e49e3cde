"""The items of lists that a run has visited: each is claimed by one click, once."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.database import Database
from ledger.events import lock_run
from ledger.models import ClaimedItem, ItemKey, ItemMark
from ledger.schema import run_visited
from ledger.text import short_key
from ledger.whole import whole

_SHOWN = select(
    run_visited.c.item_key.label("key"),
    run_visited.c.url,
    run_visited.c.title,
    run_visited.c.list_url,
    run_visited.c.status,
)


class Items:
    """Claims and reads visited items. A scope is one list of a run, such as a loop's index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def claim(
        self,
        tenant_id: str,
        run_id: str,
        scope: str,
        owner: str,
        candidates: Sequence[ItemKey],
        list_url: str,
    ) -> ClaimedItem | None:
        """Give `owner` the first candidate that nobody has claimed in this scope.

        The same owner asking again gets the same item. None: all candidates are claimed.

        Raises:
            UnknownRun: there is no such run.
        """
        scope, owner = short_key(scope), short_key(owner)
        async with self._database.write() as connection:
            await lock_run(connection, tenant_id, run_id)
            own = await connection.execute(
                _SHOWN.where(_in(tenant_id, run_id, scope), run_visited.c.owner == owner)
            )
            if (mine := own.mappings().one_or_none()) is not None:
                return ClaimedItem.model_validate(dict(mine))
            taken = await _taken(connection, tenant_id, run_id, scope)
            free = (item for item in candidates if item.key not in taken)
            if (chosen := next(free, None)) is None:
                return None
            last = await connection.execute(
                select(func.coalesce(func.max(run_visited.c.seq), 0)).where(
                    run_visited.c.tenant_id == tenant_id, run_visited.c.run_id == run_id
                )
            )
            await connection.execute(
                insert(run_visited).values(
                    tenant_id=tenant_id,
                    run_id=run_id,
                    scope=scope,
                    item_key=chosen.key,
                    seq=last.scalar_one() + 1,
                    owner=owner,
                    url=chosen.url,
                    title=chosen.title,
                    list_url=list_url,
                    status="claimed",
                )
            )
            return ClaimedItem(
                key=chosen.key,
                url=chosen.url,
                title=chosen.title,
                list_url=list_url,
                status="claimed",
            )

    @whole
    async def visited(self, tenant_id: str, run_id: str, scope: str) -> frozenset[str]:
        """Keys of the items claimed in this scope, as `ItemKey` holds them."""
        async with self._database.read() as connection:
            return await _taken(connection, tenant_id, run_id, scope)

    @whole
    async def newest(self, tenant_id: str, run_id: str, scope: str) -> ClaimedItem | None:
        """The item that was claimed last in this scope."""
        query = _SHOWN.where(_in(tenant_id, run_id, short_key(scope)))
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(run_visited.c.seq.desc()).limit(1))
            row = found.mappings().one_or_none()
        return None if row is None else ClaimedItem.model_validate(dict(row))

    @whole
    async def last_list_url(
        self, tenant_id: str, run_id: str, scope: str | None = None
    ) -> str | None:
        """URL of the list that the newest claim of the run (or of a scope) was made on."""
        query = select(run_visited.c.list_url).where(
            run_visited.c.tenant_id == tenant_id, run_visited.c.run_id == run_id
        )
        if scope is not None:
            query = query.where(run_visited.c.scope == scope)
        async with self._database.read() as connection:
            newest = await connection.execute(query.order_by(run_visited.c.seq.desc()).limit(1))
            return newest.scalar_one_or_none()

    @whole
    async def mark(self, tenant_id: str, run_id: str, mark: ItemMark) -> None:
        """Note what became of an item outside of a step's record."""
        async with self._database.write() as connection:
            await mark_item(connection, tenant_id, run_id, mark)


async def mark_item(
    connection: AsyncConnection, tenant_id: str, run_id: str, mark: ItemMark
) -> None:
    """Set the status of the item that the mark's owner has claimed; none claimed is fine."""
    await connection.execute(
        update(run_visited)
        .where(_in(tenant_id, run_id, mark.scope), run_visited.c.owner == mark.owner)
        .values(status=mark.status)
    )


async def _taken(
    connection: AsyncConnection, tenant_id: str, run_id: str, scope: str
) -> frozenset[str]:
    found = await connection.execute(
        select(run_visited.c.item_key).where(_in(tenant_id, run_id, scope))
    )
    return frozenset(found.scalars().all())


def _in(tenant_id: str, run_id: str, scope: str) -> ColumnElement[bool]:
    return and_(
        run_visited.c.tenant_id == tenant_id,
        run_visited.c.run_id == run_id,
        run_visited.c.scope == scope,
    )
