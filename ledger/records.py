"""Extracted records as a caller sees them: lines, objects with their sources, CSV."""

from collections.abc import Sequence

from pydantic import JsonValue

from ledger.content import read_content
from ledger.models import Document, ExtractedRow, RunRow
from plans.fields import plan_fields
from plans.json_text import canonical_json
from plans.leads import LeadRecord, lead_line, leads_csv
from plans.plan import Plan


def build_leads(row: RunRow, rows: Sequence[ExtractedRow]) -> list[str]:
    """One line a viable record, in the order of the plan's fields."""
    names = field_names_of(row)
    return [lead_line(lead_record(found), names) for found in rows if found.viable]


def build_csv(row: RunRow, rows: Sequence[ExtractedRow]) -> str:
    """The records as CSV, in the order of the plan's fields."""
    return leads_csv([(lead_record(found), found.viable) for found in rows], field_names_of(row))


def build_rows(rows: Sequence[ExtractedRow]) -> list[Document]:
    """The records as objects: their values by field, `url`, and `_trace` to the sources."""
    return [_shown(found) for found in rows]


def lead_record(found: ExtractedRow) -> LeadRecord:
    """A stored record as its values and the texts that they were read from."""
    fields = _fields(found)
    return LeadRecord(
        fields={name: as_text(read.get("value")) for name, read in fields.items()},
        url=as_text(found.record.get("url")) or "",
        raw={name: as_text(read.get("raw")) or "" for name, read in fields.items()},
        unknown=frozenset(
            name
            for name, read in fields.items()
            if read.get("known") is False and read.get("value") is None
        ),
    )


def field_names_of(row: RunRow) -> tuple[str, ...]:
    """The fields that the run's plan reads, in its order; empty where it names none."""
    content = read_content(row.plan)
    if not isinstance(content, Plan):
        return ()
    schema = row.payload.get("extraction_schema")
    fields = plan_fields(content, schema if isinstance(schema, dict) else None)
    return tuple(field.name for field in fields)


def _fields(found: ExtractedRow) -> dict[str, dict[str, JsonValue]]:
    fields = found.record.get("fields")
    if not isinstance(fields, dict):
        return {}
    return {name: read for name, read in fields.items() if isinstance(read, dict)}


def _shown(found: ExtractedRow) -> Document:
    fields = _fields(found)
    values: Document = {name: read.get("value") for name, read in fields.items()}
    values.setdefault("url", found.record.get("url"))
    sources: Document = {
        name: {key: part for key, part in read.items() if key != "value"}
        for name, read in fields.items()
    }
    values["_viable"] = found.viable
    values["_trace"] = {
        "page_url": found.page_url,
        "step_index": found.step_index,
        "fields": sources,
    }
    return values


def as_text(value: JsonValue) -> str | None:
    """Text as it is, any other value as JSON."""
    if value is None or isinstance(value, str):
        return value
    return canonical_json(value)
