import pytest

from activities.holder.tls import may_ask


def record(kind: int, size: int) -> bytes:
    return bytes([kind, 3, 3]) + size.to_bytes(2) + bytes(size)


HELLO, CIPHER, FINISHED = record(22, 512), record(20, 1), record(23, 53)
CLOSING, PING = record(23, 19), record(23, 34)
REQUEST = record(23, 300)


@pytest.mark.parametrize(
    "piece",
    [b"", HELLO, CIPHER + FINISHED, record(21, 2), CLOSING, PING, PING + CLOSING],
)
def test_handshakes_ends_and_pings_are_no_requests(piece: bytes) -> None:
    assert not may_ask(piece)


@pytest.mark.parametrize(
    "piece",
    [
        REQUEST,
        record(23, 35),
        PING + REQUEST,
        CIPHER + FINISHED + REQUEST,
        REQUEST[:40],
        b"GET / HTTP/1.1\r\n\r\n",
        HELLO + b"\x17",
    ],
)
def test_what_may_be_a_request_counts(piece: bytes) -> None:
    assert may_ask(piece)
