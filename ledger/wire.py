"""How the ledger's values look to a caller: times, artifact keys, masked secrets."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from ledger.clock import Micros

MASK = "***"
_LOST_PLUS = re.compile(r"(?<=[0-9]) ([0-9]{2}:?[0-9]{2})$(?<=.{17})")
_SECRET_NAME = re.compile(
    r"(?:^|[_\-. ])(?:password|passwd|token|secret|api_?key|user_input)$", re.IGNORECASE
)


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


def is_secret_name(name: str) -> bool:
    """Whether a value of this name is a secret, such as `password` or `site_password`."""
    return _SECRET_NAME.search(name) is not None


def masked(value: JsonValue) -> JsonValue:
    """The document with `auth.*` and the values of secret-sounding names as `"***"`."""
    match value:
        case dict():
            return {name: _masked_member(name, member) for name, member in value.items()}
        case list():
            return [masked(member) for member in value]
        case _:
            return value


def masked_values(values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Named values with those of secret-sounding names as `"***"`."""
    return {name: _masked_member(name, value) for name, value in values.items()}


def _masked_member(name: str, value: JsonValue) -> JsonValue:
    if is_secret_name(name) and value is not None:
        return MASK
    if name.lower() == "auth" and isinstance(value, dict):
        return {inner: MASK for inner in value}
    return masked(value)
