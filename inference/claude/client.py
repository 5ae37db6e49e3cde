"""Claude as a model tier: one tenant's key, one request a question."""

import httpx2

from inference.asking import Answered, AskBody, Pictures
from inference.settings import ModelSettings
from plans.step import TierName


class ClaudeModel:
    """Asks Claude for one tenant; made for each call, with the key as it is then."""

    name = TierName.CLAUDE

    def __init__(
        self,
        api_key: str,
        settings: ModelSettings,
        http_client: httpx2.AsyncClient | None = None,
        secret: str = "ANTHROPIC_API_KEY",
    ) -> None:
        """Args: `secret` is the name of the key's secret, for messages; `http_client` is shared."""
        raise NotImplementedError

    def most(self, ask: AskBody) -> int:
        """What asking may cost at most, micro-dollars."""
        raise NotImplementedError

    async def answer(self, ask: AskBody, pictures: Pictures) -> Answered:
        """Ask once.

        Raises:
            ModelError: see `inference.errors`.
        """
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close the connections, where they are the model's own."""
        raise NotImplementedError
