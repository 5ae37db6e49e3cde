"""`python -m inference.sglang`: the pool's commands, on the machine with the GPUs.

```
command          print the command line of each process
server [INDEX]   become server INDEX
router [URL …]   become the router, before these servers or those of this machine
wait             until servers and router take requests
```
"""

import argparse
import asyncio
import os
import shlex
import sys

import httpx
from pydantic import ValidationError

from inference.sglang import launch
from inference.sglang.readiness import NotReady, wait_ready
from inference.sglang.settings import PoolSettings


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0, 1 where the pool did not get ready, 2 where its settings are wrong."""
    parser = argparse.ArgumentParser(prog="python -m inference.sglang", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("command")
    parts.add_parser("server").add_argument("index", nargs="?", type=int, default=0)
    parts.add_parser("router").add_argument("urls", nargs="*")
    parts.add_parser("wait").add_argument("--patience", type=float, default=1800.0)
    told = parser.parse_args(arguments)
    try:
        pool = PoolSettings()
    except ValidationError as error:
        return _wrong("; ".join(_fault(one["loc"], one["msg"]) for one in error.errors()))
    match told.part:
        case "command":
            lines = [shlex.join(argv) for argv in launch.commands(pool)]
            sys.stdout.write("\n".join(lines) + "\n")
            return 0
        case "server":
            if not 0 <= told.index < pool.servers:
                return _wrong(f"there is no server {told.index}: {pool.servers} fit these GPUs")
            return _become(launch.server(pool, told.index))
        case "router":
            return _become(launch.router(pool, tuple(told.urls)))
        case _:
            return asyncio.run(_wait(pool, told.patience))


def _fault(place: tuple[int | str, ...], message: str) -> str:
    name = "_".join(str(part) for part in place).upper()
    return f"MANTIS_POOL_{name}: {message}" if name else f"MANTIS_POOL_*: {message}"


def _wrong(message: str) -> int:
    sys.stderr.write(message + "\n")
    return 2


def _become(argv: launch.Argv) -> int:
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        return _wrong(f"{argv[0]}: {error.strerror}: set MANTIS_POOL_PYTHON")


async def _wait(pool: PoolSettings, patience_s: float) -> int:
    urls = dict.fromkeys((*launch.server_urls(pool), launch.front_url(pool)))
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            await wait_ready(client, tuple(urls), patience_s=patience_s)
        except NotReady as error:
            sys.stderr.write(f"not ready: {error}\n")
            return 1
    sys.stdout.write(f"ready: MANTIS_HOLO3_URL={launch.front_url(pool)}/v1\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
