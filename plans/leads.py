"""From records to leads: which are viable, how one reads as a line, and the CSV of all."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field, JsonValue

from plans.json_text import canonical_json
from plans.step import ExtractField, Frozen

_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
"""Control characters that are no space, marks and overrides of direction, spaces of no width."""


class LeadRecord(Frozen):
    """A record as it was read: values by field, None where the page does not say.

    `raw` is the text that each value was read from; `url` is the page it is about. `unknown`
    are the fields without a value on a page that could not be looked at in full.
    """

    fields: dict[str, str | None]
    url: str = ""
    raw: dict[str, str] = Field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


def is_viable(values: Mapping[str, JsonValue], fields: Iterable[ExtractField]) -> bool:
    """Whether every required field has a value, or any field where none is required."""
    required = [field.name for field in fields if field.required]
    if required:
        return all(has_value(values.get(name)) for name in required)
    return any(has_value(value) for value in values.values())


def has_value(value: JsonValue) -> bool:
    """Whether a value says anything: not null, not blank, not an empty list or object."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value not in ([], {})


def label(name: str) -> str:
    """A field's name as it is shown: `phone_number` is `Phone Number`."""
    words = name.replace("_", " ").replace("-", " ").split()
    return " ".join(word if word[:1].isupper() else word.capitalize() for word in words)


def lead_line(record: LeadRecord, names: Sequence[str]) -> str:
    """`VIABLE | Year: 2019 | … | Phone: none | URL: …`, fields in the order of `names`.

    "none": the page does not say; "unknown": it could not be looked at in full.
    A value can't look like another field: a bar that stands alone in it is shown as `/`, and
    characters that nobody sees or that turn the reading direction are left out.
    """
    return " | ".join(["VIABLE", *_pairs(record, names), f"URL: {_shown(record.url)}"])


def _pairs(record: LeadRecord, names: Sequence[str]) -> list[str]:
    return [
        f"{label(name)}: {_shown(record.fields.get(name), unknown=name in record.unknown)}"
        for name in field_order(record, names)
        if name.lower() != "url"
    ]


def _shown(value: str | None, *, unknown: bool = False) -> str:
    words = _UNSEEN.sub("", value or "").split()
    return " ".join("/" if word == "|" else word for word in words) or (
        "unknown" if unknown else "none"
    )


def field_order(record: LeadRecord, names: Sequence[str]) -> tuple[str, ...]:
    """The plan's fields, or those of the record where the plan names none."""
    return tuple(names) if names else tuple(record.fields)


def has_phone(record: LeadRecord) -> bool:
    """Whether a phone number was read."""
    return any("phone" in name.lower() and has_value(v) for name, v in record.fields.items())


def leads_csv(records: Sequence[tuple[LeadRecord, bool]], names: Sequence[str]) -> str:
    """The CSV (RFC 4180) of records and whether each is viable.

    Columns: `status` (VIABLE or REJECTED), the plan's fields in order (those of all records
    where it names none), `url`, and `raw`, the texts that the values were read from as JSON.
    Values stand exactly as they were read.
    """
    columns = list(names) or list(dict.fromkeys(name for rec, _ in records for name in rec.fields))
    columns = [name for name in columns if name.lower() not in ("status", "url", "raw")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["status", *columns, "url", "raw"])
    for record, viable in records:
        values = [record.fields.get(name) or "" for name in columns]
        url = record.url or record.fields.get("url") or ""
        raw = canonical_json({**record.raw})
        writer.writerow(["VIABLE" if viable else "REJECTED", *values, url, raw])
    return out.getvalue()


def with_phone(records: Iterable[LeadRecord]) -> int:
    """How many of the records have a phone number."""
    return sum(has_phone(record) for record in records)
