"""One real API for all tests of the client, and both clients behind one face."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from mantis_agent import AsyncMantisClient, MantisClient, RetryPolicy
from tests.sdk.faulty import FaultyProxy
from tests.sdk.served import TOKEN, Served
from tests.sdk.story import Story

QUICK = RetryPolicy(tries=4, total_s=20, first_s=0.02, most_s=0.1, outage_s=90)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("served"))
    yield running
    running.stop()


@pytest.fixture
def story(served: Served) -> Story:
    return served.story


@pytest.fixture
def proxy(served: Served) -> Iterator[FaultyProxy]:
    faulty = FaultyProxy(served.port)
    yield faulty
    faulty.down()


class AwaitedClient:
    """The asyncio client, each call of which is run to its end."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncMantisClient(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            made = method(*arguments, **options)
            if hasattr(made, "__aiter__"):
                return self._each(made)
            return self._loop.run_until_complete(made)

        return call

    def __repr__(self) -> str:
        return repr(self._client)

    def _each(self, generator: Any) -> Iterator[Any]:
        try:
            while True:
                try:
                    item = self._loop.run_until_complete(anext(generator))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            self._loop.run_until_complete(generator.aclose())

    def shut(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class Makes:
    """Makes clients of one kind and closes them."""

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        self._made: list[Any] = []

    def __call__(self, url: str, **options: Any) -> Any:
        given = {"mantis_token": TOKEN, "retry": QUICK} | options
        self._made.append(self._kind(url, **given))
        return self._made[-1]

    def close(self) -> None:
        for client in self._made:
            client.shut() if isinstance(client, AwaitedClient) else client.close()


@pytest.fixture(params=[MantisClient, AwaitedClient], ids=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Makes]:
    """Makes clients: each test runs once with either kind."""
    makes = Makes(request.param)
    yield makes
    makes.close()


@pytest.fixture
def mantis(connect: Makes, served: Served) -> Any:
    return connect(served.url)


@pytest.fixture
def behind(connect: Makes, proxy: FaultyProxy) -> Any:
    """A client whose connections go through the faulty proxy."""
    return connect(proxy.url)
