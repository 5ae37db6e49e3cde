import asyncio
import contextlib
from pathlib import Path

import httpx
import pytest

from activities.holder.journal import read_journal
from tests.activities.holder.conftest import OpenEgress, Serve

pytestmark = pytest.mark.filterwarnings("error")


async def read_head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def echo_site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with the head and body it got, on a connection that it keeps."""
    while True:
        head = await read_head(reader)
        length = 0
        for line in head.decode().splitlines():
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        body = head + await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def client(proxy_port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(proxy=f"http://127.0.0.1:{proxy_port}", trust_env=False, timeout=10)


async def exchange(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


async def test_an_allowed_private_host_is_reached(serve: Serve, open_egress: OpenEgress) -> None:
    site = await serve(echo_site)
    port, network = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        answer = await http.get(f"http://127.0.0.1:{site}/a?b=c", headers={"X-Own": "1"})
    assert answer.status_code == 200
    assert answer.text.startswith("GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{site}\r\n" in answer.text
    assert "x-own: 1" in answer.text.lower()
    assert "proxy-connection" not in answer.text.lower()
    stats = network.stats
    assert stats.bytes_up > 50
    assert stats.bytes_down > 50
    assert stats.blocked == ()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "foo.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
    ],
)
async def test_private_addresses_are_refused_in_every_spelling(
    host: str, serve: Serve, open_egress: OpenEgress
) -> None:
    reached: list[str] = []

    async def secret(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        reached.append("yes")

    site = await serve(secret)
    port, network = await open_egress([], [])
    for request in (
        f"GET http://{host}:{site}/ HTTP/1.1\r\nHost: {host}\r\n\r\n",
        f"CONNECT {host}:{site} HTTP/1.1\r\nHost: {host}\r\n\r\n",
    ):
        answer = await exchange(port, request.encode())
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"X-Mantis-Blocked: private_address\r\n" in answer
    assert reached == []
    assert [blocked.count for blocked in network.stats.blocked] == [2]


async def test_a_redirect_to_a_private_host_ends_at_the_proxy(
    serve: Serve, open_egress: OpenEgress
) -> None:
    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\n"
            b"Content-Length: 0\r\n\r\n"
        )

    site = await serve(redirect)
    port, _ = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        answer = await http.get(f"http://127.0.0.1:{site}/", follow_redirects=True)
    assert answer.status_code == 403
    assert answer.headers["X-Mantis-Blocked"] == "private_address"


async def test_an_allowed_port_opens_no_other(serve: Serve, open_egress: OpenEgress) -> None:
    site, other = await serve(echo_site), await serve(echo_site)
    port, _ = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        assert (await http.get(f"http://127.0.0.1:{other}/")).status_code == 403


async def test_the_sessions_own_ports_stay_closed_whatever_is_allowed(
    open_egress: OpenEgress,
) -> None:
    port, network = await open_egress(["127.0.0.1:*"], [])
    answer = await exchange(
        port, f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    )
    assert b"X-Mantis-Blocked: private_address" in answer
    assert network.stats.connections == 0


async def test_the_tenants_allowlist_is_in_force(serve: Serve, open_egress: OpenEgress) -> None:
    site = await serve(echo_site)
    private = [f"127.0.0.1:{site}", f"shop.localhost:{site}", f"a.shop.localhost:{site}"]
    port, _ = await open_egress(private, ["*.shop.localhost"])
    async with client(port) as http:
        allowed = await http.get(f"http://a.shop.localhost:{site}/")
        assert allowed.status_code == 200
        for host in ("127.0.0.1", "shop.localhost"):
            refused = await http.get(f"http://{host}:{site}/")
            assert refused.status_code == 403
            assert refused.headers["X-Mantis-Blocked"] == "not_in_allowlist"
    tunnel = await exchange(port, f"CONNECT 127.0.0.1:{site} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert b"X-Mantis-Blocked: not_in_allowlist" in tunnel


async def test_a_site_that_is_down_or_unknown_says_so(
    serve: Serve, open_egress: OpenEgress
) -> None:
    port, _ = await open_egress(["127.0.0.1:1"], [])
    async with client(port) as http:
        down = await http.get("http://127.0.0.1:1/")
        unknown = await http.get("http://nowhere.invalid/")
    assert (down.status_code, down.headers["X-Mantis-Blocked"]) == (502, "connect_refused")
    assert (unknown.status_code, unknown.headers["X-Mantis-Blocked"]) == (502, "name_not_resolved")


async def test_a_site_that_answers_nonsense_is_a_bad_response(
    serve: Serve, open_egress: OpenEgress
) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"220 smtp ready\r\n\r\n")

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_head(reader)

    for handle in (nonsense, silent):
        site = await serve(handle)
        port, _ = await open_egress([f"127.0.0.1:{site}"], [])
        async with client(port) as http:
            answer = await http.get(f"http://127.0.0.1:{site}/")
        assert (answer.status_code, answer.headers["X-Mantis-Blocked"]) == (502, "bad_response")


async def test_connections_are_kept_on_both_sides(serve: Serve, open_egress: OpenEgress) -> None:
    site = await serve(echo_site)
    port, network = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        for _ in range(5):
            assert (await http.get(f"http://127.0.0.1:{site}/")).status_code == 200
    assert network.stats.connections == 1


async def test_a_kept_connection_that_the_site_closed_is_replaced(
    serve: Serve, open_egress: OpenEgress
) -> None:
    async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await read_head(reader)

    site = await serve(one_each)
    port, network = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        for _ in range(3):
            assert (await http.get(f"http://127.0.0.1:{site}/")).text == "ok"
    assert network.stats.connections == 3


async def test_a_post_is_journalled_and_never_sent_twice(
    serve: Serve, open_egress: OpenEgress, tmp_path: Path
) -> None:
    arrived: list[bytes] = []

    async def forgetful(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await read_head(reader)
            arrived.append(head.split(b" ")[0])
            if head.startswith(b"POST"):
                assert [entry.status for entry in read_journal(journal_path)] == [None]
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    journal_path = tmp_path / "journal.jsonl"
    site = await serve(forgetful)
    port, network = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        await http.get(f"http://127.0.0.1:{site}/")
        answer = await http.post(f"http://127.0.0.1:{site}/order?card=4111", content=b"x" * 10)
    assert answer.headers["X-Mantis-Blocked"] == "bad_response"
    assert arrived == [b"GET", b"POST"]
    entries = read_journal(journal_path)
    url = f"http://127.0.0.1:{site}/order"
    assert [(entry.method, entry.url, entry.failed) for entry in entries] == [
        ("POST", url, ""),
        ("POST", url, "no answer"),
    ]
    assert network.stats.journal_length == 1


async def test_an_answered_post_is_journalled_with_its_status(
    serve: Serve, open_egress: OpenEgress, tmp_path: Path
) -> None:
    site = await serve(echo_site)
    port, _ = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        answer = await http.post(f"http://127.0.0.1:{site}/order", content=b"y" * 300_000)
    assert answer.text.count("y") >= 300_000
    statuses = [entry.status for entry in read_journal(tmp_path / "journal.jsonl")]
    assert statuses == [None, 200]


async def test_bodies_stream_through(serve: Serve, open_egress: OpenEgress) -> None:
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await go_on.wait()
        writer.write(b"6\r\nsecond\r\n0\r\n\r\n")

    site = await serve(slow)
    port, _ = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http, http.stream("GET", f"http://127.0.0.1:{site}/") as answer:
        pieces = answer.aiter_raw()
        assert await anext(pieces) == b"first"
        go_on.set()
        assert await anext(pieces) == b"second"


async def test_a_body_without_length_ends_with_its_connection(
    serve: Serve, open_egress: OpenEgress
) -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold but good")

    site = await serve(old)
    port, _ = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        assert (await http.get(f"http://127.0.0.1:{site}/")).text == "old but good"


async def test_a_cut_ends_a_response_under_way_at_once(
    serve: Serve, open_egress: OpenEgress
) -> None:
    gone = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nstart")
        with contextlib.suppress(OSError):
            await reader.read()
        gone.set()

    site = await serve(endless)
    port, network = await open_egress([f"127.0.0.1:{site}"], [])
    async with client(port) as http:
        with pytest.raises(httpx.TransportError):
            async with http.stream("GET", f"http://127.0.0.1:{site}/") as answer:
                async for piece in answer.aiter_raw():
                    assert piece == b"start"
                    network.cut()
        async with asyncio.timeout(2):
            await gone.wait()
        with pytest.raises(httpx.TransportError):
            await http.get(f"http://127.0.0.1:{site}/")
        network.restore()
        with pytest.raises(httpx.ReadTimeout):
            await http.get(f"http://127.0.0.1:{site}/", timeout=0.2)


async def test_the_site_is_let_go_when_the_browser_hangs_up(
    serve: Serve, open_egress: OpenEgress
) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def never(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        asked.set()
        with contextlib.suppress(OSError):
            await reader.read()
        gone.set()

    site = await serve(never)
    port, _ = await open_egress([f"127.0.0.1:{site}"], [])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET http://127.0.0.1:{site}/ HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    async with asyncio.timeout(5):
        await asked.wait()
        writer.close()
        await gone.wait()


async def test_a_tunnel_carries_any_bytes_both_ways(serve: Serve, open_egress: OpenEgress) -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.readexactly(6)
        writer.write(b"\x16\x03\x03" + hello)
        writer.write(b"end:" + await reader.read())

    site = await serve(raw)
    port, network = await open_egress([f"127.0.0.1:{site}"], [])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"CONNECT 127.0.0.1:{site} HTTP/1.1\r\nHost: a\r\n\r\n".encode() + b"\x16\x03\x01")
    assert (await read_head(reader)).startswith(b"HTTP/1.1 200 ")
    writer.write(b"\x00\xff\x00")
    assert await reader.readexactly(9) == b"\x16\x03\x03\x16\x03\x01\x00\xff\x00"
    writer.write(b"bye")
    writer.write_eof()
    async with asyncio.timeout(5):
        assert await reader.read() == b"end:bye"
    writer.close()
    assert network.stats.bytes_up == 9
    assert network.stats.bytes_down == 16


async def test_a_cut_ends_tunnels(serve: Serve, open_egress: OpenEgress) -> None:
    async def held(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    site = await serve(held)
    port, network = await open_egress([f"127.0.0.1:{site}"], [])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"CONNECT 127.0.0.1:{site} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    await read_head(reader)
    network.cut()
    async with asyncio.timeout(2):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


async def test_a_switch_of_protocols_goes_through(serve: Serve, open_egress: OpenEgress) -> None:
    async def socket_site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        assert b"upgrade: websocket" in head.lower()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\n\r\nfirst"
        )
        writer.write(await reader.readexactly(4))

    site = await serve(socket_site)
    port, _ = await open_egress([f"127.0.0.1:{site}"], [])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET http://127.0.0.1:{site}/ws HTTP/1.1\r\nHost: a\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode()
    )
    assert (await read_head(reader)).startswith(b"HTTP/1.1 101 ")
    writer.write(b"ping")
    async with asyncio.timeout(5):
        assert await reader.read() == b"firstping"
    writer.close()


@pytest.mark.parametrize(
    "request_text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ftp://example.com/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://user@127.0.0.1/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\n\r\n",
        b"CONNECT example.com HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT http://example.com:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\nA: " + b"x" * 400_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\r\n\r\n",
    ],
)
async def test_malformed_requests_are_answered_with_400(
    request_text: bytes, open_egress: OpenEgress
) -> None:
    port, network = await open_egress([], [])
    answer = await exchange(port, request_text)
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"X-Mantis-Blocked: bad_request" in answer
    assert network.stats.connections == 0


async def test_a_malformed_body_ends_the_exchange(serve: Serve, open_egress: OpenEgress) -> None:
    site = await serve(echo_site)
    port, _ = await open_egress([f"127.0.0.1:{site}"], [])
    answer = await exchange(
        port,
        f"POST http://127.0.0.1:{site}/ HTTP/1.1\r\nHost: a\r\n"
        "Transfer-Encoding: chunked\r\n\r\nZZ\r\n".encode(),
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
