"""Brings a session to a checkpoint: a new browser, or a living one in place."""

from collections.abc import Mapping

from pydantic import JsonValue

from activities.browser.checkpoint import Checkpoint
from activities.browser.session import BrowserSession
from plans.step import Frozen


class Restored(Frozen):
    """What became of it. `success`: the run's page is shown, at the address it was at.

    `message` tells why it is not; `notes` what is missing on a page that is.
    """

    success: bool
    url: str
    message: str = ""
    notes: tuple[str, ...] = ()


async def restore(
    session: BrowserSession,
    checkpoint: Checkpoint,
    secrets: Mapping[str, JsonValue],
    *,
    timeout_s: float,
) -> Restored:
    """Put the checkpoint's tabs, storage and field values in the place of what is there.

    Pages that came by POST are never asked for again; nothing is submitted. `secrets` are
    the run's (`ledger.secrets.read`), for the fields that held one.

    Raises:
        SessionLost: the browser is gone.
    """
    raise NotImplementedError


async def take_over(session: BrowserSession, checkpoint: Checkpoint) -> bool:
    """Go on in a living browser that was adopted: in the tab that the checkpoint names.

    What the checkpoint knows of documents that still live (how they came) is known to the
    session from now on. False: the tab is gone, and the session's newest one is current.
    """
    raise NotImplementedError
