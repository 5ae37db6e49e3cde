"""What a call of a model costs by the operator's prices."""

import logging

from inference.settings import ModelSettings
from plans.calls import Money
from plans.price_table import SHIPPED_PRICES, UnknownPrice
from plans.prices import Usage, cost_of
from plans.step import TierName

log = logging.getLogger("mantis.models")


def price_of(usage: Usage, settings: ModelSettings, most: int) -> Money:
    """The price of what a call used.

    Args:
        usage: what it used, and of the model that was asked.
        settings: the operator's prices.
        most: what was reserved for it, micro-dollars: the price where the table has none for
            the model.
    """
    prices = settings.prices if usage.tier is TierName.CLAUDE else SHIPPED_PRICES
    try:
        return cost_of(usage, settings.holo3_gpu_usd_per_hour, prices)
    except UnknownPrice as error:
        log.error("a call is charged as reserved: %s", error)
        return Money(claude=most)


def price_of_an_hour(tier: TierName, settings: ModelSettings) -> float | None:
    """What an hour of one request costs, USD, of a tier that is paid by its time."""
    return settings.holo3_gpu_usd_per_hour if tier is TierName.HOLO3 else None
