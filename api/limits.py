"""How often and how much at once: buckets, their headers, and the sentences of a refusal."""

from typing import NoReturn

from api.errors import TooMany
from api.metrics import note
from api.seats import CONCURRENCY_RETRY_S
from api.service import Service
from api.tenants import Tenant
from ledger.clock import now_micros
from ledger.gates import RateBucket, RateState

Headers = dict[str, str]


async def take(service: Service, tenant: Tenant, bucket: RateBucket) -> Headers:
    """Take a token of a tenant's bucket; answers the headers that show what is left.

    Raises:
        TooMany: there was none.
    """
    limit = tenant.rate_limit_per_minute
    rate = await service.ledger.rates.take(tenant.tenant_id, bucket, limit, now_micros())
    if rate is not None and not rate.allowed:
        refuse_rate(rate, bucket)
    return rate_headers(rate)


def rate_headers(rate: RateState | None) -> Headers:
    """`X-RateLimit-*`; nothing where there is no limit. Reset: seconds until the bucket is full."""
    if rate is None:
        return {}
    return {
        "X-RateLimit-Limit": str(rate.limit),
        "X-RateLimit-Remaining": str(rate.remaining),
        "X-RateLimit-Reset": str(rate.reset_s),
    }


def refuse_rate(rate: RateState, bucket: RateBucket) -> NoReturn:
    """Refuse a request for which no token is left.

    Raises:
        TooMany: always.
    """
    note(rejected="rate")
    what = "submissions" if bucket == "submit" else "read actions"
    wait_s = max(1, rate.retry_after_s)
    raise TooMany(
        f"more than {rate.limit} {what} a minute: try again in {wait_s} s",
        {**rate_headers(rate), "Retry-After": str(wait_s)},
    )


def refuse_concurrency(rate: RateState | None, most: int) -> NoReturn:
    """Refuse a run beside which too many are queued or running.

    Raises:
        TooMany: always.
    """
    note(rejected="concurrent")
    raise TooMany(
        f"{most} runs are queued or running, as many as this tenant may have at once: "
        "try again when one of them has ended",
        {**rate_headers(rate), "Retry-After": str(CONCURRENCY_RETRY_S)},
    )
