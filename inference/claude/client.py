"""Claude as a model tier: one tenant's key, one question a call."""

import re
from types import TracebackType
from typing import Final, Self, assert_never
from urllib.parse import urlsplit

import anthropic
import httpx2

from inference.asking import (
    Answered,
    AskBody,
    CheckAsk,
    ExtractAsk,
    GroundAsk,
    Pictures,
    Reply,
    TaskAsk,
    TaskTurn,
)
from inference.claude.checking import check_prompt, is_quick, judged
from inference.claude.extracting import extract_prompt, extracted
from inference.claude.grounding import ground_prompt, grounded
from inference.claude.prompt import Prompt
from inference.claude.sending import Sender, Sent
from inference.cookies import refused_cookies
from inference.errors import CutShort, ModelRefused
from inference.settings import ModelSettings
from inference.tally import Tally
from plans.price_table import SHIPPED_PRICES
from plans.prices import Prices
from plans.step import TierName

_TASK_TOKENS: Final = 8192
_KEY: Final = re.compile(r"[!-~]+")
_PLANNING: Final = 2.0
"""How many times longer a plan may take than another answer."""


def connections(settings: ModelSettings) -> httpx2.AsyncClient:
    """Connections to the Messages API, for any number of tenants' clients; close them.

    Redirects are not followed: a key goes to the address that the operator has named alone.
    No cookie is kept.
    """
    most = settings.claude_capacity * 2
    return anthropic.DefaultAsyncHttpxClient(
        follow_redirects=False,
        cookies=refused_cookies(),
        timeout=settings.claude_timeout_s,
        limits=httpx2.Limits(max_connections=most, max_keepalive_connections=most),
    )


class ClaudeModel:
    """Asks Claude for one tenant; made for each call, with the key as it is then.

    Conditions that are short and plain go to the quick model (`checking.is_quick`), everything
    else that is asked of a page to the main one, plans in words to the planner.
    """

    name = TierName.CLAUDE

    def __init__(
        self,
        api_key: str,
        settings: ModelSettings,
        http_client: httpx2.AsyncClient | None = None,
        secret: str = "ANTHROPIC_API_KEY",
        prices: Prices = SHIPPED_PRICES,
    ) -> None:
        """Take the tenant's key; nothing is sent yet.

        Args:
            api_key: the key, used for this client's requests only.
            settings: models, address and time-out.
            http_client: connections that are shared; None: own ones, which `aclose` closes.
            secret: what the key's secret is called, for messages.
            prices: what the models cost, for `most`.
        """
        self.settings, self.prices = settings, prices
        self._own = connections(settings) if http_client is None else None
        self._http = http_client or self._own
        self._key, self._secret = api_key.strip(), secret

    def most(self, ask: AskBody) -> int:
        """What asking may cost at most, micro-dollars.

        Raises:
            UnknownPrice: the table of prices has none for the model.
        """
        return self._prompt(ask).most(self.prices)

    def named(self, ask: AskBody) -> str:
        """The model that a question goes to."""
        quick = isinstance(ask, CheckAsk) and is_quick(ask)
        return self.settings.claude_quick_model if quick else self.settings.claude_model

    async def answer(
        self, ask: AskBody, pictures: Pictures, tally: Tally | None = None
    ) -> Answered:
        """Ask once; an answer that the API has broken off is asked to go on.

        A turn of a task is given back as it came, whatever it stopped for.

        Raises:
            ModelError: see `inference.errors`.
        """
        sender, prompt, tally = self.sender(), self._prompt(ask), tally or Tally()
        if isinstance(ask, TaskAsk):
            sent = await sender.once(prompt, pictures)
            tally.add(sent.usage)
            if not sent.stop_reason:
                raise CutShort("Claude's answer was broken off", usage=sent.usage)
        else:
            sent = await sender.whole(prompt, pictures, tally)
        return Answered(reply=_reply(ask, sent), usage=sent.usage)

    def sender(self, *, planning: bool = False) -> Sender:
        """What sends this tenant's requests.

        Raises:
            ModelRefused: the key can't be one, or the address is none.
        """
        if _KEY.fullmatch(self._key) is None:
            raise ModelRefused(f"there is no Anthropic API key: set the secret '{self._secret}'")
        try:
            client = anthropic.AsyncAnthropic(
                api_key=self._key,
                base_url=_address(self.settings.anthropic_base_url),
                max_retries=0,
                http_client=self._http,
            )
        except (httpx2.InvalidURL, ValueError):
            raise ModelRefused("MANTIS_ANTHROPIC_BASE_URL is no http(s) address") from None
        timeout_s = self.settings.claude_timeout_s * (_PLANNING if planning else 1.0)
        return Sender(client, self._key, self._secret, timeout_s)

    async def aclose(self) -> None:
        """Close the connections, where they are the model's own."""
        if self._own is not None:
            await self._own.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.aclose()

    def _prompt(self, ask: AskBody) -> Prompt:
        match ask:
            case CheckAsk():
                return check_prompt(ask, self.settings)
            case ExtractAsk():
                return extract_prompt(ask, self.settings)
            case GroundAsk():
                return ground_prompt(ask, self.settings)
            case TaskAsk():
                return _task_prompt(ask, self.settings)
            case _:
                assert_never(ask)


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(url)
    return url


def _task_prompt(ask: TaskAsk, settings: ModelSettings) -> Prompt:
    """A turn of a task: its history is sent again with each turn, and so kept in the cache."""
    return Prompt(
        model=settings.claude_model,
        system=ask.system,
        messages=ask.messages,
        max_tokens=_TASK_TOKENS,
        tools=ask.tools,
        effort="medium",
        cached=True,
    )


def _reply(ask: AskBody, sent: Sent) -> Reply:
    match ask:
        case CheckAsk():
            return judged(ask, sent)
        case ExtractAsk():
            return extracted(ask, sent)
        case GroundAsk():
            return grounded(ask, sent)
        case TaskAsk():
            return TaskTurn(content=sent.content, stop_reason=sent.stop_reason)
        case _:
            assert_never(ask)
