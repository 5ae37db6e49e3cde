import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from ledger.database import Database
from ledger.ledger import Ledger
from ledger.migrate import make_config, migrate
from ledger.models import NewRun, Reserved, Spent
from ledger.schema import metadata
from plans.calls import Money

ROOT = Path(__file__).parents[2]
OPEN_AND_APPEND = """
import asyncio, sys
from ledger.ledger import Ledger
from ledger.models import NewEvent

async def main(url, name):
    ledger = await Ledger.open(url)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for number in range(20):
        event = NewEvent(dedup_key=f"{name}:{number}", kind="log")
        await ledger.events.append("acme", "20260101_000000_0000abcd", [event])
    await ledger.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_the_migrations_lead_to_the_schema(ledger: Ledger, url: str):
    database = Database(url)
    async with database.read() as connection:
        difference = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    await database.close()
    assert difference == []


INSERT_OLD = """
INSERT INTO runs (
    tenant_id, run_id, status, phase, plan, plan_name, payload, signature, state_key, perception,
    max_cost_micro, max_time_ms, max_run_steps, created_at, updated_at, last_event_at, message,
    cancel_requested
) VALUES (
    'acme', 'old', 'queued', 'queued', '[]', '', '{}', '', 'k', 'auto', 1, 1, 1, 5, 5, 5, '', FALSE
)
"""


async def test_runs_of_an_older_ledger_are_kept(url: str):
    database = Database(url)
    await migrate(database)
    async with database.write() as connection:
        await connection.run_sync(_migrate_to, "0001")
        await connection.execute(text(INSERT_OLD))
    await database.close()
    ledger = await Ledger.open(url)
    row = await ledger.runs.get("acme", "old")
    page = await ledger.runs.page("acme", None, 5, None)
    await ledger.close()
    assert row is not None
    assert (row.released, row.callback_url, row.allowed_hosts) == (True, None, ())
    assert (row.resumed_from, row.state, row.pause_requested) == (None, None, False)
    assert page.runs == (row,)


INSERT_CALL = """
INSERT INTO model_calls (
    tenant_id, run_id, call_id, step_index, tier, model, kind, state, reserved_micro, tries,
    open_tries, accounted, gpu_micro, claude_micro, proxy_micro, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, gpu_ms, images, answer, created_at, settled_at
) VALUES (
    'acme', 'old', 'old/claude/x', 0, 'claude', 'm', 'ground', 'reserved', 400, 3,
    2, '[2]', 0, 50, 0, 0, 0, 0, 0, 0, 0, '', 5, 6
)
"""


async def test_what_an_older_ledger_holds_against_a_budget_stays_held(url: str):
    database = Database(url)
    await migrate(database)
    async with database.write() as connection:
        await connection.run_sync(_migrate_to, "0006")
        await connection.execute(text(INSERT_OLD))
        await connection.execute(text(INSERT_CALL))
    await database.close()
    ledger = await Ledger.open(url)
    held = await ledger.spending.spent("acme", "old")
    lost = Reserved(tenant_id="acme", run_id="old", call_id="old/claude/x", attempt=1)
    await ledger.spending.release(lost, None, Money())
    left = await ledger.spending.spent("acme", "old")
    await ledger.close()
    assert held == Spent(cost=Money(claude=50), held=800)
    assert left == Spent(cost=Money(claude=50), held=400)


def _migrate_to(connection: Connection, revision: str) -> None:
    config = make_config()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


async def test_many_may_open_an_empty_database_at_once(url: str):
    ledgers = await asyncio.gather(*(Ledger.open(url) for _ in range(6)))
    for ledger in ledgers:
        await ledger.ping()
        await ledger.close()


def _writer(url: str, name: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_APPEND, url, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )


async def test_processes_open_and_write_at_once(url: str, new_run: Callable[..., NewRun]):
    processes = [_writer(url, name) for name in ("a", "b", "c")]
    for process in processes:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"open\n"
    ledger = await Ledger.open(url)
    await ledger.runs.admit(new_run())
    for process in processes:
        await asyncio.to_thread(process.communicate, b"go\n", 60)
        assert process.returncode == 0
    times = [event.ts for event in await ledger.events.read("acme", "20260101_000000_0000abcd")]
    await ledger.close()
    assert len(times) == 61
    assert times == sorted(set(times))
