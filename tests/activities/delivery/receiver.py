"""A real receiver of webhooks on loopback, that answers as its script says."""

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Letter:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    def signed_with(self, secret: str) -> bool:
        mac = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return self.headers.get("x-mantis-signature") == f"sha256={mac}"


def status(code: int, *headers: str, body: str = "") -> Behaviour:
    """Answer at once."""
    lines = [f"HTTP/1.1 {code} So", f"Content-Length: {len(body)}", *headers, "", body]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode())
        await writer.drain()

    return answer


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the other side hangs up."""
    await reader.read()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up without a word."""
    writer.transport.abort()


async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    await writer.drain()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a head that never ends, slowly enough to satisfy every time-out between bytes."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not writer.transport.is_closing():
        writer.write(b"a")
        await asyncio.sleep(0.05)


async def interim(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say `100 Continue` for ever."""
    while not writer.transport.is_closing():
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 10)
        await writer.drain()
        await asyncio.sleep(0.01)


async def huge_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a head without end, as fast as it is read."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not writer.transport.is_closing():
        writer.write(b"a" * 65536)
        await writer.drain()


async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer 200 with a body that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(b"a" * 65536)
        await writer.drain()


@dataclass
class Receiver:
    """What came, and how the next ones are answered: the last behaviour answers all the rest."""

    port: int
    scheme: str
    script: list[Behaviour]
    letters: list[Letter] = field(default_factory=list[Letter])
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def next(self) -> Behaviour:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    async def wait_for(self, count: int, within_s: float = 20) -> list[Letter]:
        async with asyncio.timeout(within_s):
            while len(self.letters) < count:
                self.came.clear()
                await self.came.wait()
        return self.letters


@asynccontextmanager
async def receiving(
    *script: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncGenerator[Receiver]:
    """Listen on loopback; every connection brings one request."""
    receiver = Receiver(0, "http" if tls is None else "https", list(script) or [status(200)])
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            receiver.letters.append(await _read(reader))
            receiver.came.set()
            await receiver.next()(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            serving.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, host, port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tuple(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Letter:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Letter(head[0], headers, body)
