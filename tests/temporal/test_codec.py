"""Payloads in Temporal's histories: unreadable without the keys, over rotations of the keys."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Replayer, Worker

from ledger.vault import Keyring, new_key
from temporal.client import connect
from temporal.codec import EncryptingCodec, PayloadUnreadable, data_converter
from temporal.settings import TemporalSettings
from tests.histories import plain_history
from tests.temporal.coded import CANARY, Answer, Coded, Order, work
from workflows.sandbox import sandbox

PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"city":"Lisbon"}')


def keyrings() -> tuple[Keyring, Keyring, Keyring]:
    """Of the old key, of both with the new one in front, of the new one."""
    old, new = new_key(), new_key()
    return Keyring([old]), Keyring([new, old]), Keyring([new])


def test_a_payload_comes_back_whole_and_shows_nothing() -> None:
    codec = EncryptingCodec(Keyring([new_key()]))
    sealed = codec.encrypt(PLAIN)
    assert b"Lisbon" not in sealed.SerializeToString()
    assert b"json/plain" not in sealed.SerializeToString()
    assert codec.decrypt(sealed) == PLAIN
    assert codec.encrypt(PLAIN).data != sealed.data


def test_a_payload_that_is_not_encrypted_stays_as_it_is() -> None:
    assert EncryptingCodec(Keyring([new_key()])).decrypt(PLAIN) == PLAIN


def test_the_newest_key_encrypts_and_all_decrypt() -> None:
    old, both, new = map(EncryptingCodec, keyrings())
    assert both.decrypt(old.encrypt(PLAIN)) == PLAIN
    assert new.decrypt(both.encrypt(PLAIN)) == PLAIN


def test_a_missing_key_is_told_with_the_setting() -> None:
    old, both, _ = map(EncryptingCodec, keyrings())
    with pytest.raises(PayloadUnreadable, match="MANTIS_ENCRYPTION_KEYS"):
        old.decrypt(both.encrypt(PLAIN))


@pytest.mark.parametrize("cut", [0, 5, 12, 30])
def test_a_payload_that_is_cut_off_is_refused(cut: int) -> None:
    codec = EncryptingCodec(Keyring([new_key()]))
    sealed = codec.encrypt(PLAIN)
    sealed.data = sealed.data[:cut]
    with pytest.raises(PayloadUnreadable, match="changed"):
        codec.decrypt(sealed)


def test_a_payload_that_was_changed_is_refused() -> None:
    _, both, _ = keyrings()
    codec = EncryptingCodec(both)
    for place in (0, 12, -1):
        sealed = codec.encrypt(PLAIN)
        changed = bytearray(sealed.data)
        changed[place] ^= 1
        sealed.data = bytes(changed)
        with pytest.raises(PayloadUnreadable, match="changed"):
            codec.decrypt(sealed)


def test_a_payload_under_the_id_of_another_key_is_refused() -> None:
    old, both, _ = map(EncryptingCodec, keyrings())
    sealed = both.encrypt(PLAIN)
    sealed.metadata["encryption-key-id"] = old.encrypt(PLAIN).metadata["encryption-key-id"]
    with pytest.raises(PayloadUnreadable, match="changed"):
        both.decrypt(sealed)


def test_keys_for_payloads_are_not_those_for_secrets() -> None:
    key = new_key()
    ring = Keyring([key])
    (one,), (other,) = ring.derive("one"), ring.derive("other")
    assert one == Keyring([key]).derive("one")[0]
    assert len({one.key, other.key, one.key_id, other.key_id}) == 4
    assert repr(one.key) not in repr(one)


async def _run(client: Client, queue: str, *, fails: bool = False) -> WorkflowHandle:
    order = Order(plan=f"{CANARY} in an input", fails=fails)
    return await client.start_workflow(
        Coded.run,
        order,
        id=f"coded-{uuid.uuid4()}",
        task_queue=queue,
        task_timeout=timedelta(seconds=1),
    )


def _worker(client: Client, queue: str) -> Worker:
    """A worker that keeps no workflow, so that the next one needs no time-out to go on."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[Coded],
        activities=[work],
        workflow_runner=sandbox(),
        max_cached_workflows=0,
    )


async def test_a_history_holds_no_plain_text(
    temporal_client: Client, temporal_folder: Path, keyring: Keyring
) -> None:
    queue = f"coded-{uuid.uuid4()}"
    async with _worker(temporal_client, queue):
        well = await _run(temporal_client, queue)
        await well.signal(Coded.word, Answer(text=f"{CANARY} in a signal"))
        assert (await well.result()).text.endswith("in an input")
        assert (await well.query(Coded.last_word)).text == f"{CANARY} in a signal"
        ill = await _run(temporal_client, queue, fails=True)
        await ill.signal(Coded.word, Answer(text=CANARY))
        with pytest.raises(WorkflowFailureError) as failed:
            await ill.result()
    cause = failed.value.cause
    assert isinstance(cause, ActivityError) and isinstance(cause.cause, ApplicationError)
    assert cause.cause.message == f"{CANARY} in a message"
    assert CANARY in str(cause.cause.details)
    for handle in (well, ill):
        assert CANARY.encode() not in _bytes(await handle.fetch_history())
        assert CANARY.encode() in _bytes(await plain_history(handle, keyring))
        assert await (await handle.describe()).memo() == {"plan": f"{CANARY} in an input"}
    assert _files_with(CANARY.encode(), temporal_folder) == []


def _bytes(history: WorkflowHistory) -> bytes:
    return b"".join(event.SerializeToString() for event in history.events)


def _files_with(content: bytes, folder: Path) -> list[Path]:
    found = list(folder.glob("temporal.db*"))
    assert found
    return [path for path in found if content in path.read_bytes()]


async def test_workflows_go_on_over_a_rotation(temporal_address: str) -> None:
    """The new key is added everywhere, then made the first: all that is under way goes on."""
    first, new = new_key(), new_key()
    added, rotated = Keyring([first, new]), Keyring([new, first])
    settings = TemporalSettings(address=temporal_address)
    before = await connect(settings, Keyring([first]))
    queue = f"coded-{uuid.uuid4()}"
    async with _worker(before, queue):
        handle = await _run(before, queue)
        await handle.query(Coded.last_word)
    for ring in (added, rotated):
        client = await connect(settings, ring)
        async with _worker(client, queue):
            assert (await client.get_workflow_handle(handle.id).query("last_word")) is not None
    async with _worker(client, queue):
        later = client.get_workflow_handle_for(Coded.run, handle.id)
        await later.signal(Coded.word, Answer(text="go"))
        assert CANARY in (await later.result()).text
    history = await later.fetch_history()
    await Replayer(
        workflows=[Coded], workflow_runner=sandbox(), data_converter=data_converter(rotated)
    ).replay_workflow(history)


async def test_a_worker_without_the_key_fails_no_workflow(
    temporal_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its task waits for a worker that has the key."""
    right, _, wrong = keyrings()
    settings = TemporalSettings(address=temporal_address)
    client, stranger = await connect(settings, right), await connect(settings, wrong)
    queue = f"coded-{uuid.uuid4()}"
    handle = await _run(client, queue)
    async with _worker(stranger, queue), asyncio.timeout(60):
        while "MANTIS_ENCRYPTION_KEYS" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    async with _worker(client, queue):
        await handle.signal(Coded.word, Answer(text="go"))
        assert CANARY in (await handle.result()).text
