"""A few of the plans of `tests.benchmarks.money`: what runs cost is what the models charge."""

from pathlib import Path

import pytest

from tests.benchmarks.money import SETTINGS, play

pytestmark = pytest.mark.timeout(420)

SEEDS = (4, 8, 13, 36, 126)
"""Their browser lost; workers killed; out of money; both; cancelled."""


async def test_the_ledger_has_what_the_models_charge_whatever_dies(
    tmp_path: Path, temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SETTINGS:
        monkeypatch.setenv(name, "")
    account = await play(temporal_address, tmp_path, SEEDS)
    print(*account.table(), sep="\n")
    assert account.faults() == []
    assert account.unread() == []
    assert account.bill == account.ledger > 0
    assert account.kills == 2
    ends = [str(one.row.halt_class or one.row.status) for one in account.runs]
    assert (ends[0], ends[2], ends[4]) == ("succeeded", "max_cost_exceeded", "cancelled")
