"""Takes a checkpoint of a living session."""

from activities.browser.checkpoint import Checkpoint, Secrets
from activities.browser.session import BrowserSession

_TIME_S = 5.0


async def capture(
    session: BrowserSession, secrets: Secrets, *, timeout_s: float = _TIME_S
) -> Checkpoint | None:
    """What the session could be brought back to now.

    None: the page can't be read within `timeout_s` (it crashed, is busy or being left), and
    the checkpoint before stays the newest one. Fields that take passwords and one-time codes
    are left out, and so is whatever `secrets` knows, but for its name.
    """
    raise NotImplementedError
