"""Waiting until servers take requests, without having them generate anything."""

import asyncio
import time
from collections.abc import Callable, Sequence

import httpx

EVERY_S = 1.0
_PATIENCE_OF_A_LOOK_S = 5.0
_UNKNOWN = 404


class NotReady(Exception):
    """Servers that did not get ready in time.

    Attributes:
        waiting: their base URLs, each with what it said last.
    """

    def __init__(self, waiting: dict[str, str]) -> None:
        super().__init__(", ".join(f"{url}: {said}" for url, said in waiting.items()))
        self.waiting = waiting


async def ready(client: httpx.AsyncClient, url: str) -> str:
    """Empty where the server takes requests (`GET /ready`), else what is in the way.

    A router, which knows no `/ready`, is asked by `/readiness`.
    """
    for path in ("/ready", "/readiness"):
        try:
            answer = await client.get(url + path, timeout=_PATIENCE_OF_A_LOOK_S)
        except httpx.HTTPError as error:
            return type(error).__name__
        if answer.status_code == _UNKNOWN:
            continue
        return "" if answer.is_success else f"answers {answer.status_code}"
    return "has neither /ready nor /readiness: not a server of SGLang"


async def wait_ready(
    client: httpx.AsyncClient,
    urls: Sequence[str],
    *,
    patience_s: float,
    every_s: float = EVERY_S,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until all of them take requests; loading a model takes minutes.

    Raises:
        NotReady: some did not within `patience_s` seconds.
    """
    end = clock() + patience_s
    waiting = dict.fromkeys(urls, "not asked yet")
    while True:
        said = await asyncio.gather(*(ready(client, url) for url in waiting))
        waiting = {url: one for url, one in zip(waiting, said, strict=True) if one}
        if not waiting:
            return
        left = end - clock()
        if left <= 0:
            raise NotReady(waiting)
        await asyncio.sleep(min(every_s, left))
