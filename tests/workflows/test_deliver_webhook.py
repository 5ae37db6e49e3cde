"""DeliverWebhook on a real Temporal, a real ledger and a real receiver."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Worker

from activities.addresses import resolve_name
from activities.delivery.sender import Sender
from activities.delivery.settings import DeliverySettings
from activities.delivery.webhooks import WebhookActivities
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from ledger.models import Delivery, DeliveryState, Ending, Limits, NewRun, RunStatus
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from plans.step import Perception
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.activities.delivery.receiver import (
    Receiver,
    receiving,
    reset,
    silence,
    status,
)
from workflows.deliver_webhook import DeliverWebhook
from workflows.interfaces import (
    DELIVERY_QUEUE,
    WEBHOOK_DUE,
    DeliveryKey,
    Nothing,
    webhook_workflow_id,
)
from workflows.sandbox import sandbox

pytestmark = pytest.mark.timeout(240)

ROOT = Path(__file__).resolve().parents[2]
TENANT, RUN = "acme", "20260101_000000_abcdef12"
SECRET = "whsec-5d1f"
TOKEN = "t0ken-of-the-receiver"


@dataclass
class Due:
    """A run that is over, and its delivery, in a ledger of its own."""

    client: Client
    ledger: Ledger
    folder: Path
    address: str

    async def make(self, url: str, secret_name: str = "") -> Delivery:
        await self.ledger.runs.admit(_ended_soon(url, secret_name))
        ending = Ending(status=RunStatus.SUCCEEDED, summary={"viable": 2})
        await self.ledger.runs.finish(TENANT, RUN, ending, 2_000_000)
        return await self.now()

    async def now(self) -> Delivery:
        delivery = await self.ledger.deliveries.of_run(TENANT, RUN)
        assert delivery is not None
        return delivery

    async def start(self, delivery: Delivery) -> WorkflowHandle[DeliverWebhook, Nothing]:
        return await self.client.start_workflow(
            DeliverWebhook.run,
            DeliveryKey(tenant_id=TENANT, run_id=RUN, delivery_id=delivery.delivery_id),
            id=webhook_workflow_id(TENANT, delivery.delivery_id),
            task_queue=DELIVERY_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=WEBHOOK_DUE,
        )

    @asynccontextmanager
    async def worker(self, sender: Sender | None = None) -> AsyncIterator[None]:
        settings = DeliverySettings(
            secrets_dir=str(self.folder), webhook_secret_default=SecretStr(SECRET)
        )
        activities = WebhookActivities(self.ledger, sender or open_sender(), settings)
        async with Worker(
            self.client,
            task_queue=DELIVERY_QUEUE,
            workflows=[DeliverWebhook],
            activities=[activities.send_webhook, activities.record_webhook],
            workflow_runner=sandbox(),
        ):
            yield

    async def until(self, state: DeliveryState, tries: int, within_s: float = 30) -> Delivery:
        """The delivery, once it was tried so often and stands so."""
        async with asyncio.timeout(within_s):
            while True:
                found = await self.now()
                if found.state == state and found.tries >= tries:
                    return found
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def worker_process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A delivery worker as a cluster runs it; killed at the end."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "temporal.worker", "--pool", "delivery"),
            cwd=ROOT,
            env=dict(os.environ)
            | {
                "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
                "TEMPORAL_ADDRESS": self.address,
                "MANTIS_DATA_DIR": str(self.folder),
                "MANTIS_WEBHOOK_ALLOW_PRIVATE": "1",
                "MANTIS_WEBHOOK_SECRET_DEFAULT": SECRET,
                "MANTIS_WORKER_OPS_PORT": "0",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            assert line.startswith(b"ready")
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()


def open_sender() -> Sender:
    return Sender(resolve_name, ssl.create_default_context(), allow_private=True)


def _ended_soon(url: str, secret_name: str) -> NewRun:
    return NewRun(
        tenant_id=TENANT,
        run_id=RUN,
        plan=[{"intent": "Go to https://example.com", "type": "navigate"}],
        plan_name="example",
        payload={},
        signature="ab" * 32,
        state_key="abababababab",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
        created_at=1_000_000,
        callback_url=url,
        webhook_secret_name=secret_name,
    )


@pytest.fixture
async def due(temporal_address: str, tmp_path: Path) -> AsyncIterator[Due]:
    keyring = Keyring.load(LedgerSettings(data_dir=tmp_path))
    client = await connect(TemporalSettings(address=temporal_address), keyring)
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
    yield Due(client, ledger, tmp_path, temporal_address)
    await ledger.close()


async def events_of(due: Due) -> list[tuple[object, object, object]]:
    events = await due.ledger.events.of_kind(TENANT, RUN, "webhook")
    return [(one.body["tries"], one.body["code"], one.body["state"]) for one in events]


def times_of(receiver: Receiver) -> list[float]:
    stamps = [str(letter.document["delivered_at"]) for letter in receiver.letters]
    return [datetime.fromisoformat(stamp).timestamp() for stamp in stamps]


async def test_a_run_that_is_over_is_told_once(due: Due) -> None:
    async with receiving(status(202)) as receiver, due.worker():
        delivery = await due.make(receiver.url())
        await (await due.start(delivery)).result()
        await (await due.start(delivery)).result()
    (letter,) = receiver.letters
    assert letter.signed_with(SECRET)
    assert letter.headers["x-mantis-delivery"] == delivery.delivery_id
    assert {name: letter.document[name] for name in ("run_id", "tenant_id", "status")} == {
        "run_id": RUN,
        "tenant_id": TENANT,
        "status": "succeeded",
    }
    assert letter.document["summary"] == {"viable": 2}
    done = await due.now()
    assert (done.state, done.tries, done.last_code, done.last_error) == ("delivered", 1, 202, "")
    assert await events_of(due) == [(1, 202, "delivered")]
    run = await due.ledger.runs.get(TENANT, RUN)
    assert run is not None and run.status is RunStatus.SUCCEEDED


async def test_after_a_failure_it_is_tried_again_signed_anew(due: Due) -> None:
    async with receiving(status(503), status(200)) as receiver, due.worker():
        delivery = await due.make(receiver.url())
        await (await due.start(delivery)).result()
    first, second = receiver.letters
    assert first.headers["x-mantis-delivery"] == second.headers["x-mantis-delivery"]
    assert first.document["delivered_at"] < second.document["delivered_at"]
    assert first.signed_with(SECRET) and second.signed_with(SECRET)
    assert first.headers["x-mantis-signature"] != second.headers["x-mantis-signature"]
    assert await events_of(due) == [(1, 503, "pending"), (2, 200, "delivered")]


async def test_it_is_tried_after_1_5_and_30_s_then_given_up_and_can_be_sent_again(
    due: Due,
) -> None:
    script = (status(500), status(302, "Location: /elsewhere"), reset, status(410), status(200))
    async with receiving(*script) as receiver, due.worker():
        delivery = await due.make(receiver.url(path=f"/hook?token={TOKEN}"))
        handle = await due.start(delivery)
        await handle.result()
        times = times_of(receiver)
        pauses = [later - earlier for earlier, later in pairwise(times)]
        for pause, wanted in zip(pauses, (1, 5, 30), strict=True):
            assert wanted <= pause < wanted + 3
        given_up = await due.now()
        assert (given_up.state, given_up.tries, given_up.last_code) == ("given_up", 4, 410)
        codes = [(code, state) for _, code, state in await events_of(due)]
        assert codes == [(500, "pending"), (302, "pending"), (None, "pending"), (410, "given_up")]
        assert [one.delivery_id for one in await due.ledger.deliveries.in_state("given_up")] == [
            delivery.delivery_id
        ]
        history = (await handle.fetch_history()).to_json()
        await due.ledger.deliveries.resend(TENANT, delivery.delivery_id)
        await (await due.start(delivery)).result()
    again = await due.now()
    assert (again.state, again.tries, again.last_code) == ("delivered", 5, 200)
    assert len({letter.headers["x-mantis-delivery"] for letter in receiver.letters}) == 1
    told = str(await due.ledger.events.read(TENANT, RUN))
    for text in (history, told):
        assert TOKEN not in text and SECRET not in text and "/hook" not in text


async def test_a_named_secret_that_is_missing_sends_nothing(due: Due) -> None:
    async with receiving(status(200)) as receiver, due.worker():
        delivery = await due.make(receiver.url(), secret_name="acme_hook")
        handle = await due.start(delivery)
        failed = await due.until("pending", 1)
        assert receiver.letters == []
        assert "'acme_hook' is missing" in failed.last_error
        (due.folder / "acme_hook").write_text("own-secret\n")
        await handle.result()
    (letter,) = receiver.letters
    assert letter.signed_with("own-secret")
    assert (await due.now()).tries == 2


async def test_a_private_receiver_is_refused(due: Due) -> None:
    strict = Sender(resolve_name, ssl.create_default_context(), allow_private=False)
    async with receiving(status(200)) as receiver, due.worker(strict):
        handle = await due.start(await due.make(receiver.url()))
        refused = await due.until("pending", 2)
        await handle.terminate()
        assert receiver.letters == []
    assert "not public" in refused.last_error
    assert refused.last_code is None


async def test_a_ledger_that_is_away_afterwards_causes_no_second_request(
    due: Due, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = due.ledger.deliveries.record_try
    away = [LedgerAway("the disk is full"), LedgerAway("the disk is full")]

    async def flaky(
        tenant: str, name: str, number: int, code: int | None, error: str, state: DeliveryState
    ) -> Delivery:
        if away:
            raise away.pop()
        return await record(tenant, name, number, code, error, state)

    monkeypatch.setattr(due.ledger.deliveries, "record_try", flaky)
    async with receiving(status(200)) as receiver, due.worker():
        await (await due.start(await due.make(receiver.url()))).result()
    assert len(receiver.letters) == 1
    assert (await due.now()).state == "delivered"


async def test_one_that_is_sent_again_while_its_last_round_ends_is_sent_again(
    due: Due, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = due.ledger.deliveries.record_try
    recorded, go_on = asyncio.Event(), asyncio.Event()

    async def slow(
        tenant: str, name: str, number: int, code: int | None, error: str, state: DeliveryState
    ) -> Delivery:
        written = await record(tenant, name, number, code, error, state)
        recorded.set()
        await go_on.wait()
        return written

    monkeypatch.setattr(due.ledger.deliveries, "record_try", slow)
    async with receiving(status(200)) as receiver, due.worker():
        delivery = await due.make(receiver.url())
        handle = await due.start(delivery)
        await asyncio.wait_for(recorded.wait(), 20)
        await due.ledger.deliveries.resend(TENANT, delivery.delivery_id)
        await due.start(delivery)
        go_on.set()
        await handle.result()
    assert len(receiver.letters) == 2
    again = await due.now()
    assert (again.state, again.tries) == ("delivered", 2)


async def test_a_delivery_that_nobody_knows_ends_at_once(due: Due) -> None:
    async with due.worker():
        await due.make("http://127.0.0.1:9/")
        unknown = (await due.now()).model_copy(update={"delivery_id": "nobody"})
        with pytest.raises(WorkflowFailureError):
            await (await due.start(unknown)).result()


async def test_killed_workers_lose_no_delivery(due: Due) -> None:
    """Killed in the middle of a try, then in the pause after a failed one."""
    async with receiving(silence, status(500), status(200)) as receiver:
        delivery = await due.make(receiver.url())
        await due.start(delivery)
        async with due.worker_process():
            await receiver.wait_for(1, 90)
        async with due.worker_process():
            await receiver.wait_for(2, 90)
            await due.until("pending", 1)
        async with due.worker_process():
            done = await due.until("delivered", 2, 60)
    assert (done.tries, done.last_code) == (2, 200)
    assert len(receiver.letters) == 3
    assert {letter.headers["x-mantis-delivery"] for letter in receiver.letters} == {
        delivery.delivery_id
    }
    assert all(letter.signed_with(SECRET) for letter in receiver.letters)
