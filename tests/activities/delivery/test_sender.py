"""Sending, against real sockets on loopback."""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import psutil
import pytest

from activities.addresses import IPAddress, resolve_name
from activities.delivery import sender as sender_module
from activities.delivery.errors import NoAnswer, NotDelivered, Refused
from activities.delivery.sender import Sender
from activities.delivery.target import read_target
from tests.activities.delivery.conftest import Certified
from tests.activities.delivery.receiver import (
    Behaviour,
    dripping,
    endless_body,
    huge_head,
    interim,
    nonsense,
    receiving,
    reset,
    silence,
    status,
)

HEADERS = (("Content-Type", "application/json"), ("X-Mantis-Delivery", "d1"))
BODY = b'{"run_id":"r"}'


class Names:
    """A resolver whose answers are given one after another; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> tuple[IPAddress, ...]:
        self.asked.append((host, port))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return tuple(ipaddress.ip_address(address) for address in answer)


def open_sender(names: Names | None = None, tls: ssl.SSLContext | None = None) -> Sender:
    return Sender(names or resolve_name, tls or ssl.create_default_context(), allow_private=True)


def strict_sender(names: Names | None = None) -> Sender:
    return Sender(names or resolve_name, ssl.create_default_context(), allow_private=False)


@pytest.fixture
def crowded() -> Iterator[int]:
    """A loopback port whose queue is full: connecting to it takes for ever."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port: int = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(("127.0.0.1", port))
        yield port
        for one in waiting:
            one.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole time-out is 10 s; the tests of hostile receivers wait for less of it."""
    monkeypatch.setattr(sender_module, "TIMEOUT_S", 1.0)


async def post(sender: Sender, url: str) -> int:
    return await sender.post(read_target(url), HEADERS, BODY)


async def test_a_body_and_its_headers_arrive_as_they_are() -> None:
    async with receiving(status(204)) as receiver:
        assert await post(open_sender(), receiver.url(path="/a/b?c=d%20e")) == 204
    (letter,) = receiver.letters
    assert letter.line == "POST /a/b?c=d%20e HTTP/1.1"
    assert letter.body == BODY
    assert letter.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert letter.headers["x-mantis-delivery"] == "d1"
    assert letter.headers["content-length"] == str(len(BODY))
    assert "authorization" not in letter.headers


async def test_user_info_becomes_basic_authorization() -> None:
    async with receiving() as receiver:
        await post(open_sender(), f"http://us%40er:p%3Aw@127.0.0.1:{receiver.port}/")
    assert receiver.letters[0].headers["authorization"] == "Basic dXNAZXI6cDp3"
    assert "p%3Aw" not in receiver.letters[0].headers["host"]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(code: int) -> None:
    async with receiving() as other, receiving(status(code, f"Location: {other.url()}")) as first:
        assert await post(open_sender(), first.url()) == code
        assert len(first.letters) == 1
    assert other.letters == []


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver, receiving(status(503)) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(path=""))
            monkeypatch.setenv(name.upper(), proxy.url(path=""))
        assert await post(open_sender(), receiver.url()) == 200
    assert proxy.letters == []


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (silence, "did not answer within"),
        (dripping, "did not answer within"),
        (interim, "did not answer within"),
        (reset, "hung up|gave no answer"),
        (nonsense, "gave no answer in HTTP"),
        (huge_head, "gave no answer in HTTP"),
    ],
)
async def test_a_receiver_that_does_not_answer_properly(
    behaviour: Behaviour, says: str, impatient: None
) -> None:
    began = time.monotonic()
    async with receiving(behaviour) as receiver:
        with pytest.raises(NoAnswer, match=says):
            await post(open_sender(), receiver.url(path="/hook?token=hidden"))
    assert time.monotonic() - began < 4


async def test_an_endless_body_is_not_read() -> None:
    before = psutil.Process().memory_info().rss
    async with receiving(endless_body) as receiver:
        began = time.monotonic()
        assert await post(open_sender(), receiver.url()) == 200
        assert time.monotonic() - began < 2
    assert psutil.Process().memory_info().rss - before < 32 * 1024 * 1024


async def test_nobody_listens(impatient: None) -> None:
    async with receiving() as receiver:
        url = receiver.url()
    with pytest.raises(NoAnswer, match="can't be connected to"):
        await post(open_sender(), url)


async def test_a_name_that_leads_nowhere() -> None:
    with pytest.raises(NoAnswer, match=r"the name nowhere\.invalid can't be resolved"):
        await post(open_sender(), "http://nowhere.invalid/?token=hidden")


async def test_the_second_address_is_tried_when_the_first_refuses() -> None:
    async with receiving() as receiver:
        names = Names(["127.0.0.9", "127.0.0.1"])
        assert await post(open_sender(names), receiver.url(host="both.test")) == 200
    assert receiver.letters[0].headers["host"] == f"both.test:{receiver.port}"


async def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    crowded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "CONNECT_S", 0.3)
    async with receiving(host="127.0.0.2", port=crowded) as receiver:
        names = Names(["127.0.0.1", "127.0.0.2"])
        assert await post(open_sender(names), f"http://both.test:{crowded}/") == 200
    assert len(receiver.letters) == 1
    with pytest.raises(NoAnswer, match="can't be connected to"):
        names = Names(["127.0.0.1", "127.0.0.1"])
        await post(open_sender(names), f"http://both.test:{crowded}/")


NO_URL = ("0177.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①")
"""Spellings that are refused as URLs already."""


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[::ffff:a9fe:a9fe]",
        "224.0.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "public.test@127.0.0.1",
    ],
)
async def test_what_is_not_public_is_refused_in_every_spelling(host: str) -> None:
    async with receiving() as receiver:
        with pytest.raises(NotDelivered) as caught:
            await post(strict_sender(), f"http://{host}:{receiver.port}/hook")
        assert receiver.letters == []
    assert isinstance(caught.value, Refused) or host in NO_URL


async def test_one_private_address_among_public_ones_condemns_the_name() -> None:
    async with receiving() as receiver:
        names = Names(["93.184.216.34", "127.0.0.1"])
        with pytest.raises(Refused, match="not public"):
            await post(strict_sender(names), receiver.url(host="mixed.test"))
    assert receiver.letters == []


async def test_a_name_that_turns_private_after_the_check_gains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected: list[str] = []
    pinned = sender_module.Pinned

    class Noting(pinned):
        def __init__(self, addresses: tuple[IPAddress, ...]) -> None:
            super().__init__((ipaddress.ip_address("127.0.0.1"),))
            connected.extend(str(address) for address in addresses)

    monkeypatch.setattr(sender_module, "Pinned", Noting)
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    async with receiving() as receiver:
        assert await post(strict_sender(names), receiver.url(host="rebound.test")) == 200
        assert names.asked == [("rebound.test", receiver.port)]
        assert connected == ["93.184.216.34"]
        with pytest.raises(Refused):
            await post(strict_sender(names), receiver.url(host="rebound.test"))
    assert len(receiver.letters) == 1


async def test_the_name_stays_in_tls_though_an_address_is_connected_to(
    certified: Certified,
) -> None:
    names = Names(["127.0.0.1"])
    async with receiving(tls=certified.server) as receiver:
        sender = open_sender(names, certified.client)
        assert await post(sender, receiver.url(host="hook.test")) == 200
        assert receiver.letters[0].headers["host"] == f"hook.test:{receiver.port}"
        with pytest.raises(NoAnswer, match=r"certificate of https://other\.test.* is not valid"):
            await post(sender, receiver.url(host="other.test"))


async def test_a_certificate_of_nobody_is_refused(certified: Certified) -> None:
    async with receiving(tls=certified.server) as receiver:
        with pytest.raises(NoAnswer, match="certificate of"):
            await post(open_sender(Names(["127.0.0.1"])), receiver.url(host="hook.test"))
    assert receiver.letters == []


async def test_https_to_a_receiver_of_plain_http() -> None:
    async with receiving() as receiver:
        with pytest.raises(NoAnswer):
            await post(open_sender(), f"https://127.0.0.1:{receiver.port}/")


async def test_a_hanging_resolver_ends_with_the_time_out(impatient: None) -> None:
    async def hang(host: str, port: int) -> tuple[IPAddress, ...]:
        await asyncio.sleep(60)
        return ()

    sender = Sender(hang, ssl.create_default_context(), allow_private=True)
    with pytest.raises(NoAnswer, match="did not answer within"):
        await post(sender, "http://slow.test/")


async def test_names_are_resolved_on_threads_of_their_own() -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="own") as threads:
        resolve = partial(resolve_name, executor=threads)
        sender = Sender(resolve, ssl.create_default_context(), allow_private=True)
        async with receiving() as receiver:
            assert await post(sender, receiver.url()) == 200
