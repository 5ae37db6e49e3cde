"""The embedded stack: Temporal, workers, API and demo site as children of one process."""

import asyncio
import logging
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from activities.holder.finding import end_all
from activities.holder.reaping import reaping
from activities.leftovers import sweep
from temporal import devserver
from temporal.children import Child, ChildSpec
from temporal.folder_lock import FolderInUse, FolderLock
from temporal.settings import StackSettings

log = logging.getLogger("mantis.serve")

_WORKERS = (
    ("runs", "delivery", "runs"),
    ("models", "perception", "reasoning"),
    ("browsers", "browsers"),
)
"""The workers of one machine: each its name and the pools it serves."""


class StackError(Exception):
    """The stack can't start; the message says what to do."""


@dataclass(frozen=True)
class StackOptions:
    """What `mantis serve` was asked for."""

    host: str
    port: int
    data_dir: Path
    demo_site: bool


@dataclass(frozen=True)
class StackUrls:
    """Where the parts of a running stack answer; `demo_site` is empty without one."""

    api: str
    docs: str
    temporal_ui: str
    demo_site: str


class Stack:
    """Starts the children in the order in which they need each other, and ends them in reverse.

    An existing Temporal is used where `TEMPORAL_ADDRESS` is set.
    """

    def __init__(self, options: StackOptions, settings: StackSettings) -> None:
        self._options = options
        self._settings = settings
        self._children: list[Child] = []
        self._reaping = AsyncExitStack()
        self._lock: FolderLock | None = None
        self._socket: socket.socket | None = None
        self.new_token = ""
        self.token = settings.api_token
        self.urls = StackUrls(api="", docs="", temporal_ui="", demo_site="")

    async def __aenter__(self) -> "Stack":
        """Start everything; whatever was started is ended again where that fails."""
        try:
            await self._reaping.enter_async_context(reaping())
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drain and end everything."""
        await self.stop()

    async def stop(self) -> None:
        """End the children: first who takes work in, last what the others need."""
        while self._children:
            await self._children.pop().stop()
        if self._lock is not None:
            sessions_dir = self._options.data_dir.absolute() / "sessions"
            await end_all(sessions_dir)
            await asyncio.to_thread(sweep, sessions_dir, 0.0)
        await self._reaping.aclose()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def _start(self) -> None:
        data_dir = self._options.data_dir.absolute()
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.umask(0o077)
        (data_dir / "logs").mkdir(exist_ok=True)
        try:
            self._lock = await FolderLock.take(data_dir)
        except FolderInUse as error:
            raise StackError(str(error)) from error
        self._socket = _listen(self._options.host, self._options.port)
        port: int = self._socket.getsockname()[1]
        environment = dict(os.environ) | {
            "MANTIS_DATA_DIR": str(data_dir),
            "MANTIS_WORKER_OPS_PORT": "0",
            "PROMETHEUS_MULTIPROC_DIR": str(_empty(data_dir / "metrics")),
            "PYTHONUNBUFFERED": "1",
        }
        self._set_token(environment, data_dir)
        url = f"http://{_shown_host(self._options.host)}:{port}"
        temporal_ui = self._temporal(environment, data_dir, url)
        demo_site = self._demo_site(environment, data_dir)
        for name, *pools in _WORKERS:
            options = [word for pool in pools for word in ("--pool", pool)]
            self._python(f"worker-{name}", environment, "temporal.worker", *options)
        descriptor = self._socket.fileno()
        self._python("api", environment, "api", "--fd", str(descriptor), pass_fds=(descriptor,))
        first_start = not (data_dir / "temporal.db").exists()
        await self._start_children()
        if temporal_ui and first_start:
            await _raise_retention(environment["TEMPORAL_ADDRESS"])
        self.urls = StackUrls(
            api=url, docs=f"{url}/docs", temporal_ui=temporal_ui, demo_site=demo_site
        )

    async def _start_children(self) -> None:
        starts = [asyncio.create_task(child.start()) for child in self._children]
        try:
            await asyncio.gather(*starts)
        finally:
            for start in starts:
                start.cancel()
            await asyncio.gather(*starts, return_exceptions=True)

    def _temporal(self, environment: dict[str, str], data_dir: Path, api: str) -> str:
        """Add the dev server; the URL of its Web UI, or "" for a Temporal of the operator's."""
        if environment.get("TEMPORAL_ADDRESS"):
            return ""
        port, ui_port, metrics_port = kept_ports(data_dir / "temporal.ports", 3)
        environment["TEMPORAL_ADDRESS"] = f"127.0.0.1:{port}"
        self._add(
            "temporal",
            devserver.command(
                data_dir,
                port=port,
                ui_port=ui_port,
                metrics_port=metrics_port,
                codec_endpoint=self._codec(environment, api, ui_port),
            ),
            environment,
            announces=False,
        )
        return f"http://127.0.0.1:{ui_port}"

    def _codec(self, environment: dict[str, str], api: str, ui_port: int) -> str:
        """Open the API's codec to the embedded Web UI; the URL for it, or "".

        The UI sends no token of ours: it stands in the URL, anew at each start.
        """
        if not self._settings.ui_codec:
            return ""
        token = self._settings.codec_token or secrets.token_urlsafe(24)
        origins = [f"http://{host}:{ui_port}" for host in ("127.0.0.1", "localhost")]
        environment["MANTIS_CODEC_TOKEN"] = token
        environment["MANTIS_CODEC_ORIGINS"] = ",".join(
            filter(None, (self._settings.codec_origins, *origins))
        )
        return f"{api}/v1/temporal/codec/{token}"

    def _demo_site(self, environment: dict[str, str], data_dir: Path) -> str:
        """Add the demo site and preset `{{demo_site}}`; its URL, or ""."""
        if not self._options.demo_site:
            return ""
        (port,) = kept_ports(data_dir / "demo-site.ports", 1)
        url = f"http://127.0.0.1:{port}"
        self._python("demo-site", environment, "plans.example.marketplace", "--port", str(port))
        allowed = environment.get("MANTIS_ALLOW_PRIVATE_HOSTS", "")
        environment["MANTIS_ALLOW_PRIVATE_HOSTS"] = ",".join(
            filter(None, (allowed, f"127.0.0.1:{port}"))
        )
        environment["MANTIS_DEMO_SITE"] = url
        return url

    def _python(
        self, name: str, environment: dict[str, str], *command: str, pass_fds: tuple[int, ...] = ()
    ) -> None:
        named = environment | {"MANTIS_PROCESS_NAME": name}
        self._add(name, [sys.executable, "-m", *command], named, pass_fds=pass_fds)

    def _add(
        self,
        name: str,
        command: Sequence[str],
        environment: dict[str, str],
        *,
        pass_fds: tuple[int, ...] = (),
        announces: bool = True,
    ) -> None:
        family = (self._lock.family,) if self._lock else ()
        spec = ChildSpec(
            name=name,
            command=command,
            environment=environment,
            log_path=self._options.data_dir.absolute() / "logs" / f"{name}.log",
            announces=announces,
            pass_fds=(*pass_fds, *family),
        )
        self._children.append(Child(spec))

    def _set_token(self, environment: dict[str, str], data_dir: Path) -> None:
        """Without any authentication set: use the data folder's token, made at first start."""
        if self._settings.api_token or self._settings.tenant_keys_path:
            return
        path = data_dir / "api_token"
        if not path.exists() or not path.read_text().strip():
            self.new_token = secrets.token_urlsafe(24)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as token_file:
                token_file.write(self.new_token)
        self.token = path.read_text().strip()
        environment["MANTIS_API_TOKEN"] = self.token


async def _raise_retention(address: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *devserver.retention_command(address),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    if process.returncode:
        log.warning("closed workflows are kept for a day only: %s", told.decode(errors="replace"))


def _empty(folder: Path) -> Path:
    """The folder with nothing in it: samples count from the start of the stack."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise StackError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another with "
            "--port, or --port 0 for a free one"
        ) from error


def kept_ports(path: Path, count: int) -> list[int]:
    """The ports used at the last start, so that links stay good; free ones where some are taken.

    Args:
        path: where they are kept, as numbers between spaces.
        count: how many.
    """
    kept = [int(word) for word in path.read_text().split()] if path.exists() else []
    if len(kept) != count or not all(_is_free(port) for port in kept):
        kept = free_ports(count)
        path.write_text(" ".join(str(port) for port in kept))
    return kept


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _shown_host(host: str) -> str:
    return "127.0.0.1" if host in ("", "0.0.0.0") else host
