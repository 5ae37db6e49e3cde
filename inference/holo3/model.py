"""The client of a Holo3 server."""

import time
from collections.abc import Callable
from typing import TypeVar, assert_never

import httpx
from pydantic import TypeAdapter, ValidationError

from inference.asking import (
    Answered,
    AskBody,
    CheckAsk,
    ExtractAsk,
    GroundAsk,
    Look,
    NoAnswer,
    Pictures,
    Reply,
    TaskAsk,
)
from inference.errors import Malformed, ModelError
from inference.holo3 import agent, localise, reading
from inference.holo3.answers import Completion
from inference.holo3.chat import ChatServer
from inference.holo3.reading import Verdict
from inference.holo3.tools import AgentStep, Place
from inference.settings import ModelSettings
from inference.tally import Tally
from plans.prices import Usage, cost_of
from plans.step import TierName

_T = TypeVar("_T")
_PLACE: TypeAdapter[Place] = TypeAdapter(Place)
_STEP: TypeAdapter[AgentStep] = TypeAdapter(AgentStep)
_VERDICT: TypeAdapter[Verdict] = TypeAdapter(Verdict)


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
        self._settings = settings
        self._server = ChatServer(client, settings, clock)

    def most(self, ask: AskBody) -> int:
        """What asking may cost at most, micro-dollars: the whole time that it may take."""
        longest = self._nothing().model_copy(
            update={"gpu_ms": int(self._settings.holo3_timeout_s * 1000)}
        )
        return cost_of(longest, self._settings.holo3_gpu_usd_per_hour).total

    async def answer(
        self, ask: AskBody, pictures: Pictures, tally: Tally | None = None
    ) -> Answered:
        """Ask once.

        Raises:
            ModelError: see `inference.errors`.
        """
        tally = tally or Tally()
        try:
            answered = await self._answer(ask, pictures)
        except ModelError as error:
            tally.add(error.usage)
            raise
        tally.add(answered.usage)
        return answered

    async def _answer(self, ask: AskBody, pictures: Pictures) -> Answered:
        match ask:
            case TaskAsk():
                return self._unasked("Holo3 takes no tasks of suites")
            case GroundAsk() if ask.look.picture is None:
                return self._unasked("there is no picture of the page")
            case GroundAsk() if localise.localises(ask):
                return await self._localise(ask, pictures)
            case GroundAsk():
                return await self._next(ask, pictures)
            case CheckAsk():
                content = await _content(ask.look, pictures)
                told = await self._server.ask(reading.check_question(ask, content))
                reply = reading.judged(ask, _parsed(_VERDICT, told))
                return Answered(reply=reply, usage=told.usage)
            case ExtractAsk():
                return await self._extract(ask, pictures)
            case _:
                assert_never(ask)

    async def _localise(self, ask: GroundAsk, pictures: Pictures) -> Answered:
        picture = ask.look.picture
        assert picture is not None
        content = await pictures.read(picture.key)
        told = await self._server.ask(localise.question(ask, picture, content))
        return Answered(reply=localise.grounded(ask, _parsed(_PLACE, told)), usage=told.usage)

    async def _next(self, ask: GroundAsk, pictures: Pictures) -> Answered:
        shown = [look.picture for look in agent.shown(ask) if look.picture]
        contents = {picture.key: await pictures.read(picture.key) for picture in shown}
        told = await self._server.ask(agent.question(ask, contents))
        reply: Reply = agent.grounded(ask, _parsed(_STEP, told))
        return Answered(reply=reply, usage=told.usage)

    async def _extract(self, ask: ExtractAsk, pictures: Pictures) -> Answered:
        content = await _content(ask.look, pictures)
        told = await self._server.ask(reading.extract_question(ask, content))
        try:
            reply = reading.extracted(ask, told.text, told.usage)
        except ValidationError as error:
            raise _malformed(error, told.usage) from None
        return Answered(reply=reply, usage=told.usage)

    def _unasked(self, why: str) -> Answered:
        return Answered(reply=NoAnswer(why=why), usage=self._nothing())

    def _nothing(self) -> Usage:
        return Usage(tier=TierName.HOLO3, model=self._settings.holo3_model)


async def _content(look: Look, pictures: Pictures) -> bytes | None:
    return None if look.picture is None else await pictures.read(look.picture.key)


def _parsed(adapter: TypeAdapter[_T], told: Completion) -> _T:
    try:
        return adapter.validate_json(told.text)
    except ValidationError as error:
        raise _malformed(error, told.usage) from None


def _malformed(error: ValidationError, usage: Usage) -> Malformed:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return Malformed(f"Holo3's answer has another form: {where} {first['msg']}"[:200], usage=usage)
