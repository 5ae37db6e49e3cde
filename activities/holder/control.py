"""The holder's control socket."""

import asyncio
import contextlib
from pathlib import Path

from pydantic import ValidationError

from activities.holder.handlers import Handlers
from activities.holder.holder import Holder
from activities.holder.messages import COMMANDS, Refusal, Reply

_SOCKET_MODE = 0o600


class Control:
    """Answers commands at a unix socket; its folder keeps other users out.

    Args:
        holder: is asked for the answers.
        path: of the socket; a stale one there is replaced.
    """

    def __init__(self, holder: Holder, path: Path) -> None:
        self._holder = holder
        self._path = path
        self._handlers = Handlers(self._serve)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._handlers, self._path)
        self._path.chmod(_SOCKET_MODE)

    async def stop(self) -> None:
        """Listen no more and remove the socket; callers see their connection end."""
        if self._server is not None:
            self._server.close()
            await self._handlers.end()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                writer.write(self._answer(line).model_dump_json().encode() + b"\n")
                await writer.drain()

    def _answer(self, line: bytes) -> Reply:
        try:
            command = COMMANDS.validate_json(line)
        except ValidationError as error:
            message = f"no command of this holder: {error.errors()[0]['msg']}"
            return Reply(refusal=Refusal.INVALID, message=message)
        return self._holder.answer(command)
