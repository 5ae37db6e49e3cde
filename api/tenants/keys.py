"""The text of a tenant keys file, read strictly: what it says wrong is said, and no token."""

import json
import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
)

from api.tenants.tenant import Scope, Tenant
from ledger.secret_files import SECRET_NAME
from plans.allowlist import Allowlist, is_pattern
from plans.refusals import sentence
from plans.urls import is_web_url

MAX_BYTES = 8 * 1024 * 1024
"""A keys file larger than this is refused."""

_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")
_INVALID = "invalid request: "


class KeysFileError(ValueError):
    """A keys file that can't be used. The message holds no token and no secret."""


def _pattern(text: str) -> str:
    if not is_pattern(text):
        raise ValueError("must be a host name, or *. and a host name")
    return text


def _webhook(text: str) -> str:
    if text and not is_web_url(text):
        raise ValueError("must be an http(s) URL")
    return text


_Identifier = Annotated[str, StringConstraints(pattern=rf"^{SECRET_NAME}\z")]
_SecretName = Annotated[str, StringConstraints(pattern=rf"^(?:{SECRET_NAME})?\z")]
_Pattern = Annotated[str, AfterValidator(_pattern)]


class TenantEntry(BaseModel):
    """One token's line of the keys file; fields that we don't know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tenant_id: _Identifier
    scopes: frozenset[Scope] = frozenset(Scope)
    max_concurrent_runs: int = Field(default=5, ge=1, le=1_000_000)
    max_cost_per_run: float = Field(default=25.0, gt=0, allow_inf_nan=False)
    max_time_minutes_per_run: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    rate_limit_per_minute: int = Field(default=30, ge=0, le=1_000_000)
    anthropic_secret_name: _SecretName = "anthropic_api_key"
    allowed_domains: tuple[_Pattern, ...] = ()
    webhook_url: Annotated[str, AfterValidator(_webhook)] = ""
    webhook_secret_name: _SecretName = ""

    def tenant(self) -> Tenant:
        """The tenant that this token names."""
        return Tenant(
            tenant_id=self.tenant_id,
            scopes=self.scopes,
            max_concurrent_runs=self.max_concurrent_runs,
            rate_limit_per_minute=self.rate_limit_per_minute,
            max_cost_usd=self.max_cost_per_run,
            max_time_minutes=self.max_time_minutes_per_run,
            allowlist=Allowlist(patterns=self.allowed_domains),
            anthropic_secret_name=self.anthropic_secret_name,
            webhook_url=self.webhook_url or None,
            webhook_secret_name=self.webhook_secret_name,
        )


def read_keys(raw: bytes) -> tuple[tuple[str, Tenant], ...]:
    """The tokens of a keys file with their tenants, in its order.

    Two tokens may name one tenant: each carries the settings of its own line.

    Raises:
        KeysFileError: not JSON, a key twice in one object, or a value of the wrong type.
    """
    document = _parse(raw)
    keys = document.get("tenant_keys") if isinstance(document, dict) else None
    if not isinstance(keys, dict):
        raise KeysFileError("it must be an object whose 'tenant_keys' is an object of tokens")
    return tuple(
        (_token(token, number), _entry(entry, number))
        for number, (token, entry) in enumerate(keys.items(), 1)
    )


def _parse(raw: bytes) -> JsonValue:
    if len(raw) > MAX_BYTES:
        raise KeysFileError(f"it is larger than {MAX_BYTES} bytes")
    try:
        value: JsonValue = json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError:
        raise KeysFileError("it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise KeysFileError(f"it is not valid JSON: {error.msg} ({place})") from None
    except KeysFileError:
        raise
    except (ValueError, RecursionError):
        wrong = "it is not valid JSON: it nests too deep, or a number is too long"
        raise KeysFileError(wrong) from None
    return value


def _once(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise KeysFileError("an object in it has the same key twice, such as one token twice")
    return members


def _refuse_constant(name: str) -> None:
    raise KeysFileError(f"it holds {name}, which is not a JSON number")


def _token(token: str, number: int) -> str:
    if not _TOKEN.fullmatch(token):
        raise KeysFileError(f"token {number} must be 1 to 512 visible ASCII characters")
    return token


def _entry(entry: JsonValue, number: int) -> Tenant:
    """The tenant of an entry; a null stands for a field that was left out."""
    if not isinstance(entry, dict):
        raise KeysFileError(f"the entry of token {number} must be an object")
    given = {name: value for name, value in entry.items() if value is not None}
    try:
        text = json.dumps(given)
        return TenantEntry.model_validate_json(text, strict=True).tenant()
    except ValidationError as error:
        what = sentence(error, "").removeprefix(_INVALID)
        raise KeysFileError(f"the entry of token {number}: {what}") from None
    except (ValueError, RecursionError):
        raise KeysFileError(f"the entry of token {number} can't be read") from None
