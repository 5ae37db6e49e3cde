"""Money: integer micro-dollars inside, USD at the wire."""

from plans.calls import Money
from plans.step import Frozen

MICRO = 1_000_000
"""Micro-dollars in a dollar."""


def micro(usd: float) -> int:
    """USD to micro-dollars, rounded to the nearest."""
    return round(usd * MICRO)


def usd(amount: int) -> float:
    """Micro-dollars to USD; exact, since a float holds six decimals of any sane sum."""
    return amount / MICRO


class CostBreakdown(Frozen):
    """A run's money by who is paid, in USD."""

    gpu: float = 0.0
    claude: float = 0.0
    proxy: float = 0.0

    @classmethod
    def of(cls, money: Money) -> "CostBreakdown":
        """The same in USD."""
        return cls(gpu=usd(money.gpu), claude=usd(money.claude), proxy=usd(money.proxy))
