"""Signals as an operator sends them from the Temporal UI: without a message, or a wrong one."""

import pytest
from temporalio.client import Client

from tests.workflows.scripted import LISTING, LOGIN, Scripted, forever, until

pytestmark = pytest.mark.timeout(120)

SECRET = "314159"


async def test_no_signal_needs_a_message(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LISTING, forever)
    async with scripted.running() as handle:
        await scripted.started.wait()
        for name in ("session_gone", "session_opened", "resume", "pause", "cancel"):
            await handle.signal(name)
        assert (await handle.result()).status == "cancelled"


async def test_an_external_pause_is_resumed_without_a_message(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LISTING)
    async with scripted.running() as handle:
        await handle.signal("pause")
        await until(lambda: len(scripted.pauses) == 1)
        await handle.signal("resume")
        assert (await handle.result()).status == "succeeded"
        assert [closing.user_input for closing in scripted.answers] == [None]


@pytest.mark.parametrize("message", [None, SECRET, 7, {"code": SECRET}, {"user_input": None}])
async def test_a_wrong_message_changes_nothing_and_is_not_logged(
    temporal_client: Client, caplog: pytest.LogCaptureFixture, message: object
) -> None:
    scripted = Scripted(temporal_client, LOGIN)
    async with scripted.running() as handle:
        await until(lambda: len(scripted.pauses) == 1)
        for name in ("resume", "pause"):
            await handle.signal(name, message)
        await handle.signal("resume", {"user_input": "2718"})
        assert (await handle.result()).status == "succeeded"
        assert [closing.user_input for closing in scripted.answers] == ["2718"]
    assert SECRET not in caplog.text
