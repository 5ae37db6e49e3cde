"""A run of hundreds of steps: its workflow continues as new, and no history grows with it."""

import pytest

from tests.benchmarks.history import measure

pytestmark = [pytest.mark.stack, pytest.mark.browser]

STEPS = 200
CALLS = 50


async def test_a_long_run_goes_on_over_several_histories_none_of_which_grows() -> None:
    done = await measure(STEPS, {"MANTIS_CALLS_PER_HISTORY": str(CALLS)})
    assert done.status == "succeeded"
    assert done.steps == STEPS + 1
    assert len(done.histories) >= STEPS // CALLS
    assert max(one.events for one in done.histories) < 20 * CALLS
