"""A lease is renewed beside a busy event loop, and given up with a stuck one."""

import asyncio
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from activities.errors import StaleEpoch
from activities.holder.lease import Lease, LeaseState
from activities.holder.messages import COMMANDS, Refusal, RenewCommand, Reply
from activities.holder.renewals import Renewals

TTL_S = 1.5


class Renewed:
    """A holder's socket with nothing but a lease behind it, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.lease = Lease(TTL_S, 60, 1)
        self.count = 0
        renewed = self

        class Answering(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(renewed.answer(self.rfile.readline()) + b"\n")

        self.server = socketserver.ThreadingUnixStreamServer(str(path), Answering)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def answer(self, line: bytes) -> bytes:
        command = COMMANDS.validate_json(line)
        assert isinstance(command, RenewCommand)
        reply = Reply()
        try:
            self.lease.renew(command.epoch)
            self.count += 1
        except StaleEpoch as error:
            reply = Reply(refusal=Refusal.STALE_EPOCH, message=str(error))
        return reply.model_dump_json().encode()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Renewed]:
    renewed = Renewed(tmp_path / "s.sock")
    renewed.thread.start()
    yield renewed
    renewed.server.shutdown()
    renewed.thread.join()
    renewed.server.server_close()


async def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def stick(seconds: float) -> None:
    """The event loop turns no more for a while."""
    time.sleep(seconds)


async def test_it_renews_until_it_is_stopped(holder: Renewed, tmp_path: Path) -> None:
    renewals = Renewals(tmp_path / "s.sock", 1, TTL_S)
    renewals.start()
    await eventually(lambda: holder.count >= 5)
    renewals.stop()
    await asyncio.sleep(0.5)
    count = holder.count
    await asyncio.sleep(0.5)
    assert holder.count == count
    assert not renewals.lost.is_set()


async def test_another_epoch_or_a_holder_that_is_gone_is_told(
    holder: Renewed, tmp_path: Path
) -> None:
    stale = Renewals(tmp_path / "s.sock", 1, TTL_S)
    holder.lease.adopt(2)
    stale.start()
    await asyncio.wait_for(stale.lost.wait(), 30)
    gone = Renewals(tmp_path / "none.sock", 1, TTL_S)
    gone.start()
    await asyncio.wait_for(gone.lost.wait(), 30)


async def test_a_busy_event_loop_keeps_its_lease_and_a_stuck_one_loses_it(
    holder: Renewed, tmp_path: Path
) -> None:
    renewals = Renewals(tmp_path / "s.sock", 1, TTL_S)
    renewals.start()
    await eventually(lambda: holder.count >= 1)
    count = holder.count
    stick(TTL_S * 0.8)
    assert holder.count > count
    await eventually(lambda: holder.count >= count + 3)
    assert not renewals.lost.is_set()
    stick(TTL_S * 2.5)
    assert holder.lease.state is LeaseState.LAPSED
    await asyncio.wait_for(renewals.lost.wait(), 30)
