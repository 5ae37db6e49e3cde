"""A ledger that is away for a moment."""

import pytest

from activities.patience import patiently
from ledger.errors import LedgerAway


class Away:
    """Work that the ledger can't do a few times."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def work(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise LedgerAway("away")
        return "done"


async def test_what_a_step_did_is_written_down_when_the_ledger_is_back() -> None:
    assert await patiently(Away(2).work, (0.0, 0.0)) == "done"


async def test_a_ledger_that_stays_away_is_told_of() -> None:
    with pytest.raises(LedgerAway):
        await patiently(Away(9).work, (0.0, 0.0))
