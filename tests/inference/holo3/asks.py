"""Questions about a page made by hand, and a model that asks a pool on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from inference.asking import GroundAsk, Look, ModelTurn, Picture, Seen
from inference.decisions import ActKind, Candidate, Done
from inference.holo3.chat import connections
from inference.holo3.model import Holo3Model
from inference.observation import Box
from inference.settings import ModelSettings
from plans.step import Step, StepType
from tests.fakes.pictures import png


class Clock:
    """Seconds that pass only as told; each reading takes `tick`."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now = 100.0
        self.tick = tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


class Shelf:
    """Pictures by key, all alike; `read` is told of in `taken`."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def read(self, key: str) -> bytes:
        self.taken.append(key)
        return png(64, 40)


def seen(ref: int, name: str, role: str = "button", **said: object) -> Seen:
    """A button in the row `ref` of the page: 100 to 300 across, 40 high."""
    base: dict[str, object] = {
        "ref": ref, "frame": 0, "role": role, "name": name,
        "box": Box(x=100, y=100 * ref, width=200, height=40),
    }  # fmt: skip
    return Seen.model_validate(base | said)


def look(*elements: Seen, key: str = "a", **said: object) -> Look:
    """A page 1280 by 800."""
    base: dict[str, object] = {
        "id": key,
        "url": "https://shop.example/cart",
        "title": "Cart",
        "width": 1280,
        "height": 800,
        "picture": Picture(key=f"asks/{key}.png", media_type="image/png", width=64, height=40),
        "elements": elements,
    }
    return Look.model_validate(base | said)


def step(intent: str, kind: StepType = StepType.CLICK) -> Step:
    return Step(intent=intent, type=kind)


def ground(
    page: Look,
    intent: str,
    act: ActKind | None = ActKind.CLICK,
    *,
    value: str = "",
    kind: StepType = StepType.CLICK,
    candidates: tuple[Candidate, ...] = (),
    turns: tuple[ModelTurn, ...] = (),
    done: tuple[Done, ...] = (),
) -> GroundAsk:
    return GroundAsk(
        look=page,
        step=step(intent, kind),
        intent=intent,
        value=value,
        act=act,
        candidates=candidates,
        turns=turns,
        done=done,
    )


def said(tool_name: str, **arguments: object) -> dict[str, object]:
    """An answer of the agent."""
    call = {"tool_name": tool_name} | arguments
    return {"note": None, "thought": f"{tool_name} is next", "tool_call": call}


@asynccontextmanager
async def asking(url: str, clock: Clock | None = None, **set: object) -> AsyncIterator[Holo3Model]:
    """A model that asks the pool at `url`."""
    settings = ModelSettings.model_validate({"holo3_url": f"{url}/v1"} | set)
    async with connections(settings) as client:
        yield Holo3Model(client, settings, clock) if clock else Holo3Model(client, settings)
