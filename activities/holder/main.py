"""The session holder's process: `python -m activities.holder.main --spec FILE`."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from activities.errors import ChromiumMissing, LaunchFailed
from activities.holder.control import Control
from activities.holder.holder import Holder, open_holder
from activities.holder.messages import HolderSpec, Refusal, Reply
from activities.holder.reaping import reaping


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold one session until it is closed or abandoned; returns the exit code.

    `--ready-fd` names an inherited pipe that takes one `Reply` line: where the session is, or
    why there is none.
    """
    parser = argparse.ArgumentParser(prog="activities.holder.main", description=main.__doc__)
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--ready-fd", type=int)
    options = parser.parse_args(arguments)
    spec = HolderSpec.model_validate_json(options.spec.read_bytes())
    os.umask(0o077)
    ready = _ReadyPipe(options.ready_fd)
    try:
        asyncio.run(_hold(spec, ready))
    except ChromiumMissing as error:
        return ready.fail(Refusal.CHROMIUM_MISSING, error)
    except LaunchFailed as error:
        return ready.fail(Refusal.LAUNCH_FAILED, error)
    except ValueError as error:
        return ready.fail(Refusal.INVALID, error)
    return 0


class _ReadyPipe:
    """Tells the process that started the holder how that went, once."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def write(self, reply: Reply) -> None:
        """Send the reply and close the pipe."""
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, reply.model_dump_json().encode() + b"\n")
        except BrokenPipeError:
            pass
        finally:
            os.close(self._descriptor)
            self._descriptor = None

    def fail(self, refusal: Refusal, error: Exception) -> int:
        """Send why there is no session; returns the exit code."""
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        self.write(Reply(refusal=refusal, message=str(error)))
        return 1


async def _hold(spec: HolderSpec, ready: _ReadyPipe) -> None:
    holder = await open_holder(spec)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, holder.ask_close)
    control = Control(holder, spec.socket_path)
    try:
        await control.start()
        _write_record(spec, holder)
        ready.write(Reply(hello=holder.hello))
        async with reaping():
            await holder.hold()
    finally:
        await holder.end()
        await control.stop()
        spec.record_path.unlink(missing_ok=True)


def _write_record(spec: HolderSpec, holder: Holder) -> None:
    """Write `holder.json` in one step: where the session is, for whoever finds its folder."""
    partial = spec.record_path.with_suffix(".partial")
    partial.write_text(holder.hello.model_dump_json())
    partial.replace(spec.record_path)


if __name__ == "__main__":
    sys.exit(main())
