"""What an operator sees of a run in the embedded Temporal's Web UI, and what stays unreadable."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect, sync_playwright
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from activities.holder.locate import find_chromium
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.client import connect
from temporal.search_attributes import missing
from temporal.settings import TemporalSettings
from tests.e2e.live import Api, LiveStack
from tests.histories import plain_history
from workflows.interfaces import plan_run_id

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

INTENT = "Wait for the pelican"
PLAN = [{"intent": INTENT, "type": "wait", "params": {"seconds": 0}}]


@pytest.fixture(scope="module")
def run_id(stack: LiveStack) -> str:
    api = Api(stack)
    with api.client:
        run_id = api.submit(PLAN, workflow_id="pelican")
        api.wait(run_id)
    return run_id


async def _client(stack: LiveStack) -> Client:
    port = (stack.data_dir / "temporal.ports").read_text().split()[0]
    keyring = Keyring.load(LedgerSettings(data_dir=stack.data_dir, database_url=""))
    return await connect(TemporalSettings(address=f"127.0.0.1:{port}"), keyring)


def test_the_ui_shows_payloads_in_the_clear(stack: LiveStack, run_id: str) -> None:
    ui_port = (stack.data_dir / "temporal.ports").read_text().split()[1]
    workflow = quote(plan_run_id("default", run_id), safe="")
    with sync_playwright() as driver:
        chromium = str(find_chromium(None))
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{ui_port}/namespaces/default/workflows/{workflow}")
        body = page.locator("body")
        expect(body).to_contain_text(f'"run_id": "{run_id}"', timeout=60_000)
        expect(body).to_contain_text('"status": "succeeded"', timeout=60_000)
        expect(body).to_contain_text(INTENT, timeout=60_000)
        browser.close()


def test_nothing_on_the_disk_shows_the_plan(stack: LiveStack, run_id: str) -> None:
    async def histories() -> tuple[bytes, bytes]:
        handle = (await _client(stack)).get_workflow_handle(plan_run_id("default", run_id))
        keyring = Keyring.load(LedgerSettings(data_dir=stack.data_dir, database_url=""))
        raw, plain = await handle.fetch_history(), await plain_history(handle, keyring)
        shown = [b"".join(one.SerializeToString() for one in each.events) for each in (raw, plain)]
        return shown[0], shown[1]

    raw, plain = asyncio.run(histories())
    assert INTENT.encode() in plain
    for content in (raw, *_database(stack.data_dir)):
        assert INTENT.encode() not in content


def _database(data_dir: Path) -> list[bytes]:
    found = [path.read_bytes() for path in data_dir.glob("temporal.db*")]
    assert found
    return found


def test_the_embedded_server_is_prepared(stack: LiveStack) -> None:
    """It knows the search attributes, and keeps what is closed for a week."""

    async def look() -> tuple[list[str], int]:
        client = await _client(stack)
        described = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace="default")
        )
        return await missing(client), described.config.workflow_execution_retention_ttl.seconds

    assert asyncio.run(look()) == ([], 7 * 24 * 3600)
