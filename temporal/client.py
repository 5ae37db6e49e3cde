"""How every process of the service reaches Temporal."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from ledger.vault import Keyring
from temporal import tracing
from temporal.codec import data_converter
from temporal.settings import TemporalSettings


async def connect(
    settings: TemporalSettings, keyring: Keyring | None, *, lazy: bool = False
) -> Client:
    """Connect to Temporal.

    Args:
        settings: address, namespace and credentials.
        keyring: what payloads are encrypted with, the same in every process; None for a client
            that asks about workflows and exchanges no payloads with them.
        lazy: connect at the first call instead of now, so that a process starts without it.

    Raises:
        RuntimeError: nothing answers there and `lazy` is false.
    """
    return await Client.connect(
        settings.address,
        namespace=settings.namespace,
        api_key=settings.api_key or None,
        tls=settings.tls,
        lazy=lazy,
        interceptors=tracing.interceptors(),
        data_converter=pydantic_data_converter if keyring is None else data_converter(keyring),
    )
