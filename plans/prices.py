"""What one call of a model used, and what that costs in integer micro-dollars."""

from fractions import Fraction
from math import ceil

from plans.calls import Money
from plans.price_table import SHIPPED_PRICES, Prices, UnknownPrice
from plans.step import Frozen, TierName

__all__ = ["Prices", "UnknownPrice", "Usage", "cost_of", "cost_of_time"]

_MS_PER_HOUR = 3_600_000
_MICRO = 1_000_000


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

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt, those of the cache included."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


def cost_of(usage: Usage, gpu_usd_per_hour: float, prices: Prices = SHIPPED_PRICES) -> Money:
    """The price of a call, exact, and rounded up once, to the micro-dollar.

    Args:
        usage: what it used.
        gpu_usd_per_hour: the operator's rate for the pool, for one request's share of it.
        prices: what Claude's models cost.

    Raises:
        UnknownPrice: the table has no price for the model.
    """
    match usage.tier:
        case TierName.HOLO3:
            return Money(gpu=cost_of_time(usage.gpu_ms, gpu_usd_per_hour))
        case TierName.CLAUDE:
            rates = prices.of(usage.model).of_prompt(usage.prompt_tokens)
            return Money(
                claude=ceil(
                    usage.input_tokens * rates.input
                    + usage.output_tokens * rates.output
                    + usage.cache_write_tokens * rates.cache_write
                    + usage.cache_read_tokens * rates.cache_read
                )
            )
        case TierName.MEMORY | TierName.DOM:
            return Money()


def cost_of_time(ms: int, usd_per_hour: float) -> int:
    """The price of a time at a rate, micro-dollars, rounded up."""
    return ceil(ms * Fraction(str(usd_per_hour)) * _MICRO / _MS_PER_HOUR)


def proxy_cost(sent_bytes: int, usd_per_gigabyte: float) -> Money:
    """The price of what went through an upstream proxy, by its rate for a billion bytes.

    No bytes are metered yet where pages are fetched: runs report 0.
    """
    rate = Fraction(str(usd_per_gigabyte)) * _MICRO / 1_000_000_000
    return Money(proxy=ceil(sent_bytes * rate))
