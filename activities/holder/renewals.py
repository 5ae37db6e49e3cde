"""Renewing a lease in a thread of its own, so that a busy event loop does not lose it.

The thread stops renewing when the event loop has not turned for as long as the lease lasts: a
worker that is stuck, or was stopped, loses its sessions like one that is dead.
"""

import asyncio
import contextlib
import socket
import threading
import time
from pathlib import Path

from pydantic import ValidationError

from activities.holder.messages import HolderState, Refusal, RenewCommand, Reply

RENEW_EVERY_S = 0.7
_ANSWER_S = 2.0
_PATIENCE_S = 4.0
"""A holder that does not answer at all for so long counts as gone."""


class Renewals:
    """Keeps one lease alive from `start` to `stop`.

    Args:
        socket_path: the holder's.
        epoch: under which the session is held.
        ttl_s: how long a lease lasts.

    Attributes:
        lost: set when the lease, the holder or its Chromium is gone.
    """

    def __init__(self, socket_path: Path, epoch: int, ttl_s: float) -> None:
        self.lost = asyncio.Event()
        self._socket_path = socket_path
        self._command = RenewCommand(epoch=epoch).model_dump_json().encode() + b"\n"
        self._ttl_s = ttl_s
        self._every_s = min(RENEW_EVERY_S, ttl_s / 4)
        self._loop = asyncio.get_running_loop()
        self._turned_at = time.monotonic()
        self._ticking: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Renew from now on."""
        self._tick()
        self._thread.start()

    def stop(self) -> None:
        """Renew no more; a renewal that is under way may still arrive."""
        self._stopped.set()
        if self._ticking is not None:
            self._ticking.cancel()

    def _tick(self) -> None:
        self._turned_at = time.monotonic()
        self._ticking = self._loop.call_later(self._every_s / 2, self._tick)

    def _run(self) -> None:
        answered_at = time.monotonic()
        while not self._stopped.wait(self._every_s):
            if time.monotonic() - self._turned_at > self._ttl_s:
                continue
            try:
                reply = self._renew()
            except (FileNotFoundError, ConnectionRefusedError):
                break
            except OSError:
                if time.monotonic() - answered_at > _PATIENCE_S:
                    break
                continue
            answered_at = time.monotonic()
            if not _still_ours(reply):
                break
        if self._stopped.is_set():
            return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.lost.set)

    def _renew(self) -> Reply | None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(_ANSWER_S)
            line.connect(str(self._socket_path))
            line.sendall(self._command)
            with line.makefile("rb") as answer:
                return _parsed(answer.readline())


def _parsed(line: bytes) -> Reply | None:
    try:
        return Reply.model_validate_json(line)
    except ValidationError:
        return None


def _still_ours(reply: Reply | None) -> bool:
    """A holder that hung up in the middle is asked again; what it answers counts."""
    if reply is None:
        return True
    if reply.refusal is Refusal.STALE_EPOCH:
        return False
    return reply.hello is None or reply.hello.state not in (
        HolderState.BROWSER_LOST,
        HolderState.CLOSING,
    )
