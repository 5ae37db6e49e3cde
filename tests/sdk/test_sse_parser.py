from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mantis_agent.sse import MAX_EVENT, EventTooLarge, Message, Parser

STREAM = (
    "\ufeff: a comment\r\n"
    'event: phase\rdata: {"phase": "queued"}\r\r'
    "id: 1\nevent: log\ndata: first\ndata:second\ndata:  third\n\n"
    "data: naked: with colons\r\n\r\n"
    "id: 2\r\nid: bad\0id\r\ndata\r\n\r\n"
    "event: without data\n\n"
    "retry: 150\nretry: 1x\nunknown: field\ndata: é✓\n\n"
    "id: 3\ndata: cut off"
).encode()
MESSAGES = [
    Message("phase", '{"phase": "queued"}', ""),
    Message("log", "first\nsecond\n third", "1"),
    Message("message", "naked: with colons", ""),
    Message("message", "", "2"),
    Message("message", "é✓", ""),
]


def parse(*chunks: bytes) -> tuple[list[Message], Parser]:
    parser = Parser()
    return [message for chunk in chunks for message in parser.feed(chunk)], parser


def test_a_whole_stream() -> None:
    messages, parser = parse(STREAM)
    assert messages == MESSAGES
    assert parser.retry_ms == 150


def test_the_id_of_an_event_that_is_cut_off_does_not_count() -> None:
    assert parse(STREAM)[1].last_id == "2"


@settings(deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_cuts_between_chunks_change_nothing(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in pairwise(edges)]
    assert parse(*chunks)[0] == MESSAGES


def test_byte_by_byte() -> None:
    assert parse(*(bytes([byte]) for byte in STREAM))[0] == MESSAGES


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_it(content: bytes) -> None:
    parse(content)


def test_an_event_without_end_is_refused() -> None:
    parser = Parser()
    with pytest.raises(EventTooLarge):
        for _ in range(MAX_EVENT // 65536 + 2):
            parser.feed(b"x" * 65536)


def test_pings_for_ever_are_no_large_event() -> None:
    parser = Parser()
    for _ in range(300):
        assert parser.feed(b": " + b"x" * 65536 + b"\n\n") == []
