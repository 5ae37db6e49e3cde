"""Events as a caller sees them: JSON, and frames of a server-sent event stream."""

import json
import re
from collections.abc import Mapping

from pydantic import JsonValue

from ledger.clock import Micros
from ledger.heads import Head
from ledger.models import Document, EventRow, ExtractedRow
from ledger.records import build_rows
from ledger.wire import iso_us, read_iso

PING = b": ping\n\n"

_ALWAYS = ("type", "intent", "success", "tier")
_NOT_A_WORD = re.compile(r"[^A-Za-z0-9_.-]")
_LINE_END = re.compile("[\x85\u2028\u2029]")


def read_cursor(since: str) -> Micros:
    """The time after which events are wanted; 0, the beginning, where it is unreadable."""
    return max(0, read_iso(since.upper()) or 0)


def event_json(event: EventRow) -> bytes:
    """A row on the wire. `type`, `intent`, `success` and `tier` are null where none applies."""
    body = event.body
    shown: Document = {
        "ts": iso_us(event.ts),
        "kind": event.kind,
        "step_index": event.step_index,
        **{name: body.get(name) for name in _ALWAYS},
    }
    shown |= {name: value for name, value in body.items() if name not in shown}
    if "row" in shown:
        shown["row"] = _record(event)
    return _encoded(shown)


def event_frame(event: EventRow) -> bytes:
    """A row as a frame: its kind as the event, its time as the id."""
    kind = _NOT_A_WORD.sub("_", event.kind)
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        iso_us(event.ts).encode(),
        kind.encode(),
        event_json(event),
    )


def phase_frame(run_id: str, head: Head) -> bytes:
    """The phase now; it has no id, so that a reader's cursor stays where it is."""
    return _frame(b"phase", {"phase": head.phase, "run_id": run_id})


def terminal_frame(run_id: str, head: Head) -> bytes:
    """The last frame of a run that is over."""
    return _frame(
        b"terminal", {"phase": head.phase, "run_id": run_id, "halt_class": head.halt_class}
    )


def _frame(name: bytes, data: Mapping[str, JsonValue]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name, _encoded(data))


def _encoded(document: Mapping[str, JsonValue]) -> bytes:
    """One line of JSON, also for a client that takes any Unicode line end for one."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _LINE_END.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode(errors="replace")


def _record(event: EventRow) -> JsonValue:
    """The record of an extract row, as the result shows it."""
    record = event.body["row"]
    if not isinstance(record, dict) or not isinstance(record.get("fields"), dict):
        return record
    url = event.body.get("url")
    found = ExtractedRow(
        seq=0,
        key="",
        step_index=event.step_index or 0,
        record=record,
        viable=event.body.get("viable") is True,
        page_url=url if isinstance(url, str) else "",
    )
    return build_rows([found])[0]
