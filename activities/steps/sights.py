"""Keeps what the tiers saw at each look of a step, with pictures, as one page of HTML."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Error, Page
from pydantic import JsonValue, TypeAdapter, ValidationError

from activities.asks_store import AskLost, AsksStore
from activities.browser.picture import picture_of
from activities.steps.masking import Mask
from inference.cascade import Answer
from inference.decisions import Decision, Question
from inference.observation import Observation
from inference.sight import Sight, sight_of, with_texts
from inference.sight_page import Look, sight_page
from plans.calls import Call
from plans.step import Frozen, Perception, TierName
from workflows.interfaces import RunKey

_QUALITY = 55
_MOST_LOOKS = 12
_MOST_PICTURES = 4
"""Of one call."""
_PICTURED_PASSES = 3
"""Passes of a step whose looks get a picture where no tier was sure."""
_KEPT_PASSES = 200
"""Passes of a step of which anything is kept."""
_TEXT = "() => document.body ? document.body.innerText.slice(0, 200000) : ''"


class _Kept(Frozen):
    sight: Sight
    picture: str = ""


_KEPT = TypeAdapter(_Kept)


@dataclass
class Sights:
    """The looks of one call.

    A picture is taken the first time that a step is done, of every later try of it, and in
    its first passes wherever no tier was sure; not where memory answered. Of a step that is
    done very often only the first passes are kept. Secrets of the run are masked, those too
    that are known only at the end; a page that shows one gets no picture.
    """

    call: Call
    mask: Mask
    looks: list[Look] = field(default_factory=list[Look])

    async def add(
        self,
        page: Page,
        observation: Observation,
        question: Question,
        perception: Perception,
        answer: Answer,
    ) -> None:
        """Keep a look, before anything is done about it."""
        if len(self.looks) >= _MOST_LOOKS or self.call.visit >= _KEPT_PASSES:
            return
        sight = sight_of(observation, question, perception, answer)
        picture = None
        if self._wants_picture(answer) and not await self._shows_secret(page, observation):
            picture = await picture_of(page, _QUALITY)
        self.looks.append(Look(sight, picture))

    async def kept(self, store: AsksStore, run: RunKey, before: str) -> str:
        """Keep the looks for the turn in which the call ends.

        Args:
            store: takes them.
            run: whose they are.
            before: key of the looks of earlier turns, empty for none.

        Returns:
            The key of all looks so far; empty where there are none, or the disk is full.
        """
        if not self.looks:
            return before
        try:
            kept = await _kept_looks(store, run, before)
            for look in self.looks:
                picture = look.picture
                key = (
                    "" if picture is None else await store.write_picture(run, picture, "image/jpeg")
                )
                sight: JsonValue = self._masked(look.sight).model_dump(mode="json")
                kept.append({"sight": sight, "picture": key})
            return await store.write_document(run, kept[-_MOST_LOOKS:])
        except (OSError, AskLost):
            return before

    async def take_up(self, store: AsksStore, run: RunKey, before: str) -> None:
        """Put the looks of earlier turns before those of this one; best effort."""
        try:
            earlier = [
                await _look(store, run, one) for one in await _kept_looks(store, run, before)
            ]
        except (OSError, AskLost, ValidationError):
            return
        self.looks = [*earlier, *self.looks][-_MOST_LOOKS:]

    def came_of(self, what: str) -> None:
        """Tell what came of the act that followed the last look."""
        if self.looks:
            last = self.looks[-1]
            sight = last.sight.model_copy(update={"came_of": what[:300]})
            self.looks[-1] = Look(sight, last.picture)

    async def write(self, folder: Path) -> str | None:
        """Write the looks into the run's folder; best effort.

        Returns:
            The file's name, None without any look or where it can't be written.
        """
        if not self.looks:
            return None
        name = sights_name(self.call.index, self.call.visit, self.call.attempt)
        heading = f"Step {self.call.index}, pass {self.call.visit}, try {self.call.attempt}"
        looks = tuple(Look(self._masked(look.sight), look.picture) for look in self.looks)
        try:
            await asyncio.to_thread(_write, folder / name, heading, looks)
        except OSError:
            return None
        return name

    def _masked(self, sight: Sight) -> Sight:
        return with_texts(sight, self.mask.text)

    def _wants_picture(self, answer: Answer) -> bool:
        if sum(look.picture is not None for look in self.looks) >= _MOST_PICTURES:
            return False
        if not isinstance(answer.result, Decision):
            return self.call.visit < _PICTURED_PASSES
        if answer.result.tier is TierName.MEMORY:
            return False
        return self.call.visit == 0 or (
            self.call.attempt > 1 and self.call.visit < _PICTURED_PASSES
        )

    async def _shows_secret(self, page: Page, observation: Observation) -> bool:
        texts = [await _text_of(page), *(notice.text for notice in observation.notices)]
        for element in observation.elements:
            texts += (element.name, element.value)
        return self.mask.holds("\n".join(text for text in texts if text))


async def _kept_looks(store: AsksStore, run: RunKey, key: str) -> list[JsonValue]:
    kept = await store.read_document(run, key) if key else []
    return kept if isinstance(kept, list) else []


async def _look(store: AsksStore, run: RunKey, kept: JsonValue) -> Look:
    found = _KEPT.validate_python(kept)
    picture = await store.picture(run, found.picture) if found.picture else None
    return Look(found.sight, picture)


async def _text_of(page: Page) -> str:
    try:
        text: str = await page.evaluate(_TEXT)
    except Error:
        return ""
    return text


def sights_name(index: int, visit: int, attempt: int) -> str:
    """Name of the file that holds the looks of a call, in its run's folder."""
    return f"step_{index}_{visit}_{attempt}.html"


def _write(path: Path, heading: str, looks: tuple[Look, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sight_page(heading, looks), encoding="utf-8")
