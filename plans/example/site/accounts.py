"""The demo user, sign-in sessions, one-time codes and the inbox that shows them."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

SESSION_COOKIE = "hm_session"
MAX_TRIES = 5


@dataclass(frozen=True)
class User:
    """A person who can sign in."""

    email: str
    password: str
    first_name: str
    last_name: str


DEMO_USER = User("demo@harbor.test", "harbor-demo", "Dana", "Reyes")


@dataclass(frozen=True)
class Message:
    """A mail in the demo user's inbox with a one-time code in it."""

    code: str
    sent_at: datetime


@dataclass
class PendingCode:
    """The one code that is valid now, for one session, until it was guessed too often."""

    session: str
    code: str
    tries: int = 0


@dataclass
class Accounts:
    """What the site remembers about sign-ins; nothing outlives the process."""

    inbox: list[Message] = field(default_factory=list[Message])
    _signed_in: set[str] = field(default_factory=set[str])
    _pending: PendingCode | None = None

    def user_of(self, request: Request) -> User | None:
        """The user who is signed in on this request, or None."""
        return DEMO_USER if request.cookies.get(SESSION_COOKIE, "") in self._signed_in else None

    def begin(self, email: str, password: str) -> str | None:
        """Starts a sign-in: a new session whose code goes to the inbox, or None if refused.

        A code of an earlier attempt is worth nothing from here on.
        """
        if email.lower() != DEMO_USER.email or password != DEMO_USER.password:
            return None
        session = secrets.token_urlsafe(18)
        self._pending = PendingCode(session, f"{secrets.randbelow(10**6):06d}")
        self.inbox.insert(0, Message(self._pending.code, datetime.now(UTC)))
        return session

    def awaits_code(self, request: Request) -> bool:
        """Whether this request's session is the one whose code is due."""
        pending = self._pending
        return pending is not None and request.cookies.get(SESSION_COOKIE) == pending.session

    def verify(self, request: Request, code: str) -> bool:
        """Signs the session in if the code is its own; five wrong ones use the code up."""
        pending = self._pending
        if pending is None or not self.awaits_code(request):
            return False
        if not secrets.compare_digest(code.encode(), pending.code.encode()):
            pending.tries += 1
            if pending.tries >= MAX_TRIES:
                self._pending = None
            return False
        self._pending = None
        self._signed_in.add(pending.session)
        return True

    def sign_out(self, request: Request) -> None:
        """Ends the session of this request."""
        self._signed_in.discard(request.cookies.get(SESSION_COOKIE, ""))

    def reset(self) -> None:
        """Forgets every session, code and message."""
        self.inbox.clear()
        self._signed_in.clear()
        self._pending = None


def set_session(response: Response, session: str) -> None:
    """Gives the visitor this session."""
    response.set_cookie(SESSION_COOKIE, session, httponly=True, samesite="lax")
