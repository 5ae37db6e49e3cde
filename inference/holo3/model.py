"""The client of a Holo3 server."""

import time
from collections.abc import Callable

import httpx

from inference.asking import Answered, AskBody, Pictures
from inference.settings import ModelSettings
from plans.step import TierName


class Holo3Model:
    """Asks a server of Holo3 (`inference.asking.Model`).

    `client` carries connections alone; base URL and key come from `settings`. `clock` gives
    seconds and never goes back: the time of a request is what it costs.
    """

    name = TierName.HOLO3

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: ModelSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock

    def most(self, ask: AskBody) -> int:
        """What asking may cost at most, micro-dollars: the whole time that it may take."""
        raise NotImplementedError

    async def answer(self, ask: AskBody, pictures: Pictures) -> Answered:
        """Ask once.

        Raises:
            ModelError: see `inference.errors`.
        """
        raise NotImplementedError
