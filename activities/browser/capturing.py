"""Takes a checkpoint of a living session."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Error, Frame, Page
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from activities.browser.checkpoint import (
    GET,
    Checkpoint,
    Cookie,
    Entry,
    FieldValue,
    FrameState,
    OriginStorage,
    Piece,
    Secrets,
    SessionStorage,
    Tab,
)
from activities.browser.documents import Document
from activities.browser.scripts import script
from activities.browser.session import BrowserSession
from activities.browser.settle import left_page
from plans.secret_names import is_secret_label, is_secret_name

_TIME_S = 5.0
_PAGE_TIME_S = 3.0
_FRAME_TIME_S = 0.5
_TRIES = 3
_MOST_TABS = 8
_MOST_FRAMES = 20
_MOST_COOKIES = 1000
_MANY_FIELDS = 50
_MOST_ORIGINS = 10
_MOST: dict[str, JsonValue] = {
    "fields": 1_000,
    "text": 500_000,
    "session": 200_000,
    "local": 500_000,
    "database": 1_000_000,
    "records": 2_000,
}
_KEEP = script("keep")
_SECRET_COMPLETION = frozenset({"one-time-code", "current-password", "new-password", "cc-csc"})
_NO_PASSWORD = frozenset({"checkbox", "radio", "select", "range", "color", "date"})
_COOKIES = TypeAdapter(tuple[Cookie, ...])


class _Held(BaseModel):
    """A field that holds something, and what it says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    id: str
    name: str
    place: int
    value: str = ""
    checked: bool = False
    option: str = ""
    chosen: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    completion: str = ""
    mode: str = ""
    limit: int = 0


class _Kept(BaseModel):
    """What `js/keep.js` answers for one document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: str
    session: tuple[Entry, ...]
    local: tuple[Entry, ...]
    databases: tuple[dict[str, JsonValue], ...]
    status: int
    x: float
    y: float
    fields: tuple[_Held, ...]
    over: tuple[str, ...]


async def capture(
    session: BrowserSession, secrets: Secrets, *, timeout_s: float = _TIME_S
) -> Checkpoint | None:
    """What the session could be brought back to now.

    None: the page can't be read within `timeout_s` (it crashed, is busy or being left), and
    the checkpoint before stays the newest one. Fields that take passwords and one-time codes
    are left out, and so is whatever `secrets` knows, but for its name.
    """
    try:
        async with asyncio.timeout(timeout_s):
            for _ in range(_TRIES):
                try:
                    return await _capture(session, secrets)
                except Error as error:
                    if not left_page(error):
                        return None
    except TimeoutError:
        return None
    return None


async def _capture(session: BrowserSession, secrets: Secrets) -> Checkpoint:
    documents = session.documents
    pages = _pages(session)
    target = await documents.target(session.page)
    looks = await asyncio.gather(*(_look(session, page) for page in pages))
    cookies = _COOKIES.validate_python(await session.context.cookies())
    # Origins no tab shows now keep what they had; the run's own page is the newest of all.
    first = pages.index(session.page)
    ordered = (looks[first], *looks[:first], *looks[first + 1 :])
    found = [storage for look in ordered for storage in look.origins]
    documents.remember(reversed(found), _MOST_ORIGINS)
    values = await _all_values(looks, secrets)
    notes = [note for look in looks for note in look.notes]
    if len(cookies) > _MOST_COOKIES:
        notes.append("the newest cookies alone are kept")
    return Checkpoint(
        cookies=tuple(sorted(cookies[-_MOST_COOKIES:], key=_place_of_cookie)),
        origins=tuple(sorted(documents.origins.values(), key=lambda one: one.origin)),
        tabs=tuple(
            _tab(session, page, look, pages, kept)
            for page, look, kept in zip(pages, looks, values, strict=True)
        ),
        current=first,
        target_id=target,
        notes=tuple(dict.fromkeys(notes)),
    )


def _pages(session: BrowserSession) -> list[Page]:
    """The tabs that are kept, in their order; the run's own is among them."""
    current = session.page
    pages = [page for page in session.context.pages if not page.is_closed()]
    if len(pages) > _MOST_TABS:
        lineage: list[Page] = []
        at: Page | None = current
        while at is not None and at not in lineage:
            lineage.append(at)
            at = session.tabs.opener(at)
        kept = [*lineage, *(page for page in reversed(pages) if page not in lineage)][:_MOST_TABS]
        pages = [page for page in pages if page in kept]
    return pages


@dataclass(frozen=True)
class _Look:
    """What one tab shows and holds."""

    document: Document | None
    frames: tuple[tuple[tuple[int, ...], _Kept], ...]

    @property
    def status(self) -> int:
        return next((kept.status for path, kept in self.frames if not path), 0)

    @property
    def origins(self) -> Iterator[OriginStorage]:
        for _, kept in self.frames:
            if kept.origin != "null":
                yield OriginStorage(origin=kept.origin, local=kept.local, databases=kept.databases)

    @property
    def notes(self) -> Iterator[str]:
        for _, kept in self.frames:
            yield from (f"not kept, too large: {what}" for what in kept.over)


async def _look(session: BrowserSession, page: Page) -> _Look:
    """Look at a tab; one in the background that can't be read is kept by its address."""
    top = page.main_frame
    frames = [(frame, path) for frame, path in _frames(top, ()) if not frame.is_detached()]
    origins: set[str] = set()
    reads: list[Awaitable[_Kept | None]] = []
    for frame, _ in frames[:_MOST_FRAMES]:
        origin = _origin(frame.url)
        reads.append(_read(frame, storage=origin not in origins))
        origins.add(origin)
    try:
        document, found = await asyncio.gather(
            session.documents.shown(page), asyncio.gather(*reads)
        )
    except Error:
        if page is session.page:
            raise
        return _Look(None, ())
    if found[0] is None and page is session.page:
        raise TimeoutError
    kept = zip(frames, found, strict=False)
    return _Look(document, tuple((path, one) for (_, path), one in kept if one is not None))


def _frames(frame: Frame, path: tuple[int, ...]) -> Iterator[tuple[Frame, tuple[int, ...]]]:
    yield frame, path
    for place, child in enumerate(frame.child_frames):
        yield from _frames(child, (*path, place))


def _origin(url: str) -> str:
    """Origin of an address; empty for one whose storage is not its own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""


async def _read(frame: Frame, *, storage: bool) -> _Kept | None:
    """Read one document; None where it does not answer in time."""
    options: dict[str, JsonValue] = {"storage": storage and _origin(frame.url) != "", "most": _MOST}
    top = frame.parent_frame is None
    try:
        async with asyncio.timeout(_PAGE_TIME_S if top else _FRAME_TIME_S):
            return _Kept.model_validate_json(await frame.evaluate(_KEEP, options))
    except (TimeoutError, ValidationError):
        # A page that has changed what JSON means can't be read either.
        return None
    except Error:
        if top:
            raise
        return None


def _tab(
    session: BrowserSession,
    page: Page,
    look: _Look,
    pages: Sequence[Page],
    values: Sequence[tuple[FieldValue, ...]],
) -> Tab:
    opener = session.tabs.opener(page)
    return Tab(
        url=page.url,
        method=look.document.method if look.document else GET,
        document=look.document.name if look.document else "",
        status=look.status,
        opener=pages.index(opener) if opener in pages else None,
        session_storage=tuple(
            SessionStorage(origin=kept.origin, entries=kept.session)
            for _, kept in look.frames
            if kept.session
        ),
        frames=tuple(
            FrameState(path=path, scroll_x=kept.x, scroll_y=kept.y, fields=fields)
            for (path, kept), fields in zip(look.frames, values, strict=True)
        ),
    )


async def _all_values(
    looks: Sequence[_Look], secrets: Secrets
) -> list[list[tuple[FieldValue, ...]]]:
    """What may be kept of the fields, for each tab and frame; many are sorted out beside."""

    def sorted_out() -> list[list[tuple[FieldValue, ...]]]:
        return [[tuple(_values(kept.fields, secrets)) for _, kept in look.frames] for look in looks]

    count = sum(len(kept.fields) for look in looks for _, kept in look.frames)
    return await asyncio.to_thread(sorted_out) if count > _MANY_FIELDS else sorted_out()


def _values(fields: Sequence[_Held], secrets: Secrets) -> Iterator[FieldValue]:
    """What may be kept of fields: names of secrets in their places, and no other password."""
    for field in fields:
        parts = secrets.parts(field.value)
        if parts is None:
            continue
        secret = any(name for _, name in parts)
        if _takes_secret(field) and not (secret and len(parts) == 1):
            continue
        yield FieldValue(
            type=field.type,
            id=field.id,
            name=field.name,
            option=field.option,
            place=field.place,
            value="" if secret else field.value,
            checked=field.checked,
            chosen=field.chosen,
            pieces=tuple(Piece(text=text, secret=name) for text, name in parts) if secret else (),
        )


def _takes_secret(field: _Held) -> bool:
    if field.type in _NO_PASSWORD:
        return False
    if field.limit == 1 and field.value.isdigit():
        return True  # one box of a code
    if field.type == "password" or _SECRET_COMPLETION & set(field.completion.casefold().split()):
        return True
    if any(is_secret_name(name) for name in (field.name, field.id)):
        return True
    return is_secret_label(" ".join(field.labels or (field.name, field.id)))


def _place_of_cookie(cookie: Cookie) -> tuple[str, str, str]:
    return cookie.domain, cookie.path, cookie.name
