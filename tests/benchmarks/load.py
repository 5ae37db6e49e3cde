"""A load generator: the same request again and again over kept connections.

It stands in a process of its own and on bare sockets, so that it costs little beside the
server that it asks.

usage: python -m tests.benchmarks.load PORT PATH --connections 10 (--seconds 3 | --requests 200)
"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Load:
    """What was asked: each latency in ms, wall time and CPU of this process in seconds."""

    latencies_ms: list[float]
    wall_s: float
    cpu_s: float


@dataclass
class Turns:
    """How many requests may still be sent, and until when."""

    left: int
    deadline: float

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0 and time.perf_counter() < self.deadline


def request(path: str, token: str, body: bytes) -> bytes:
    """One request as it goes over the wire."""
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: bench\r\nX-Mantis-Token: {token}"
    if body:
        head += f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def ask(port: int, wire: bytes, turns: Turns) -> list[float]:
    """Ask on one connection while there are turns."""
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
    found: list[float] = []
    while turns.take():
        began = time.perf_counter()
        outgoing.write(wire)
        head = await incoming.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await incoming.readexactly(int(length))
        found.append((time.perf_counter() - began) * 1000)
    outgoing.close()
    return found


async def load(given: argparse.Namespace) -> Load:
    """Ask on all connections at once."""
    wire = request(given.path, given.token, given.body.encode())
    wall, cpu = time.perf_counter(), time.process_time()
    turns = Turns(given.requests or sys.maxsize, wall + (given.seconds or 600.0))
    found = await asyncio.gather(*(ask(given.port, wire, turns) for _ in range(given.connections)))
    latencies = [one for ones in found for one in ones]
    return Load(latencies, time.perf_counter() - wall, time.process_time() - cpu)


def main() -> int:
    """Ask, and print what was measured as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--token", default="")
    parser.add_argument("--body", default="")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--requests", type=int)
    sys.stdout.write(json.dumps(asdict(asyncio.run(load(parser.parse_args())))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
