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
    LAPSED = "lapsed"
    """The lease ran out: the network is cut until somebody adopts the session."""
    CUT = "cut"
    """The network was cut on request, for good."""
    BROWSER_LOST = "browser_lost"
    CLOSING = "closing"


class HolderSpec(Frozen):
    """Everything that a holder needs to know.

    `profile_dir` is removed at the end when `throwaway_profile`; `session_dir` takes the log,
    the journal, `holder.json` and the downloads. `socket_path` lies in a folder that only
    this user can enter. `allow_private_hosts` are `host:port` or `host:*`, `allowed_hosts`
    the tenant's allowlist (None or empty: any public host). The lease lapses `ttl_s` after its last
    renewal; `linger_s` later the browser is closed.
    """

    session_id: str
    session_dir: Path
    profile_dir: Path
    socket_path: Path
    throwaway_profile: bool = False
    chrome_path: Path | None = None
    headless: bool = True
    allow_private_hosts: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] | None = None
    ttl_s: float = Field(default=6.0, gt=0)
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
        return self.session_dir / "journal.jsonl"


class Hello(Frozen):
    """Where a session is. `cdp_url` is the WebSocket of Chromium's DevTools."""

    session_id: str
    session_dir: Path
    cdp_url: str
    pid: int
    chrome_pid: int
    epoch: int
    state: HolderState


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
    """Take the session over under a higher `epoch`; a lapsed lease lives again."""

    command: Literal["adopt"] = "adopt"
    epoch: int


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
