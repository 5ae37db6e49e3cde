"""The sessions of one worker, found by the steps that were planned for them."""

from activities.browser.session import BrowserSession
from activities.errors import SessionLost, StaleEpoch


class SessionRegistry:
    """The sessions attached in this worker, by name."""

    def __init__(self) -> None:
        self._sessions: dict[str, BrowserSession] = {}

    def add(self, session: BrowserSession) -> None:
        """Make a session known; one of the same name is replaced."""
        self._sessions[session.session_id] = session

    def remove(self, session: BrowserSession) -> None:
        """Forget a session, unless a later one has taken its place."""
        if self._sessions.get(session.session_id) is session:
            del self._sessions[session.session_id]

    def get(self, session_id: str, epoch: int) -> BrowserSession:
        """The session for a step that was planned under `epoch`.

        Raises:
            SessionLost: this worker does not have it, or its browser is gone.
            StaleEpoch: the step belongs to an earlier holder of the session.
        """
        session = self._sessions.get(session_id)
        if session is None or session.lost.is_set():
            raise SessionLost(f"session {session_id} is not on this worker: open a new one")
        if epoch < session.epoch:
            raise StaleEpoch(
                f"epoch {epoch} of session {session_id} is over, epoch {session.epoch} holds it"
            )
        if epoch > session.epoch:
            raise SessionLost(f"session {session_id} was adopted elsewhere: open a new one")
        return session
