"""The processes of a pool as command lines.

One server listens itself. Several listen on loopback behind a router:

```
front :30000 ── router ─┬─ server 0 :30001 (GPU 0)
                        └─ server 1 :30002 (GPU 1)
```
"""

import json
import shlex
from typing import Final

from inference.sglang.settings import PoolSettings

Argv = tuple[str, ...]
_LOOPBACK: Final = "127.0.0.1"
_SECONDS_OF_A_REQUEST: Final = 600
"""Longer than any client waits: whoever asks gives up first, and its request is aborted then."""


def server(pool: PoolSettings, index: int = 0) -> Argv:
    """The command of one SGLang server.

    Args:
        pool: the layout.
        index: which server of the machine, from 0; its GPUs follow those of the ones before.

    Raises:
        IndexError: there is no such server.
    """
    if not 0 <= index < pool.servers:
        raise IndexError(f"there is no server {index}, there are {pool.servers}")
    alone = pool.servers == 1
    return (
        *(pool.python, "-m", "sglang.launch_server"),
        *("--model-path", pool.model),
        *("--served-model-name", pool.served_name),
        *("--host", pool.host if alone else _LOOPBACK),
        *("--port", str(pool.port if alone else pool.port + 1 + index)),
        *_unless(1, "--tp-size", pool.tp),
        *_unless(1, "--dp-size", pool.dp),
        *_unless(0, "--base-gpu-id", index * pool.tp * pool.dp),
        *("--context-length", str(pool.context_length)),
        *("--mem-fraction-static", f"{pool.mem_fraction:g}"),
        *("--reasoning-parser", "qwen3"),
        *("--tool-call-parser", "qwen3_coder"),
        *("--grammar-backend", "xgrammar"),
        "--constrained-json-disable-any-whitespace",
        *("--mamba-radix-cache-strategy", "extra_buffer"),
        *("--limit-mm-data-per-request", json.dumps({"image": pool.images})),
        "--enable-priority-scheduling",
        *("--max-queued-requests", str(pool.max_queued)),
        *_unless(0, "--max-running-requests", pool.max_running),
        "--enable-metrics",
        "--enable-cache-report",
        *shlex.split(pool.extra),
    )


def _unless(usual: int, flag: str, value: int) -> Argv:
    return () if value == usual else (flag, str(value))


def router(pool: PoolSettings, workers: tuple[str, ...] = ()) -> Argv:
    """The command of the router before several servers.

    It spreads requests by load: `cache_aware`, its default, sends all that begin alike to one
    server. It does not retry, because runs do, which know what a try costs and when to stop.
    Servers are asked for a token now and then; those that give none get no requests.

    Args:
        pool: the layout.
        workers: base URLs of the servers, also of other machines; none: those of this one.
    """
    every = str(pool.health_every_s)
    return (
        *(pool.python, "-m", "sglang_router.launch_router"),
        *("--host", pool.host),
        *("--port", str(pool.port)),
        *("--worker-urls", *(workers or server_urls(pool))),
        *("--policy", "power_of_two"),
        "--disable-retries",
        *("--cb-failure-threshold", "3"),
        *("--cb-success-threshold", "1"),
        *("--cb-timeout-duration-secs", every),
        *("--health-check-endpoint", "/health"),
        *("--health-check-interval-secs", every),
        *("--health-check-timeout-secs", every),
        *("--health-failure-threshold", "2"),
        *("--health-success-threshold", "1"),
        *("--worker-startup-check-interval", "2"),
        *("--request-timeout-secs", str(_SECONDS_OF_A_REQUEST)),
        *("--shutdown-grace-period-secs", "30"),
        *("--prometheus-host", _LOOPBACK),
        *("--prometheus-port", str(pool.metrics_port)),
        *("--log-level", "warn"),
    )


def server_urls(pool: PoolSettings) -> tuple[str, ...]:
    """Base URLs of this machine's servers, without `/v1`."""
    if pool.servers == 1:
        return (front_url(pool),)
    ports = range(pool.port + 1, pool.port + 1 + pool.servers)
    return tuple(f"http://{_LOOPBACK}:{port}" for port in ports)


def front_url(pool: PoolSettings) -> str:
    """Where the pool is reached on this machine, without `/v1`."""
    host = _LOOPBACK if pool.host in ("0.0.0.0", "::") else pool.host
    return f"http://[{host}]:{pool.port}" if ":" in host else f"http://{host}:{pool.port}"


def commands(pool: PoolSettings) -> tuple[Argv, ...]:
    """All processes of the pool on this machine: servers, then the router of several."""
    servers = tuple(server(pool, index) for index in range(pool.servers))
    return servers if pool.servers == 1 else (*servers, router(pool))
