"""Works that wait for the same lock are done in one transaction, with one commit.

A commit costs a write to the disk, and a lock that is passed on costs a turn of the event
loop; where many wait, both are shared. A work is a function of what the database says: where
the transaction of several fails, each of them is done again by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.errors import LedgerAway

T = TypeVar("T")
Work = Callable[[AsyncConnection], Coroutine[None, None, T]]
"""What is done with a connection; it awaits nothing but statements of that connection."""

MOST = 64
"""Works of one transaction, at most: the others' wait must not grow without end."""


class Step(Protocol):
    """A work without the type of what it answers."""

    async def take(self, connection: AsyncConnection) -> None:
        """Do it; what it answers is told only after the commit."""
        ...

    def tell(self) -> None:
        """Tell whoever waits what it answered."""
        ...

    def fail(self, fault: BaseException) -> None:
        """Tell whoever waits that it could not be done."""
        ...


class _Asked(Generic[T]):
    def __init__(self, work: Work[T]) -> None:
        self.done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._work = work
        self._answers: list[T] = []

    async def take(self, connection: AsyncConnection) -> None:
        self._answers = [await self._work(connection)]

    def tell(self) -> None:
        if not self.done.done():
            self.done.set_result(self._answers[0])

    def fail(self, fault: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(fault)


class Together:
    """The works that wait for one lock."""

    def __init__(self, transact: Callable[[Sequence[Step]], Awaitable[None]]) -> None:
        """Make the queue of a lock.

        Args:
            transact: takes the lock, takes all steps in one transaction, and commits.
        """
        self._transact = transact
        self._waiting: list[Step] = []
        self._at_work: asyncio.Task[None] | None = None

    async def run(self, work: Work[T]) -> T:
        """Do a work in the next transaction; answers when it is committed.

        Raises:
            LedgerAway: the database can't be reached.
        """
        asked = _Asked(work)
        self._waiting.append(asked)
        if self._at_work is None:
            self._at_work = asyncio.create_task(self._work_off())
        return await asked.done

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    await self._carry_out(batch)
                except asyncio.CancelledError as cancelled:
                    for one in (*batch, *self._waiting):
                        one.fail(cancelled)
                    self._waiting.clear()
                    raise
        finally:
            self._at_work = None

    async def _carry_out(self, batch: Sequence[Step]) -> None:
        try:
            await self._transact(batch)
        except LedgerAway as away:
            for one in batch:
                one.fail(away)
        except Exception as fault:  # it is the fault of one of them, who is told
            if len(batch) == 1:
                batch[0].fail(fault)
                return
            for one in batch:
                await self._carry_out([one])
        else:
            for one in batch:
                one.tell()


class Inline:
    """A synchronous connection that looks like an asynchronous one: it never suspends."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """The database's dialect."""
        return self._connection.dialect

    async def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, object] | Sequence[Mapping[str, object]] | None = None,
    ) -> CursorResult[*tuple[object, ...]]:
        """Execute at once."""
        return self._connection.execute(statement, parameters)


def drive(work: Coroutine[None, None, None]) -> None:
    """Run a coroutine that never suspends, without an event loop."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("a work awaited something other than its connection")
