import json

import pytest

from api.feeds.frames import event_frame, event_json, read_cursor
from ledger.models import Document, EventRow
from ledger.wire import iso_us

TS = 1_767_225_600_000_001


def event(kind: str = "step", /, **body: object) -> EventRow:
    return EventRow.model_validate(
        {"ts": TS, "dedup_key": "x", "kind": kind, "step_index": 3, "body": body}
    )


def test_a_row_has_its_fields_first_and_null_where_none_applies():
    shown = json.loads(event_json(event("log", message="hello")))
    assert list(shown.items()) == [
        ("ts", iso_us(TS)), ("kind", "log"), ("step_index", 3), ("type", None), ("intent", None),
        ("success", None), ("tier", None), ("message", "hello"),
    ]  # fmt: skip


def test_a_body_cannot_change_what_the_ledger_says():
    shown = json.loads(event_json(event(ts="now", kind="terminal", step_index=9, tier="dom")))
    assert (shown["ts"], shown["kind"], shown["step_index"]) == (iso_us(TS), "step", 3)
    assert shown["tier"] == "dom"


@pytest.mark.parametrize(
    "intent", ["a\nb", "a\r\n\r\nevent: terminal", "\u2028\u2029\x85", "\x0b\x0c\x1c\x00", "ü😀"]
)
def test_a_frame_is_three_lines_whatever_the_text(intent: str):
    frame = event_frame(event(intent=intent))
    assert frame.endswith(b"\n\n")
    assert len(frame.decode().splitlines()) == 4
    assert json.loads(frame.split(b"data: ")[1])["intent"] == intent


def test_a_kind_cannot_break_the_frame():
    assert b"\nevent: log_data__x\n" in event_frame(event("log\ndata: x"))


def test_an_extract_row_carries_the_record_as_the_result_shows_it():
    record: Document = {
        "fields": {"year": {"value": 2019, "raw": "2019", "tier": "dom"}},
        "url": "https://example.com/a",
    }
    row = json.loads(event_json(event("extract", row=record, url="https://x.test", viable=True)))
    assert row["row"]["year"] == 2019 and row["row"]["url"] == "https://example.com/a"
    assert row["row"]["_trace"]["page_url"] == "https://x.test"
    assert json.loads(event_json(event("extract", row={"a": 1})))["row"] == {"a": 1}


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000001z", "2026-01-01t00:00:00.000001",
     "20260101T000000.000001Z", "2026-01-01 02:00:00.000001 02:00",
     "2025-12-31T16:30:00.000001-0730", "2026-W01-4T00:00:00.000001+00"],
)  # fmt: skip
def test_any_iso_time_is_a_cursor(text: str):
    assert read_cursor(text) == TS


@pytest.mark.parametrize(
    "text", ["", "yesterday", "\x00", "1970", "0", "9" * 100_000, "0001-01-01T00:00:00+23:59", "ß"]
)
def test_what_is_no_time_is_the_beginning(text: str):
    assert read_cursor(text) == 0
