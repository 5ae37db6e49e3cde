"""What a browser session can be brought back to: storage, tabs, and what was filled in."""

import hashlib
import json
from collections.abc import Sequence
from typing import Literal, Protocol
from urllib.parse import urlsplit

from pydantic import JsonValue

from plans.step import Frozen

BLANK = "about:blank"
GET = "GET"
_EXPIRY_STEP_S = 60


class Secrets(Protocol):
    """Knows the secrets of a run, which no checkpoint holds."""

    def parts(self, text: str) -> Sequence[tuple[str, str]] | None:
        """A text in pieces, each a text of its own or the name of a secret, as `secret.1`.

        None where a secret is in it that can't be named.
        """
        ...


class Cookie(Frozen):
    """A cookie as the driver names its parts; `expires` in seconds, -1 for a session cookie."""

    name: str
    value: str
    domain: str
    path: str
    expires: float = -1
    httpOnly: bool = False
    secure: bool = False
    sameSite: Literal["Strict", "Lax", "None"] = "Lax"
    partitionKey: str | None = None


class Entry(Frozen):
    """One entry of a page's storage."""

    name: str
    value: str


class OriginStorage(Frozen):
    """What an origin keeps on disk; `databases` of IndexedDB in the driver's own form."""

    origin: str
    local: tuple[Entry, ...] = ()
    databases: tuple[dict[str, JsonValue], ...] = ()


class SessionStorage(Frozen):
    """What an origin keeps for one tab."""

    origin: str
    entries: tuple[Entry, ...]


class Piece(Frozen):
    """A part of a field's value: a text, or the name of the secret that stands there."""

    text: str = ""
    secret: str = ""


class FieldValue(Frozen):
    """What one field of a document holds.

    `id`, `name`, `type`, `option` (the value of a radio button or checkbox) and `place` (its
    number among the document's fields) find it again. `chosen` are the values of a list's
    options. Where a secret is in the value there are `pieces` in its place.
    """

    type: str
    id: str = ""
    name: str = ""
    option: str = ""
    place: int = 0
    value: str = ""
    checked: bool = False
    chosen: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()


class FrameState(Frozen):
    """A document in a tab; `path` leads to it from the top by places among its siblings."""

    path: tuple[int, ...] = ()
    scroll_x: float = 0
    scroll_y: float = 0
    fields: tuple[FieldValue, ...] = ()


class Tab(Frozen):
    """One tab; `method` is how its document was asked for, after all redirects.

    `document` names the document as Chromium does, so that a living one is known again;
    `status` is that of the answer it came with, 0 where that is not known.
    `opener` is the place of the tab that it was followed from, None where there is none.
    """

    url: str
    method: str = GET
    document: str = ""
    status: int = 0
    opener: int | None = None
    session_storage: tuple[SessionStorage, ...] = ()
    frames: tuple[FrameState, ...] = ()


class Checkpoint(Frozen):
    """A session at a boundary between steps.

    `current` is the place of the tab that the run works in, `target_id` its name in the
    living browser. `notes` tell what was too large to be kept.
    """

    version: Literal[1] = 1
    cookies: tuple[Cookie, ...] = ()
    origins: tuple[OriginStorage, ...] = ()
    tabs: tuple[Tab, ...]
    current: int = 0
    target_id: str = ""
    notes: tuple[str, ...] = ()

    @property
    def tab(self) -> Tab:
        """The tab that the run works in."""
        return self.tabs[self.current]


def restorable(checkpoint: Checkpoint) -> bool:
    """Whether another browser can show the run's page: it did not come by POST."""
    return can_open(checkpoint.tab)


def can_open(tab: Tab) -> bool:
    """Whether a tab's page can be asked for again without doing anything twice."""
    return tab.method == GET and (tab.url == BLANK or urlsplit(tab.url).scheme in ("http", "https"))


def fingerprint(checkpoint: Checkpoint) -> str:
    """The same for two checkpoints that need not both be kept.

    Cookies that a site renews with each answer count as changed once a minute at most.
    """
    body = checkpoint.model_dump(mode="json")
    for cookie in body["cookies"]:
        cookie["expires"] //= _EXPIRY_STEP_S
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
