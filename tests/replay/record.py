"""Records the histories that `test_replay` replays.

    python -m tests.replay.record [SCENARIO ...]

To be done when a scenario is new, and when workflow code was changed under `workflow.patched`:
then under a new name, so that the older histories go on being replayed.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import JsonValue
from temporalio.client import Client, WorkflowHistory

from tests.replay.asking import SCENARIOS
from tests.workflows.plain_server import plain_client, plain_server

HISTORIES = Path(__file__).parent / "histories"


async def histories_of(client: Client, workflow_id: str) -> AsyncIterator[WorkflowHistory]:
    """All histories of a workflow, in their order."""
    info = (
        await client.get_workflow_handle(workflow_id).describe()
    ).raw_description.workflow_execution_info
    run_id = info.first_run_id
    while run_id:
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        yield history
        last = history.events[-1].workflow_execution_continued_as_new_event_attributes
        run_id = last.new_execution_run_id


def without_places(value: JsonValue) -> JsonValue:
    """A history without stack traces, which name folders of the machine."""
    if isinstance(value, dict):
        return {name: without_places(one) for name, one in value.items() if name != "stackTrace"}
    return [without_places(one) for one in value] if isinstance(value, list) else value


async def main(address: str, names: list[str]) -> None:
    """Play and record them, all without names."""
    client = await plain_client(address)
    for name in names or list(SCENARIOS):
        scripted = await SCENARIOS[name](client)
        number = 0
        async for history in histories_of(client, scripted.handle.id):
            number += 1
            document = without_places(json.loads(history.to_json()))
            path = HISTORIES / f"{name}.{number}.json"
            path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
        print(f"{name}: {number} histories, {scripted.finished[-1].finish.status}")


if __name__ == "__main__":
    with plain_server() as at:
        asyncio.run(main(at, sys.argv[1:]))
