"""The holder's own line to Chromium: a WebSocket with the few DevTools messages it needs."""

import asyncio
import base64
import os
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue

_METHOD = re.compile(rb'\{"method":"([A-Za-z.]{1,80})"')
_TEXT, _PONG = 0x1, 0xA
_FINAL, _MASKED = 0x80, 0x80


class DevToolsEvent(BaseModel):
    """An event, or (with `id`) an answer; `session` names the tab it comes from."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int | None = None
    method: str = ""
    params: dict[str, JsonValue] = {}
    session: str | None = Field(default=None, alias="sessionId")


class DevToolsCommand(BaseModel):
    """A command to the browser, or to the tab that `session` names."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: int
    method: str
    params: dict[str, JsonValue] = {}
    session: str | None = Field(default=None, serialization_alias="sessionId")


def port_of(cdp_url: str) -> int:
    """Port of a DevTools WebSocket URL.

    Raises:
        ValueError: the URL names none.
    """
    port = urlsplit(cdp_url).port
    if port is None:
        raise ValueError(f"no port in {cdp_url}")
    return port


class DevTools:
    """An open connection to the browser's DevTools; made by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sent = 0

    @classmethod
    async def connect(cls, cdp_url: str) -> "DevTools":
        """Connect to Chromium.

        Raises:
            OSError: it can't be reached.
            asyncio.IncompleteReadError: it hung up.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(cdp_url))
        writer.write(_handshake(cdp_url))
        await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    def send(
        self, method: str, params: dict[str, JsonValue] | None = None, session: str | None = None
    ) -> int:
        """Send a command without waiting for its answer, which will have the returned `id`."""
        self._sent += 1
        command = DevToolsCommand(
            id=self._sent, method=method, params=params or {}, session=session
        )
        self._write(_TEXT, command.model_dump_json(by_alias=True, exclude_none=True).encode())
        return self._sent

    async def receive(self, only: Collection[str] = ()) -> DevToolsEvent:
        """The next event or answer; where `only` names some events, the next one of those.

        Raises:
            EOFError: the browser has hung up.
        """
        while True:
            message = await self._message()
            if only and _method_of(message) not in only:
                continue
            return DevToolsEvent.model_validate_json(message)

    async def _message(self) -> bytes:
        message = b""
        while True:
            first, second = await self._reader.readexactly(2)
            payload = await self._reader.readexactly(await self._length(second & 0x7F))
            match first & 0x0F:
                case 0x8:
                    raise EOFError
                case 0x9:
                    self._write(_PONG, payload)
                case 0xA:
                    pass
                case _:
                    message += payload
                    if first & _FINAL:
                        return message

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()

    async def _length(self, short: int) -> int:
        if short < 126:
            return short
        return int.from_bytes(await self._reader.readexactly(2 if short == 126 else 8))

    def _write(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            length = bytes([_MASKED | size])
        else:
            length = bytes([_MASKED | 127]) + size.to_bytes(8)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._writer.write(bytes([_FINAL | kind]) + length + mask + masked)


def _method_of(message: bytes) -> str:
    """The event's name, without reading what may be a long message; Chromium puts it first."""
    found = _METHOD.match(message)
    return found.group(1).decode() if found else ""


async def close_browser(cdp_url: str, *, timeout_s: float) -> None:
    """Ask the browser to close; returns when it has hung up.

    Raises:
        OSError: it can't be reached.
        TimeoutError: it did not hang up within `timeout_s`.
    """
    async with asyncio.timeout(timeout_s):
        devtools = await DevTools.connect(cdp_url)
        try:
            devtools.send("Browser.close")
            while True:
                await devtools.receive()
        except EOFError:
            return
        finally:
            devtools.close()


def _handshake(cdp_url: str) -> bytes:
    url = urlsplit(cdp_url)
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()
