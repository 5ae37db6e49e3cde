"""Answers of ASGI servers: whole, in parts, or in JSON."""

import json
from collections.abc import Mapping

from tests.fakes.serving import Send


async def begin(
    send: Send,
    media_type: str,
    length: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """The head of an answer whose body comes in parts."""
    head = {"content-type": media_type, **(headers or {})}
    if length is not None:
        head["content-length"] = str(length)
    raw = [(key.encode(), value.encode()) for key, value in head.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})


async def part(send: Send, body: bytes) -> None:
    """A part of a body that goes on."""
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def end(send: Send) -> None:
    """The end of a body that came in parts."""
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def whole(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """An answer at once."""
    head = [(key.encode(), value.encode()) for key, value in headers.items()]
    head.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def in_json(
    send: Send, status: int, value: object, headers: Mapping[str, str] | None = None
) -> None:
    """A JSON document at once."""
    head = {"content-type": "application/json", **(headers or {})}
    await whole(send, status, json.dumps(value).encode(), head)
