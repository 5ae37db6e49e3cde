"""What a holder is started with, and the words of its control socket.

The socket speaks JSON lines: one `Command` a line in, one `Reply` a line out.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, field_validator

from plans.step import Frozen

SOCKET_PATH_LIMIT = 100
"""Bytes of a unix socket's path that every platform takes."""


class HolderState(StrEnum):
    """What the session can do now."""

    READY = "ready"
    PARKED = "parked"
    """Held by no worker for a while, its pages and its network untouched."""
    LAPSED = "lapsed"
    """The lease ran out: the network is cut until somebody adopts the session."""
    CUT = "cut"
    """The network was cut on request, for good."""
    BROWSER_LOST = "browser_lost"
    CLOSING = "closing"


class HolderSpec(Frozen):
    """Everything that a holder needs to know.

    `profile_dir` is removed at the end when `throwaway_profile`; `session_dir` takes the log,
    `holder.json` and the downloads, and the journal unless `journals_dir` names the folder of
    all the run's journals. `socket_path` lies in a folder that only this user can enter.
    While no browser worker of `hosts_dir` lives, a parked browser reaches nothing: nobody
    could end it with its run.
    `tenant_id` and `run_id` name the run, `host_queue` and `machine_queue` the first worker.
    `allow_private_hosts` are `host:port` or `host:*`, `allowed_hosts` the tenant's allowlist
    (None or empty: any public host). The lease lapses `ttl_s` after its last renewal;
    `linger_s` later the browser is closed.
    """

    session_id: str
    session_dir: Path
    profile_dir: Path
    socket_path: Path
    journals_dir: Path | None = None
    hosts_dir: Path | None = None
    tenant_id: str = ""
    run_id: str = ""
    host_queue: str = ""
    machine_queue: str = ""
    throwaway_profile: bool = False
    chrome_path: Path | None = None
    headless: bool = True
    allow_private_hosts: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] | None = None
    ttl_s: float = Field(default=3.0, gt=0)
    linger_s: float = Field(default=30.0, ge=0)
    epoch: int = Field(default=1, ge=1)
    launch_timeout_s: float = Field(default=30.0, gt=0)

    @field_validator("socket_path")
    @classmethod
    def _short_enough(cls, path: Path) -> Path:
        if len(str(path).encode()) > SOCKET_PATH_LIMIT:
            raise ValueError(f"socket path is over {SOCKET_PATH_LIMIT} bytes: choose a short one")
        return path

    @staticmethod
    def path_in(session_dir: Path) -> Path:
        """Where a session's folder keeps this specification."""
        return session_dir / "holder.spec.json"

    @property
    def record_path(self) -> Path:
        """The file that tells where the session is, written once it is ready."""
        return self.session_dir / "holder.json"

    @property
    def log_path(self) -> Path:
        """Output of the holder and of Chromium."""
        return self.session_dir / "holder.log"

    @property
    def journal_path(self) -> Path:
        """The non-GET requests that left, JSON lines."""
        return journal_path(self.journals_dir or self.session_dir, self.session_id)

    @property
    def temp_dir(self) -> Path:
        """Chromium's temporary files; beside the socket, because a socket lies in it too."""
        return self.socket_path.with_suffix(".tmp")


def journal_path(folder: Path, session_id: str) -> Path:
    """Where a folder keeps the journal of a session."""
    return folder / f"{session_id}.journal.jsonl"


class Hello(Frozen):
    """Where a session is and how it stands.

    `cdp_url` is the WebSocket through which the holder of `epoch` reaches Chromium's DevTools;
    the next adoption, a park and a lapse end it. `host_queue` is that of the worker which
    holds it. `acting` is the call that was about to act on a page last, `target` the DevTools
    id of the tab that the run is in, empty where that tab is gone. `journal_length` counts
    the requests that left.
    """

    session_id: str
    session_dir: Path
    cdp_url: str
    pid: int
    chrome_pid: int
    epoch: int
    state: HolderState
    tenant_id: str = ""
    run_id: str = ""
    host_queue: str = ""
    machine_queue: str = ""
    acting: str = ""
    target: str = ""
    journal_length: int = 0


class BlockedHost(Frozen):
    """A destination that was refused, how often, and why (`BlockReason` of the egress)."""

    host: str
    port: int
    reason: str
    count: int


class Stats(Frozen):
    """Traffic of the session so far. Bytes are those on the wire to and from the sites."""

    bytes_up: int
    bytes_down: int
    connections: int
    journal_length: int
    blocked: tuple[BlockedHost, ...]


class HelloCommand(Frozen):
    """Ask where the session is."""

    command: Literal["hello"] = "hello"


class RenewCommand(Frozen):
    """Extend the lease held under `epoch`."""

    command: Literal["renew"] = "renew"
    epoch: int


class AdoptCommand(Frozen):
    """Take the session over under a higher `epoch`; a lapsed lease lives again.

    Connections to Chromium that were made under an older epoch are closed.
    """

    command: Literal["adopt"] = "adopt"
    epoch: int
    host_queue: str = ""


class ParkCommand(Frozen):
    """Keep the browser without a worker for `hold_s` seconds, unless it is adopted sooner."""

    command: Literal["park"] = "park"
    epoch: int
    hold_s: float = Field(ge=0)


class ActingCommand(Frozen):
    """Say that the call `call_key` is about to act on a page.

    `guarded`: its act must not happen twice, so that from now on everything is journalled
    that may tell whether it was sent.
    """

    command: Literal["acting"] = "acting"
    epoch: int
    call_key: str
    guarded: bool = False


class TabCommand(Frozen):
    """Say which tab the run is in (its DevTools target); empty: that tab has crashed."""

    command: Literal["tab"] = "tab"
    epoch: int
    target: str


class CutCommand(Frozen):
    """Cut the network for good; `epoch` None is the operator's."""

    command: Literal["cut"] = "cut"
    epoch: int | None = None


class CloseCommand(Frozen):
    """Close the browser properly and end; `epoch` None is the operator's."""

    command: Literal["close"] = "close"
    epoch: int | None = None


class AllowCommand(Frozen):
    """Let the browser reach private `hosts` (`host:port` or `host:*`) from now on."""

    command: Literal["allow"] = "allow"
    hosts: tuple[str, ...]


class StatsCommand(Frozen):
    """Ask for the traffic so far."""

    command: Literal["stats"] = "stats"


Command = Annotated[
    HelloCommand
    | RenewCommand
    | AdoptCommand
    | ParkCommand
    | ActingCommand
    | TabCommand
    | CutCommand
    | CloseCommand
    | AllowCommand
    | StatsCommand,
    Field(discriminator="command"),
]

COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


class Refusal(StrEnum):
    """Why a command was refused, or why the holder did not start."""

    STALE_EPOCH = "stale_epoch"
    INVALID = "invalid"
    CHROMIUM_MISSING = "chromium_missing"
    LAUNCH_FAILED = "launch_failed"


class Reply(Frozen):
    """Answer to a command: `refusal` with its `message`, or what was asked for.

    The holder also writes one to its ready pipe, once it can be talked to or has failed.
    """

    refusal: Refusal | None = None
    message: str = ""
    hello: Hello | None = None
    stats: Stats | None = None
