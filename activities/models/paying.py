"""What a call of a model costs by the operator's prices."""

from inference.settings import ModelSettings
from plans.calls import Money
from plans.prices import Usage, cost_of


def price_of(usage: Usage, settings: ModelSettings) -> Money:
    """The price of what a call used.

    Raises:
        UnknownPrice: the table has none for the model.
    """
    return cost_of(usage, settings.holo3_gpu_usd_per_hour, settings.prices)
