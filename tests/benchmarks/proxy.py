"""What the chat proxy adds: the first byte of a stream, many streams at once, callers who leave.

The pool is a bare server in a process of its own that writes into each chunk when it was sent
(the machine's monotonic clock), so that delays are measured from the pool's own byte on. It is
asked directly and through the API in turns, so that other load of the machine strikes both.

usage: python -m tests.benchmarks.proxy [--rounds 100] [--streams 100] [--leavers 20]
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from tests.fakes.serving import Receive, Scope, Send, read_body, until_gone

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "bench"
CHAT = "/v1/chat/completions"
TARGET_FIRST_BYTE_MS = 5.0
TARGET_FREED_S = 1.0


class Upstream:
    """Streams as many chunks as the request says, each with its own time; tells who left."""

    def __init__(self) -> None:
        self.left: dict[str, float] = {}
        self.running = 0
        self.high_water = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/seen":
            seen = {"left": self.left, "high_water": self.high_water, "running": self.running}
            head = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": json.dumps(seen).encode()})
            return
        asked = json.loads(await read_body(receive, 1 << 20) or b"{}")
        self.running += 1
        self.high_water = max(self.high_water, self.running)
        gone = asyncio.ensure_future(until_gone(receive))
        try:
            head = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            for _ in range(asked["chunks"]):
                body = b'data: {"t": %d}\n\n' % time.monotonic_ns()
                await send({"type": "http.response.body", "body": body, "more_body": True})
                await asyncio.wait((gone,), timeout=asked["gap_s"])
                if gone.done():
                    self.left[asked["name"]] = time.monotonic()
                    return
            await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})
        finally:
            gone.cancel()
            self.running -= 1


@dataclass
class Way:
    """A way to the pool, and the delays measured on it."""

    name: str
    port: int
    first_ms: list[float] = field(default_factory=list[float])
    """From the pool's first byte to the caller's."""
    answer_ms: list[float] = field(default_factory=list[float])
    """From the request to the caller's first byte."""


async def opened(
    port: int, name: str, chunks: int, gap_s: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream asked for on a bare socket."""
    body = json.dumps({"stream": True, "name": name, "chunks": chunks, "gap_s": gap_s}).encode()
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
    outgoing.write(
        b"POST %b HTTP/1.1\r\nHost: bench\r\nX-Mantis-Token: %b\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (CHAT.encode(), TOKEN.encode(), len(body), body)
    )
    return incoming, outgoing


async def chunk(incoming: asyncio.StreamReader) -> float | None:
    """Milliseconds that the next chunk took from the pool to here; None at the end."""
    while True:
        line = await incoming.readline()
        if not line or line.startswith(b"data: [DONE]"):
            return None
        if line.startswith(b"data: {"):
            return (time.monotonic_ns() - json.loads(line[6:])["t"]) / 1e6


async def measure_first(way: Way) -> None:
    began = time.monotonic()
    incoming, outgoing = await opened(way.port, "first", 2, 0.02)
    delay = await chunk(incoming)
    way.answer_ms.append((time.monotonic() - began) * 1000)
    assert delay is not None, "the stream ended before its first chunk"
    way.first_ms.append(delay)
    while await chunk(incoming) is not None:
        pass
    outgoing.close()


async def many(port: int, streams: int) -> list[float]:
    """Delays of all chunks of so many streams at once."""
    delays: list[float] = []
    whole = 0

    async def read(number: int) -> None:
        nonlocal whole
        incoming, outgoing = await opened(port, f"many{number}", 10, 0.4)
        got = 0
        while (delay := await chunk(incoming)) is not None:
            delays.append(delay)
            got += 1
        whole += got == 10
        outgoing.close()

    await asyncio.gather(*(read(number) for number in range(streams)))
    assert whole == streams, f"{streams - whole} streams were not whole"
    return delays


async def leave(port: int, upstream: int, leavers: int) -> list[float]:
    """Seconds after which the pool knew that a caller had left."""
    gone: dict[str, float] = {}
    for number in range(leavers):
        name = f"leaver{number}"
        incoming, outgoing = await opened(port, name, 100, 5.0)
        assert await chunk(incoming) is not None
        gone[name] = time.monotonic()
        outgoing.close()
    deadline = time.monotonic() + 20
    while True:
        left = (await seen(upstream))["left"]
        if len(left) >= leavers:
            return [left[name] - gone[name] for name in gone]
        assert time.monotonic() < deadline, "the pool was not let go"
        await asyncio.sleep(0.05)


async def seen(port: int) -> dict[str, dict[str, float]]:
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
    outgoing.write(b"GET /seen HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
    answer = await incoming.read()
    outgoing.close()
    raw = answer.partition(b"\r\n\r\n")[2]
    return json.loads(raw[raw.index(b"{") : raw.rindex(b"}") + 1])


def row(name: str, values: list[float], unit: str) -> str:
    ordered = sorted(values)
    p95 = ordered[max(0, round(len(ordered) * 0.95) - 1)]
    return f"{name:<44} {statistics.median(ordered):>8.2f} {p95:>8.2f} {ordered[-1]:>8.2f}  {unit}"


async def bench(given: argparse.Namespace, api: int, upstream: int) -> bool:
    direct, proxied = Way("direct", upstream), Way("proxied", api)
    for way in (direct, proxied):
        for _ in range(5):
            await measure_first(way)
        way.first_ms.clear()
        way.answer_ms.clear()
    for _ in range(given.rounds):
        await measure_first(direct)
        await measure_first(proxied)
    delays = await many(api, given.streams)
    high_water = (await seen(upstream))["high_water"]
    freed = await leave(api, upstream, given.leavers)
    print(f"{'':<44} {'median':>8} {'p95':>8} {'most':>8}")
    print(row("first byte after the pool's, asked directly", direct.first_ms, "ms"))
    print(row("first byte after the pool's, through the API", proxied.first_ms, "ms"))
    print(row("first byte after the request, directly", direct.answer_ms, "ms"))
    print(row("first byte after the request, through the API", proxied.answer_ms, "ms"))
    print(row(f"chunks of {given.streams} streams at once", delays, "ms"))
    print(row("pool freed after the caller left", [one * 1000 for one in freed], "ms"))
    print(f"streams at the pool at once: {high_water} of {given.streams}")
    first = statistics.median(proxied.first_ms)
    well = first <= TARGET_FIRST_BYTE_MS and max(freed) <= TARGET_FREED_S
    print(
        f"targets: first byte {first:.2f} ms of {TARGET_FIRST_BYTE_MS:.0f}, freed within "
        f"{max(freed):.2f} s of {TARGET_FREED_S:.0f}: {'met' if well else 'MISSED'}"
    )
    return well


@contextmanager
def child(command: list[str], environment: dict[str, str]) -> Iterator[int]:
    """A server on a socket that it is given; the port. `{fd}` in the command names it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MANTIS_")}
    process = subprocess.Popen(
        [part.replace("{fd}", str(listener.fileno())) for part in command],
        cwd=ROOT,
        pass_fds=[listener.fileno()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**kept, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))), **environment},
    )
    try:
        yield listener.getsockname()[1]
    finally:
        process.terminate()
        process.wait(20)
        listener.close()


def serve(fd: int) -> None:
    config = uvicorn.Config(Upstream(), fd=fd, log_level="critical", lifespan="off")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--leavers", type=int, default=20)
    parser.add_argument("--upstream", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.upstream:
        serve(given.upstream)
        return
    with ExitStack() as parts:
        folder = parts.enter_context(tempfile.TemporaryDirectory())
        module = [sys.executable, "-m", "tests.benchmarks.proxy", "--upstream", "{fd}"]
        upstream = parts.enter_context(child(module, {}))
        settings = {
            "MANTIS_API_TOKEN": TOKEN,
            "MANTIS_RATE_LIMIT_PER_MINUTE": "0",
            "MANTIS_DATA_DIR": folder,
            "MANTIS_HOLO3_URL": f"http://127.0.0.1:{upstream}/v1",
            "TEMPORAL_ADDRESS": "127.0.0.1:1",
        }
        api = parts.enter_context(child([sys.executable, "-m", "api", "--fd", "{fd}"], settings))
        sys.exit(0 if asyncio.run(bench(given, api, upstream)) else 1)


if __name__ == "__main__":
    main()
