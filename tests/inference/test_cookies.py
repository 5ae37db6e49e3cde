"""What a server of models sets as a cookie never comes back to it, and so to no other tenant."""

from collections.abc import Iterator

import pytest

from inference.claude import client as claude
from inference.holo3 import chat as holo3
from inference.settings import ModelSettings
from tests.fakes.serving import Loopback, Receive, Scope, Send

Seen = list[bool]


@pytest.fixture
def seen() -> Seen:
    """Whether each request had a cookie."""
    return []


@pytest.fixture
def setting(seen: Seen) -> Iterator[str]:
    """The address of a server that sets a cookie with each answer."""

    async def sets(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(any(name == b"cookie" for name, _ in scope["headers"]))
        head = [(b"set-cookie", b"route=worker-1; Path=/")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"{}"})

    with Loopback(sets) as server:
        yield server.url


async def test_the_connections_to_holo3_keep_no_cookie(setting: str, seen: Seen) -> None:
    async with holo3.connections(ModelSettings(holo3_url=setting)) as http:
        for _ in range(2):
            answer = await http.post(f"{setting}/v1/chat/completions", json={})
            assert answer.headers["set-cookie"].startswith("route=")
    assert seen == [False, False]


async def test_the_connections_to_claude_keep_no_cookie(setting: str, seen: Seen) -> None:
    async with claude.connections(ModelSettings()) as http:
        for _ in range(2):
            answer = await http.post(f"{setting}/v1/messages", json={})
            assert answer.headers["set-cookie"].startswith("route=")
    assert seen == [False, False]
