"""The faults: how each is prepared, done, and undone."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import psutil

from tests.chaos.service import wait_for
from tests.chaos.stage import Stage
from tests.chaos.watching import RunWatch
from tests.e2e.live import Document

LEASE_OVER_S = 9.0
"""Longer than any lease and any heartbeat time-out."""


class Fault(StrEnum):
    """What is done to the stack."""

    BROWSER_WORKER = "browser worker"
    WORKFLOW_WORKER = "workflow worker"
    API = "api"
    TEMPORAL = "temporal"
    CHROMIUM = "chromium"
    RENDERER = "renderer"
    HOLDER = "session holder"
    EVERYTHING = "everything"
    DRAIN = "drain"
    ZOMBIE = "zombie"
    DISK = "full disk"
    SITE = "site hangs"
    HOST = "host lost"


_KILL = signal.SIGKILL
_PARTS = {
    Fault.BROWSER_WORKER: "browsers",
    Fault.WORKFLOW_WORKER: "runs",
    Fault.API: "api",
    Fault.TEMPORAL: "temporal",
    Fault.DRAIN: "browsers",
    Fault.ZOMBIE: "browsers",
}
"""Faults that send a signal to a part of the service."""
_SIGNALS = {Fault.DRAIN: signal.SIGTERM, Fault.ZOMBIE: signal.SIGSTOP}

ON_ANOTHER_HOST = (Fault.HOST,)
OVER_LATER = (Fault.DISK, Fault.SITE)
"""Nothing can go on while these last: time counts from their end."""


class NothingToStrike(Exception):
    """The process that was to be hurt isn't there now."""


@dataclass(frozen=True)
class Struck:
    """When it was done and, where it lasts, when it was over; epoch seconds."""

    at: float
    over: float
    note: str = ""


class Faults:
    """Does faults to one stage."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self._stage = stage
        self._chance = chance

    def possible(self) -> list[Fault]:
        """The faults that can be done here; a full disk needs a small one of its own."""
        return [fault for fault in Fault if fault is not Fault.DISK or self._stage.small_disk]

    def prepare(self, fault: Fault) -> None:
        """What has to be there before the fault, done before its moment is waited for."""
        if fault is Fault.ZOMBIE:
            self._stage.start_spare()
        elif fault is Fault.HOST:
            self._stage.start_host()

    def strike(self, fault: Fault, target: RunWatch) -> Struck:
        """Do it now.

        Raises:
            NothingToStrike: there is nothing to do it to.
        """
        stage = self._stage
        if fault in _PARTS:
            return self._kill(lambda: stage.part(_PARTS[fault]), _SIGNALS.get(fault, _KILL))
        match fault:
            case Fault.CHROMIUM:
                return self._kill(lambda: [psutil.Process(self._session(target)["chrome_pid"])])
            case Fault.RENDERER:
                return self._kill(lambda: _renderers(self._session(target)["chrome_pid"]))
            case Fault.HOLDER:
                return self._kill(lambda: [psutil.Process(self._session(target)["pid"])])
            case Fault.EVERYTHING:
                return _timed(stage.kill_everything)
            case Fault.HOST:
                return _timed(stage.lose_host)
            case Fault.DISK:
                return self._full_disk()
            case Fault.SITE:
                return self._troubled_site()
            case _:
                raise AssertionError(f"nobody knows how to do {fault}")

    def undo(self, fault: Fault, struck: Struck) -> None:
        """Once the runs go on: the stopped goes on too, the lost comes back."""
        if fault is Fault.ZOMBIE:
            time.sleep(max(struck.at + LEASE_OVER_S - time.time(), 0))
            for worker in self._stage.part("browsers"):
                worker.send_signal(signal.SIGCONT)
            time.sleep(2)
            self._stage.end_spares()
        elif fault is Fault.HOST:
            self._stage.bring_host_back()
            self._stage.end_spares()

    def _kill(
        self,
        find: Callable[[], list[psutil.Process]],
        number: signal.Signals = _KILL,
    ) -> Struck:
        try:
            victims = find()
        except psutil.Error as error:
            raise NothingToStrike from error
        if not victims:
            raise NothingToStrike
        at = time.time()
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                os.kill(victim.pid, number)
        return Struck(at, at, " ".join(str(victim.pid) for victim in victims))

    def _session(self, target: RunWatch) -> Document:
        """The session of a run."""

        def found() -> list[Document]:
            return [
                one
                for one in self._stage.sessions()
                if one.get("run_id", target.run_id) == target.run_id
            ]

        try:
            wait_for(found, "the run has a session", 3)
            return found()[-1]
        except (AssertionError, IndexError) as error:
            raise NothingToStrike from error

    def _full_disk(self) -> Struck:
        at = time.time()
        self._stage.fill_disk()
        over = time.time() + self._chance.uniform(2, 6)
        while time.time() < over:
            time.sleep(0.5)
            self._stage.fill_disk()
        self._stage.free_disk()
        return Struck(at, time.time())

    def _troubled_site(self) -> Struck:
        seconds = self._chance.uniform(3, 9)
        trouble = self._chance.choice(("hang", "late"))
        at = time.time()
        self._stage.site.trouble(trouble, seconds)
        return Struck(at, at + seconds, trouble)


def _timed(act: Callable[[], None]) -> Struck:
    at = time.time()
    act()
    return Struck(at, at)


def _renderers(chrome_pid: int) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.Process(chrome_pid).children(recursive=True):
        with suppress(psutil.Error):
            if "--type=renderer" in " ".join(process.cmdline()):
                found.append(process)
    return found
