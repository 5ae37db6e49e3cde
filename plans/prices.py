"""What a call of a model used, and what that costs: dated prices, integer micro-dollars."""

from plans.calls import Money
from plans.step import Frozen, TierName


class Usage(Frozen):
    """What one call used, as its server told it, or as measured.

    Tokens of Claude as in `usage` of the Messages API: `input_tokens` are those that were
    neither read from nor written to the cache. Holo3 is paid by `gpu_ms`, its tokens are told
    for information. `images` is how many pictures were sent.
    """

    tier: TierName
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    gpu_ms: int = 0
    images: int = 0


def cost_of(usage: Usage, gpu_usd_per_hour: float) -> Money:
    """The price of a call, rounded up to the micro-dollar.

    Args:
        usage: what it used.
        gpu_usd_per_hour: the operator's rate for the pool, for one request's share of it.

    Raises:
        UnknownPrice: the table has no price for the model.
    """
    raise NotImplementedError
