"""Request bodies: read up to the limit, parsed by our own door."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from pydantic import JsonValue

from api.apart import apart
from api.errors import BadRequest, TooLarge
from ledger.models import Document
from plans.json_text import read_json

LARGE = 32 * 1024
"""Bytes. A larger body is parsed apart, so that it holds up no other request."""
DISCARD_FACTOR = 8
"""A body over the limit is read on and thrown away up to this many times the limit, so that
a client which sends before it listens still gets the answer."""

WITHIN_S = 60.0
"""How long a client may take to send a body: one that has vanished would be waited for for ever."""


async def read_object(request: Request, limit: int, *, empty_ok: bool = False) -> Document:
    """The body as a JSON object; see `read_sent_object`."""
    return (await read_sent_object(request, limit, empty_ok=empty_ok))[1]


async def read_sent_object(
    request: Request, limit: int, *, empty_ok: bool = False
) -> tuple[bytes, Document]:
    """The body byte for byte, and as the JSON object that it is.

    Args:
        request: the request.
        limit: bytes that the body may have.
        empty_ok: whether no body at all stands for `{}`.

    Raises:
        TooLarge: more bytes than that.
        BadRequest: not UTF-8, not an object, or not there in time.
        PlanError: not JSON, or JSON that `plans.json_text` refuses.
    """
    try:
        async with asyncio.timeout(WITHIN_S):
            raw = await _read(request, limit)
    except TimeoutError:
        late = f"the body was not complete within {WITHIN_S:.0f} seconds: send it again"
        raise BadRequest(late, {"Connection": "close"}) from None
    if empty_ok and not raw.strip():
        return raw, {}
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise BadRequest("the body is not valid JSON: it is not UTF-8 text") from None
    large = len(raw) > LARGE
    value: JsonValue = await apart(lambda: read_json(text)) if large else read_json(text)
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object")
    return raw, value


async def _read(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    stream = request.stream()
    async for chunk in stream:
        size += len(chunk)
        if size > limit:
            await _discard(stream, limit * DISCARD_FACTOR - size)
            raise TooLarge(f"the body is larger than the {limit} bytes allowed")
        chunks.append(chunk)
    return b"".join(chunks)


async def _discard(stream: AsyncIterator[bytes], most: int) -> None:
    async for chunk in stream:
        most -= len(chunk)
        if most < 0:
            return
