"""How the ledger's values look to a caller: times, artifact keys, masked secrets."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from ledger.clock import Micros
from plans.occurrences import MASK, join_spans, replace_spans
from plans.placeholders import without_references
from plans.secret_names import is_secret_name, secret_spans

_LOST_PLUS = re.compile(r"(?<=[0-9]) ([0-9]{2}:?[0-9]{2})$(?<=.{17})")


def iso_ms(at: Micros) -> str:
    """ISO 8601, UTC, milliseconds and `Z`."""
    moment = datetime.fromtimestamp(at // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1_000_000 // 1000:03d}Z"


def iso_us(at: Micros) -> str:
    """ISO 8601, UTC, microseconds and `Z`: fixed width, so that it sorts as text."""
    moment = datetime.fromtimestamp(at // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1_000_000:06d}Z"


def read_iso(text: str) -> Micros | None:
    """Any ISO time as microseconds, one without zone as UTC; None where it is unreadable.

    A space before the zone counts as the `+` that a query string has turned into one.
    """
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", text.strip()))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except OverflowError:
        return None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def run_folder(tenant_id: str, run_id: str) -> str:
    """The key under which a run's artifacts are stored, without a trailing slash."""
    return f"tenants/{tenant_id}/runs/{run_id}"


def masked(value: JsonValue) -> JsonValue:
    """The document as a caller may see it.

    `***` stands for references to secrets, `auth.*`, the values of secret-sounding names and,
    in URLs, user-info and the values of such names.
    """
    match value:
        case str():
            return masked_text(value)
        case dict():
            return masked_values(value)
        case list():
            return [masked(member) for member in value]
        case _:
            return value


def masked_values(values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Named values as a caller may see them; see `masked`."""
    shown: dict[str, JsonValue] = {}
    numbers = Counter[str]()
    for name, value in values.items():
        key = plain = masked_text(name)
        while key in shown:
            numbers[plain] += 1
            key = f"{plain} ({numbers[plain] + 1})"
        shown[key] = _masked_member(name, value)
    return shown


def masked_text(text: str) -> str:
    """The text without references to secrets and without what its URLs hold of them."""
    text = without_references(text, MASK)
    return replace_spans(text, join_spans(secret_spans(text)), lambda _: MASK)


def _masked_member(name: str, value: JsonValue) -> JsonValue:
    if is_secret_name(name) and value is not None:
        return MASK
    if name.lower() == "auth" and isinstance(value, dict):
        return {inner: MASK for inner in value}
    return masked(value)
