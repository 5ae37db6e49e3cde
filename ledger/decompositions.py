"""Plans in words as decomposed: kept by tenant, words, model and prompt; put into their runs."""

from pydantic import JsonValue
from sqlalchemy import select, update

from ledger.clock import Clock
from ledger.content import in_words
from ledger.database import Database, insert_or
from ledger.events import append_locked
from ledger.models import Decomposition, NewDecomposition, NewEvent
from ledger.run_rows import is_run, load_run
from ledger.schema import decompositions, runs
from ledger.text import clean_text
from ledger.whole import whole


class Decompositions:
    """Reads and keeps decomposed plans, and gives them to runs."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @whole
    async def get(
        self, tenant_id: str, words: str, model: str, prompt_version: str
    ) -> Decomposition | None:
        """What the model made of these words, None where it was not asked yet.

        Args:
            tenant_id: the tenant.
            words: the plan's `plans.words.words_key`.
            model: who decomposes.
            prompt_version: with which prompt.
        """
        query = select(decompositions).where(
            decompositions.c.tenant_id == clean_text(tenant_id),
            decompositions.c.words == words,
            decompositions.c.model == clean_text(model),
            decompositions.c.prompt_version == clean_text(prompt_version),
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().one_or_none()
        return None if found is None else Decomposition.model_validate(dict(found))

    @whole
    async def put(self, new: NewDecomposition) -> None:
        """Keep what a model made of a plan in words; the first one stays."""
        row = {**new.model_dump(), "created_at": self._clock()}
        async with self._database.write() as connection:
            await connection.execute(insert_or(connection, decompositions, row))

    @whole
    async def give(self, tenant_id: str, run_id: str, plan: JsonValue, event: NewEvent) -> bool:
        """Have a run that was submitted in words go on with its steps, and tell so, once.

        Args:
            tenant_id: the tenant.
            run_id: the run.
            plan: the document of the plan that runs, clamped.
            event: tells of it.

        Returns:
            whether this call did it: not for a run that has steps already, or is over.

        Raises:
            UnknownRun: there is no such run.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = await load_run(connection, tenant_id, run_id, lock=True)
            if row.status.terminal or not in_words(row.plan):
                return False
            await connection.execute(
                update(runs).where(is_run(tenant_id, run_id)).values(plan=plan, updated_at=now)
            )
            await append_locked(connection, tenant_id, run_id, [event], row.last_event_at, now)
            return True
