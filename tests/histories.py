"""Temporal's histories as who has the keys reads them."""

from collections.abc import Iterator

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHandle, WorkflowHistory

from ledger.vault import Keyring
from temporal.codec import EncryptingCodec


async def plain_history(handle: WorkflowHandle, keyring: Keyring) -> WorkflowHistory:
    """The workflow's history with its payloads decrypted."""
    history = await handle.fetch_history()
    codec = EncryptingCodec(keyring)
    for event in history.events:
        for payload in payloads(event):
            payload.CopyFrom(codec.decrypt(payload))
    return history


def payloads(message: Message) -> Iterator[Payload]:
    """Every payload within a message."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        for inner in _messages(field, value):
            yield from payloads(inner)


def _messages(field: FieldDescriptor, value: object) -> list[Message]:
    if field.message_type is None:
        return []
    if isinstance(value, Message):
        return [value]
    if field.message_type.GetOptions().map_entry:
        return [inner for inner in value.values() if isinstance(inner, Message)]
    return list(value)
