"""Records held to their schema, and what is known of values that are missing."""

from collections.abc import Mapping, Sequence

from pydantic import Field, JsonValue

from inference.content import Content
from inference.decisions import FieldValue, Record
from inference.extract.reveal import is_phone, phone_state
from inference.extract.typed import Unreadable, typed, unreadable
from plans.record_schema import Schema, breaches, property_rules
from plans.step import ExtractField, Frozen

_PART_UNREAD = "unknown: a part of the page could not be looked at"
_STILL_HIDDEN = "unknown: what may show it on the page could not be pressed"


class Held(Frozen):
    """A record as it is stored: values as the schema wants them, with their evidence.

    `values` has a null for each field that the page does not say, or whose value breaks a
    rule; the field's `note` tells which. `broken`: the rule that the record as a whole
    breaks, "" for none.
    """

    values: dict[str, JsonValue]
    fields: dict[str, FieldValue]
    url: str = ""
    broken: str = Field(default="")


def hold(record: Record, schema: Schema | None, lang: str = "") -> Held:
    """The record's values, of the schema's types and within its rules; as texts without one."""
    fields = dict(record.fields)
    if schema is None:
        texts: dict[str, JsonValue] = {name: found.value for name, found in fields.items()}
        return Held(values=texts, fields=fields, url=record.url)
    values: dict[str, JsonValue] = {}
    for name, rule in property_rules(schema).items():
        found = fields.get(name)
        if found is None or found.value is None:
            values[name] = None
            continue
        try:
            values[name] = typed(schema, rule, found.value, lang)
        except Unreadable as why:
            values[name] = None
            fields[name] = unreadable(found, f"{found.value[:80]!r} {why}")
    broken = _enforce(schema, values, fields)
    return Held(values=values, fields=fields, url=record.url, broken=broken)


def _enforce(schema: Schema, values: dict[str, JsonValue], fields: dict[str, FieldValue]) -> str:
    """Make what breaks a rule null; what the record as a whole breaks is the answer."""
    for breach in breaches(schema, values):
        if values.get(breach.field) is not None:
            values[breach.field] = None
            if breach.field in fields:
                fields[breach.field] = unreadable(fields[breach.field], breach.reason)
    whole = [breach.reason for breach in breaches(schema, values) if not breach.field]
    return whole[0] if whole else ""


def with_doubts(content: Content, record: Record, fields: Sequence[ExtractField]) -> Record:
    """The record, its missing values marked as unknown where the page was not seen in full.

    A phone number is known to be missing only when nothing is left that would reveal one.
    """
    doubts: dict[str, str] = {}
    for field in fields:
        found = record.fields.get(field.name)
        if found is None or found.value is not None:
            continue
        if not content.complete:
            doubts[field.name] = _PART_UNREAD
        elif is_phone(field) and phone_state(content, None) == "unknown":
            doubts[field.name] = _STILL_HIDDEN
    return _noted(record, doubts) if doubts else record


def _noted(record: Record, doubts: Mapping[str, str]) -> Record:
    fields = {
        name: found.model_copy(update={"known": False, "note": doubts[name]})
        if name in doubts
        else found
        for name, found in record.fields.items()
    }
    return record.model_copy(update={"fields": fields})
