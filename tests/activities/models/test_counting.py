"""What the workers of the pools count, and what a bad file of prices does."""

from pathlib import Path

import pytest
from prometheus_client import generate_latest
from temporalio.client import Client

from activities.metrics import WORKER_METRICS
from ledger.ledger import Ledger
from plans.step import TierName
from tests.activities.models.calling import Caller, serving
from tests.fakes import claude_answers, sglang_answers
from tests.fakes.claude_api import ClaudeApi
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Says

pytestmark = pytest.mark.timeout(120)

EMPTY = {"seen_in": "text", "evidence": "Your cart is empty.", "verdict": "holds"}


def counted(name: str, **labels: str) -> float:
    value = WORKER_METRICS.get_sample_value(name, labels)
    return value or 0.0


@pytest.mark.usefixtures("pools")
async def test_tries_tokens_and_money_are_counted_by_tenant(
    caller: Caller, holo3: SGLang, claude: ClaudeApi, secrets_dir: Path
) -> None:
    (secrets_dir / "key").write_text("key-acme")
    holo3.then(sglang_answers.broken(), Says({"x": 1, "y": 2}))
    claude.then(claude_answers.wrong_schema(), claude_answers.Says(EMPTY))
    run = await caller.a_run("counted", anthropic_secret_name="key")
    await caller.ask(run, await caller.ground(run))
    await caller.ask(run, caller.check(), TierName.CLAUDE)
    calls = "mantis_model_calls_total"
    assert counted(calls, tenant_id="counted", tier="holo3", outcome="away") == 1
    assert counted(calls, tenant_id="counted", tier="holo3", outcome="answered") == 1
    assert counted(calls, tenant_id="counted", tier="claude", outcome="unusable") == 1
    assert counted(calls, tenant_id="counted", tier="claude", outcome="answered") == 1
    cost = "mantis_model_cost_microusd_total"
    money = sum(
        counted(cost, tenant_id="counted", tier="claude", outcome=outcome)
        for outcome in ("answered", "unusable")
    )
    assert money == claude.bill["key-acme"] == (await caller.spent(run)).cost.claude
    tokens = "mantis_model_tokens_total"
    told = counted(tokens, tenant_id="counted", tier="claude", direction="output")
    assert told == sum(one.counted.output for one in claude.done)
    assert b"key-acme" not in generate_latest(WORKER_METRICS)


async def test_without_good_prices_claude_is_not_asked_and_the_log_says_why(
    caller: Caller,
    client: Client,
    ledger: Ledger,
    claude: ClaudeApi,
    holo3: SGLang,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "prices.json"
    path.write_text("{")
    monkeypatch.setenv("MANTIS_PRICES_PATH", str(path))
    holo3.answer = lambda _: Says({"x": 1, "y": 2})
    run = await caller.a_run()
    async with serving(client, ledger, "perception", "reasoning"):
        answer = await caller.ask(run, caller.check(), TierName.CLAUDE)
        free = await caller.ask(run, await caller.ground(run), turn=1)
    assert answer.failure == "unavailable"
    assert "prices" in answer.message
    assert claude.asked == []
    assert "Claude can't be asked" in caplog.text
    assert free.failure is None
