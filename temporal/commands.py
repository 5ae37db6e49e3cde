"""What the service adds to the `mantis` command."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from inference.settings import ModelSettings
from temporal import logs
from temporal.children import ChildFailed
from temporal.demo import run_demo
from temporal.models_told import models_told
from temporal.settings import LogSettings, StackSettings
from temporal.stack import Stack, StackError, StackOptions


def serve(parser: argparse.ArgumentParser) -> None:
    """Start the whole service on this machine, in the foreground.

    Temporal, the workers and the API run as its children; everything is kept in the data
    folder. Ctrl-C or SIGTERM drains and ends it.
    """
    parser.add_argument("--host", default="127.0.0.1", help="address of the API")
    parser.add_argument("--port", type=_port, default=8000, help="port of the API; 0: a free one")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=StackSettings().data_dir,
        help="folder for the ledger, Temporal's database, profiles, artifacts and logs",
    )
    parser.add_argument(
        "--demo-site",
        action="store_true",
        help="also serve the demo marketplace and preset the input demo_site to it",
    )
    parser.set_defaults(handler=_serve)


def demo(parser: argparse.ArgumentParser) -> None:
    """Run the main job on the bundled marketplace and show its rows.

    The whole service is started on free ports, the example plan is submitted over HTTP, each
    step and the rows it brings are shown, and everything is stopped again.
    """
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data/demo"), help="folder for what the demo keeps"
    )
    parser.set_defaults(handler=_demo)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def _demo(arguments: argparse.Namespace) -> int:
    try:
        return run_demo(arguments.data_dir)
    except (StackError, ChildFailed, FileNotFoundError, RuntimeError) as error:
        sys.stderr.write(f"mantis demo: {error}\n")
        return 1


def _serve(arguments: argparse.Namespace) -> int:
    options = StackOptions(
        host=arguments.host,
        port=arguments.port,
        data_dir=arguments.data_dir,
        demo_site=arguments.demo_site,
    )
    settings = StackSettings()
    logs.configure(LogSettings(), "mantis-serve")
    try:
        return asyncio.run(_run(options, settings))
    except (StackError, ChildFailed, FileNotFoundError) as error:
        sys.stderr.write(f"mantis serve: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


async def _run(options: StackOptions, settings: StackSettings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stack = Stack(options, settings)
    starting = asyncio.create_task(stack.__aenter__())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return 130
    starting.result()
    try:
        _announce(stack, options)
        await stop.wait()
        sys.stdout.write("stopping: running steps are finished, browsers are closed\n")
        sys.stdout.flush()
    finally:
        stopped.cancel()
        await stack.stop()
    return 0


def _announce(stack: Stack, options: StackOptions) -> None:
    urls = stack.urls
    lines: list[str] = []
    if stack.new_token:
        kept = options.data_dir / "api_token"
        lines.append(f"token       {stack.new_token}   (new; kept in {kept})")
    lines.append(f"ready {urls.api}")
    lines.append(f"API docs    {urls.docs}")
    lines.append(f"models      {models_told(ModelSettings(), StackSettings().tenant_keys_path)}")
    if urls.temporal_ui:
        lines.append(f"Temporal UI {urls.temporal_ui}")
    if urls.demo_site:
        lines.append(f"demo site   {urls.demo_site}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
