"""What the queries read of a big table, by Postgres's own count."""

from collections.abc import Callable

import asyncpg

from ledger.gates import Gate
from ledger.ledger import Ledger
from ledger.models import Ending, NewRun, RunStatus
from tests.postgres import new_database

RUNS = 100_000
MANY = f"""
INSERT INTO runs (
    tenant_id, run_id, status, phase, plan, plan_name, payload, signature, state_key, profile_id,
    perception, max_cost_micro, max_time_ms, max_run_steps, created_at, updated_at, started_at,
    finished_at, last_event_at, message, cancel_requested, webhook_secret_name, allowed_hosts,
    trace_parent, released
)
SELECT 't' || n % 20, lpad(n::text, 9, '0'),
    CASE n % 2000 WHEN 0 THEN 'queued' WHEN 1 THEN 'running' ELSE 'succeeded' END,
    'complete', '[]', '', '{{}}', '', 'k' || n % 100, 'p' || n % 50,
    'auto', 1, 1, 1, n, n, n,
    n, n, '', false, '', '[]',
    '', n % 4000 > 0
FROM generate_series(1, {RUNS}) AS n
"""
READ = (
    "SELECT seq_scan, seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'runs'"
)


async def test_no_query_reads_all_runs(postgres_port: int, new_run: Callable[..., NewRun]):
    url = await new_database(postgres_port)
    await (await Ledger.open(url)).close()
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    await admin.execute(MANY)
    await admin.execute("VACUUM ANALYZE runs")
    await admin.close()
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    before = await admin.fetchrow(READ)
    await admin.close()

    ledger = await Ledger.open(url)
    new = new_run(run_id="new", tenant_id="t0", created_at=RUNS + 1)
    new = new.model_copy(update={"profile_id": "fresh"})
    gate = Gate(idempotency_key="k", rate_limit_per_minute=9, max_concurrent_runs=1_000)
    await ledger.runs.admit(new, gate)
    await ledger.runs.admit(new, gate)
    page = await ledger.runs.page("t1", None, 50, None)
    await ledger.runs.page("t1", None, 50, page.next_cursor)
    await ledger.runs.page("t0", RunStatus.QUEUED, 50, None)
    await ledger.runs.page("t2", RunStatus.FAILED, 50, None)
    await ledger.runs.queue("t0")
    await ledger.runs.concurrent()
    await ledger.runs.open_runs(RUNS * 2, 50)
    await ledger.runs.stuck_waiting()
    assert len(await ledger.usage.of_plan("t2", "k2", "")) == 20
    await ledger.runs.finish("t0", "new", Ending(status=RunStatus.SUCCEEDED), RUNS + 2)
    await ledger.close()

    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    after = await admin.fetchrow(READ)
    await admin.close()
    assert before is not None and after is not None
    assert after["seq_scan"] == before["seq_scan"]
    assert after["idx_tup_fetch"] - before["idx_tup_fetch"] < 2_000
