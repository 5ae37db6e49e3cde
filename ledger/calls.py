"""The rows of questions to models: how they are named, read and added to."""

import re
from collections.abc import Mapping

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.models import ModelCall
from ledger.schema import model_calls
from ledger.text import short_key
from plans.calls import Money
from plans.prices import Usage

_USED = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "gpu_ms",
    "images",
)
_TURN = re.compile(r":t[0-9]+$")
_ATTEMPT = re.compile(r"(?P<stem>.+):(?P<attempt>[0-9]{1,6})(?P<round>:r[0-9]+)?")
_MOST_ATTEMPTS = 10
"""More than a step is ever tried."""
_PAID = ("gpu", "claude", "proxy")
_PLAIN = (
    "run_id",
    "call_id",
    "step_index",
    "tier",
    "model",
    "kind",
    "state",
    "tries",
    "open_tries",
    "answer",
    "created_at",
    "settled_at",
)

NO_MONEY: Mapping[str, int] = dict.fromkeys((*(f"{name}_micro" for name in _PAID), *_USED), 0)
"""The counting columns of a question that was not asked yet."""

SHOWN = select(model_calls)


def is_call(tenant_id: str, run_id: str, call_id: str) -> ColumnElement[bool]:
    """The condition that names one question."""
    return and_(
        model_calls.c.tenant_id == tenant_id,
        model_calls.c.run_id == run_id,
        model_calls.c.call_id == short_key(call_id),
    )


def read_call(found: RowMapping) -> ModelCall:
    """All columns of a question as what the ledger says of it."""
    plain = {name: found[name] for name in _PLAIN}
    used = {name: found[name] for name in _USED}
    return ModelCall.model_validate(
        {
            **plain,
            "held": found["held_micro"],
            "usage": {"tier": found["tier"], "model": found["model"], **used},
            "cost": {name: found[f"{name}_micro"] for name in _PAID},
        }
    )


async def cost_of_call(
    connection: AsyncConnection,
    tenant_id: str,
    run_id: str,
    call_key: str,
    *,
    attempts: bool = False,
) -> int | None:
    """What the questions of a run's call cost, in all its turns; None where it asked none.

    Args:
        connection: the transaction that needs it.
        tenant_id: the tenant.
        run_id: the run.
        call_key: the key of the call, or of a turn of it.
        attempts: with the attempts before it, which the run has tried in the call's place.
    """
    whole = _TURN.sub("", call_key)
    wanted = {whole, *(_attempts_before(whole) if attempts else ())}
    call_id = model_calls.c.call_id
    total = model_calls.c.gpu_micro + model_calls.c.claude_micro + model_calls.c.proxy_micro
    begins = [
        call_id.startswith(f"{key}{mark}", autoescape=True)
        for key in sorted(wanted)
        for mark in ("/", ":t")
    ]
    query = select(func.sum(total)).where(
        model_calls.c.tenant_id == tenant_id, model_calls.c.run_id == run_id, or_(*begins)
    )
    found = (await connection.execute(query)).scalar_one()
    return None if found is None else int(found)


def _attempts_before(whole_key: str) -> list[str]:
    """The keys of a call's earlier attempts, in the same round."""
    found = _ATTEMPT.fullmatch(whole_key)
    if found is None:
        return []
    stem, last, again = found["stem"], int(found["attempt"]), found["round"] or ""
    return [f"{stem}:{attempt}{again}" for attempt in range(max(1, last - _MOST_ATTEMPTS), last)]


def cost_columns(cost: Money) -> dict[str, ColumnElement[int]]:
    """What a try adds to the money of its question."""
    return {
        "gpu_micro": model_calls.c.gpu_micro + cost.gpu,
        "claude_micro": model_calls.c.claude_micro + cost.claude,
        "proxy_micro": model_calls.c.proxy_micro + cost.proxy,
    }


def used_columns(usage: Usage | None) -> dict[str, ColumnElement[int]]:
    """What a try adds to the counts of its question; nothing where nobody knows."""
    if usage is None:
        return {}
    return {
        "input_tokens": model_calls.c.input_tokens + usage.input_tokens,
        "output_tokens": model_calls.c.output_tokens + usage.output_tokens,
        "cache_read_tokens": model_calls.c.cache_read_tokens + usage.cache_read_tokens,
        "cache_write_tokens": model_calls.c.cache_write_tokens + usage.cache_write_tokens,
        "gpu_ms": model_calls.c.gpu_ms + usage.gpu_ms,
        "images": model_calls.c.images + usage.images,
    }
