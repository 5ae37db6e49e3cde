"""What the agent of a task works with in one turn: the page, what it may do, what it knows."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from anthropic.tools import ToolError
from playwright.async_api import ElementHandle, Error, Page
from pydantic import JsonValue

from activities.browser.snapshot import Snapshot, capture
from activities.steps.context import StepContext
from activities.steps.turns.look import model_look
from inference.asking import Look
from inference.marking import harmless
from inference.observation import Element, Observation
from inference.task.references import References
from inference.task.refs import RefBook
from plans.placeholders import as_text
from plans.sites import Hosts
from plans.task import TaskSpec

_BLANK: Final = frozenset({"about:blank", ""})


@dataclass
class Desk:
    """One turn of one task.

    `shown` is the last look that the model was shown as a picture: places that it names are
    places of that look. `refused` counts navigations that were stopped since the last report.
    """

    context: StepContext
    task: TaskSpec
    hosts: Hosts
    references: References
    refs: RefBook
    shown: Look | None = None
    refused: int = 0

    @property
    def page(self) -> Page:
        """The tab that the run works in."""
        return self.context.page

    def word(self, text: str) -> str:
        """A text of the page or of the browser as the model reads it: secrets as references.

        What the page has written to look like a reference, or like the end of a message, is
        taken apart.
        """
        plain = self.context.mask.worded(self.references.without(harmless(text)))
        return self.references.shown(plain)

    async def tab_id(self, page: Page) -> str:
        """The name of a tab, the same in every turn."""
        return f"tab_{(await self.context.session.documents.target(page))[:8].lower()}"

    def check_home(self) -> None:
        """Refuse to act on a page of a host that is not the plan's.

        Raises:
            ToolError: it is one.
        """
        url = self.page.url
        if url not in _BLANK and not self.hosts.may_visit(url):
            raise ToolError(
                "This page is not on a host of this task, so nothing is done on it."
                " Use navigate with back, or with an address of the task's own hosts."
            )

    async def look(self) -> Snapshot:
        """Look at the page; a consent banner in the way is dismissed first."""
        return await self.context.look()

    async def untouched(self) -> Snapshot:
        """Look at the page as it is."""
        return await capture(self.page)

    async def target(self, ref: str, snapshot: Snapshot) -> tuple[int, ElementHandle]:
        """The element that a reference names, in this look.

        Raises:
            ToolError: it is not there any more, or never was.
        """
        pages = self.context.session.context.pages
        others = [await self.tab_id(one) for one in pages if one is not self.page]
        found = self.refs.find(ref, await self.tab_id(self.page), others, snapshot.observation)
        if found is None:
            raise ToolError(f"{ref[:40]} is stale or unknown: read the page again.")
        try:
            return found, await snapshot.element(found)
        except (LookupError, Error):
            raise ToolError(f"{ref[:40]} has left the page: read the page again.") from None

    async def ref_of(self, snapshot: Snapshot) -> Callable[[Element], str]:
        """Names the elements of a look."""
        return self.refs.named(await self.tab_id(self.page), snapshot.observation)

    async def take_look(self, observation: Observation) -> str:
        """Keep a look that the model is shown as a picture; the picture's key.

        Raises:
            ToolError: the page can't be shown.
        """
        context = self.context
        store, mask = context.asks.store, context.mask
        look = await model_look(self.page, observation, store, context.run, mask)
        if look.picture is None:
            raise ToolError("The page can't be shown as a picture now: read it instead.")
        self.shown = look.model_copy(update={"text": ""})
        return look.picture.key

    async def picture(self, key: str) -> bytes:
        """A picture of the artifact store."""
        return await self.context.asks.store.picture(self.context.run, key)

    async def secrets(self) -> dict[str, str]:
        """The run's secrets as text, by the ledger's names."""
        run = self.context.run
        kept = await self.context.ledger.secrets.read(run.tenant_id, run.run_id)
        return {name: as_text(value) for name, value in kept.items()}


def image_block(key: str) -> JsonValue:
    """An image of a message that lies in the artifact store."""
    source: JsonValue = {"type": "artifact", "key": key, "media_type": "image/jpeg"}
    return {"type": "image", "source": source}


def as_base64(picture: bytes) -> str:
    """A picture as the SDK's results hold it."""
    return base64.b64encode(picture).decode("ascii")
