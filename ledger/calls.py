"""The rows of questions to models: how they are named, read and added to."""

import re
from collections.abc import Mapping

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.models import ModelCall
from ledger.schema import model_calls, run_events
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
_CALL = re.compile(r"(?P<stem>.+):(?P<attempt>[0-9]{1,6})(?::r(?P<round>[0-9]{1,9}))?")
"""The key of a call; all attempts of a step, in all rounds, share its stem."""
_PART = re.compile(r":(?P<attempt>[0-9]{1,6})(?::r(?P<round>[0-9]{1,9}))?(?::t[0-9]+)?(?:[:/]|$)")
"""What follows on the stem where something belongs to such a call: a question, an event."""
_TOTAL = model_calls.c.gpu_micro + model_calls.c.claude_micro + model_calls.c.proxy_micro
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
    connection: AsyncConnection, tenant_id: str, run_id: str, call_key: str
) -> int | None:
    """What the questions of a run's call cost, in all its turns; None where it asked none.

    Args:
        connection: the transaction that needs it.
        tenant_id: the tenant.
        run_id: the run.
        call_key: the key of the call, or of a turn of it.
    """
    whole = _TURN.sub("", call_key)
    begins = [
        model_calls.c.call_id.startswith(f"{whole}{mark}", autoescape=True) for mark in ("/", ":t")
    ]
    query = select(func.sum(_TOTAL)).where(_of(tenant_id, run_id), or_(*begins))
    found = (await connection.execute(query)).scalar_one()
    return None if found is None else int(found)


async def cost_of_step(
    connection: AsyncConnection, tenant_id: str, run_id: str, call_key: str
) -> int | None:
    """What a step has cost that ends with this call; None where it asked nothing.

    Its attempts before are in it, and those of earlier rounds that were given up when the run
    went back: what no event has told yet that ended the step.

    Args:
        connection: the transaction that needs it, before it tells of the step's end.
        tenant_id: the tenant.
        run_id: the run.
        call_key: the key of the last call, or of a turn of it.
    """
    last = _CALL.fullmatch(_TURN.sub("", call_key))
    if last is None:
        return await cost_of_call(connection, tenant_id, run_id, call_key)
    stem, end = last["stem"], _place(last)
    told = await _last_round_told(connection, tenant_id, run_id, stem) if end[0] else -1
    begins = model_calls.c.call_id.startswith(f"{stem}:", autoescape=True)
    query = select(model_calls.c.call_id, _TOTAL).where(_of(tenant_id, run_id), begins)
    costs: list[int] = []
    for call_id, cost in await connection.execute(query):
        part = _PART.match(call_id, len(stem))
        if part is not None and told < _place(part)[0] and _place(part) <= end:
            costs.append(int(cost))
    return sum(costs) if costs else None


async def _last_round_told(
    connection: AsyncConnection, tenant_id: str, run_id: str, stem: str
) -> int:
    """The last round in which the step came to an end, -1 where it never did."""
    query = select(run_events.c.dedup_key).where(
        run_events.c.tenant_id == tenant_id,
        run_events.c.run_id == run_id,
        run_events.c.kind == "step",
        run_events.c.dedup_key.startswith(f"{stem}:", autoescape=True),
    )
    keys = (await connection.execute(query)).scalars()
    told = [part for key in keys if (part := _PART.match(key, len(stem))) is not None]
    return max((_place(part)[0] for part in told), default=-1)


def _place(call: re.Match[str]) -> tuple[int, int]:
    """Round and attempt of a call: those of one step were made in this order."""
    return int(call["round"] or 0), int(call["attempt"])


def _of(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    return and_(model_calls.c.tenant_id == tenant_id, model_calls.c.run_id == run_id)


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
