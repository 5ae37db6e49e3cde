"""The one DevTools command that the holder itself sends: `Browser.close`."""

import asyncio
import base64
import os
from urllib.parse import urlsplit

_CLOSE = b'{"id":1,"method":"Browser.close"}'
_TEXT_FRAME = 0x81
_MASKED = 0x80


def port_of(cdp_url: str) -> int:
    """Port of a DevTools WebSocket URL.

    Raises:
        ValueError: the URL names none.
    """
    port = urlsplit(cdp_url).port
    if port is None:
        raise ValueError(f"no port in {cdp_url}")
    return port


async def close_browser(cdp_url: str, *, timeout_s: float) -> None:
    """Ask the browser to close; returns when it has hung up.

    Raises:
        OSError: it can't be reached.
        TimeoutError: it did not hang up within `timeout_s`.
    """
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(cdp_url))
        try:
            writer.write(_handshake(cdp_url))
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_frame(_CLOSE))
            while await reader.read(65536):
                pass
        finally:
            writer.transport.abort()


def _handshake(cdp_url: str) -> bytes:
    url = urlsplit(cdp_url)
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def _frame(payload: bytes) -> bytes:
    """A masked text frame; `payload` is under 126 bytes."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([_TEXT_FRAME, _MASKED | len(payload)]) + mask + masked
