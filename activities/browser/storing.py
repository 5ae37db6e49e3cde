"""Puts a checkpoint's cookies, local storage and databases into a browser."""

import asyncio
from typing import cast

from playwright.async_api import Error, StorageState

from activities.browser.checkpoint import Checkpoint
from activities.browser.session import BrowserSession


async def store(session: BrowserSession, checkpoint: Checkpoint, timeout_s: float) -> list[str]:
    """Clear what the session's origins have stored and put the checkpoint's in its place.

    Returns what could not be put back. No page of these origins may be open meanwhile.

    Raises:
        Error: the browser is gone.
        TimeoutError: it did not answer in time.
    """
    for stored in checkpoint.origins:
        session.documents.origins[stored.origin] = stored
    async with asyncio.timeout(timeout_s):
        try:
            await session.context.set_storage_state(_state(checkpoint, databases=True))
        except Error:
            if not await session.alive():
                raise
            await session.context.set_storage_state(_state(checkpoint, databases=False))
            return ["a site's databases could not be put back"]
    return []


def _state(checkpoint: Checkpoint, *, databases: bool) -> StorageState:
    """In the driver's own form, whose type leaves out the databases and partitions it reads."""
    cookies = [cookie.model_dump(exclude_none=True) for cookie in checkpoint.cookies]
    origins = [
        {
            "origin": stored.origin,
            "localStorage": [entry.model_dump() for entry in stored.local],
            "indexedDB": list(stored.databases) if databases else [],
        }
        for stored in checkpoint.origins
    ]
    return cast(StorageState, {"cookies": cookies, "origins": origins})
