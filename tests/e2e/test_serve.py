"""`mantis serve` itself: beside another one, and ended while a run goes on."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.live import Api, LiveStack, start_stack, stop_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


@pytest.fixture
def second(stack: LiveStack, tmp_path: Path) -> Iterator[LiveStack]:
    """Another stack, with a data folder of its own; the test ends it."""
    started = start_stack(tmp_path / "data", {})
    try:
        yield started
    finally:
        for process in started.processes():
            process.kill()


def test_a_second_stack_is_ended_while_its_run_goes_on(stack: LiveStack, second: LiveStack) -> None:
    assert second.api != stack.api
    assert second.token != stack.token
    assert (second.data_dir / "api_token").stat().st_mode & 0o777 == 0o600
    api = Api(second)
    with api.client:
        plan = [
            {"intent": "Go to {{demo_site}}", "type": "navigate", "url": "{{demo_site}}"},
            {"intent": "Wait", "type": "wait", "params": {"seconds": 120}},
        ]
        run_id = api.submit(plan)
        api.wait_for_steps(run_id, 1)
        assert api.get(run_id)["status"] == "running"
        assert second.browsers()
    stop_stack(second)
    assert not second.browsers()
    assert httpx.get(f"{stack.api}/v1/health").json()["ok"] is True
