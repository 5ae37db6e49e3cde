import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from activities.browser.act import perform
from activities.browser.downloads import safe_name
from activities.browser.registry import SessionRegistry
from activities.browser.session import BrowserSession, PlaywrightDriver, SessionEventKind
from activities.errors import SessionLost, StaleEpoch
from activities.holder.client import HolderClient, start_holder
from activities.holder.messages import HolderSpec
from inference.decisions import ActKind

pytestmark = pytest.mark.browser

PAGE = b"""<!doctype html><title>home</title>
<input id=code>
<button id=ask onclick="answers = [alert('hi'), confirm('sure?'), prompt('name?', 'Bob')];
  document.title = JSON.stringify(answers)">ask</button>
<a id=tab href=/tab target=_blank rel=noopener>tab</a>
<a id=file href=/file>file</a>
<a id=pushy href=/pushy>pushy</a>
<script>if (location.pathname === '/pushy') {
  const trying = setInterval(() => window.open('/popup') && clearInterval(trying), 20) }</script>
<script>window.started = Math.random()</script>
"""
FILE_HEADERS = (
    b'Content-Type: text/csv\r\nContent-Disposition: attachment; filename="../our list?.csv"\r\n'
)


asked: list[bytes] = []
"""Paths that the site was asked for in this test."""


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, EOFError):
        while True:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
            asked.append(path)
            body = b"a,b" if path == b"/file" else PAGE
            headers = FILE_HEADERS if path == b"/file" else b"Content-Type: text/html\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body) + headers)
            writer.write(b"\r\n" + body)
    writer.close()


@pytest.fixture
async def site() -> AsyncIterator[str]:
    tasks: set[asyncio.Task[None]] = set()
    asked.clear()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(answer(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for task in tuple(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def driver() -> AsyncIterator[PlaywrightDriver]:
    driver = PlaywrightDriver()
    yield driver
    await driver.stop()


@pytest.fixture
async def holder(tmp_path: Path, site: str) -> AsyncIterator[HolderClient]:
    holder = await start_holder(
        HolderSpec(
            session_id="s1",
            session_dir=tmp_path / "session",
            profile_dir=tmp_path / "profile",
            socket_path=tmp_path / "s1.sock",
            throwaway_profile=True,
            allow_private_hosts=(site.removeprefix("http://"),),
            ttl_s=60,
        )
    )
    yield holder
    await holder.close()


@pytest.fixture
async def session(
    driver: PlaywrightDriver, holder: HolderClient, tmp_path: Path
) -> AsyncIterator[BrowserSession]:
    session = await attach(driver, holder, tmp_path)
    yield session
    await session.detach()


async def attach(driver: PlaywrightDriver, holder: HolderClient, tmp_path: Path) -> BrowserSession:
    hello = await holder.hello()
    return await BrowserSession.attach(
        driver, hello.cdp_url, "s1", hello.epoch, tmp_path / "session"
    )


async def eventually(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        await asyncio.sleep(0.02)


async def is_lost(session: BrowserSession) -> None:
    """A sign of life is asked for until there is none."""
    for _ in range(150):
        if not await session.alive():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the browser is not lost")


async def test_a_page_has_the_viewport_that_screenshots_are_read_by(
    session: BrowserSession, site: str
) -> None:
    await session.page.goto(site)
    assert await session.page.evaluate("[innerWidth, innerHeight]") == [1280, 800]
    assert await session.page.evaluate("navigator.language") == "en-US"


async def test_dialogs_are_answered_at_once_and_told(session: BrowserSession, site: str) -> None:
    await session.page.goto(site)
    await session.page.click("#ask")
    assert await session.page.title() == '[null,true,"Bob"]'
    events = session.take_events()
    assert [(event.kind, event.detail) for event in events] == [
        (SessionEventKind.DIALOG, "alert: hi"),
        (SessionEventKind.DIALOG, "confirm: sure?"),
        (SessionEventKind.DIALOG, "prompt: name?"),
    ]
    assert session.take_events() == ()


async def test_a_page_that_wants_to_stay_is_left(session: BrowserSession, site: str) -> None:
    await session.page.goto(site)
    await session.page.evaluate("() => { onbeforeunload = event => event.preventDefault() }")
    await session.page.fill("#code", "x")
    await session.page.goto(f"{site}/next")
    assert session.page.url == f"{site}/next"


async def test_a_tab_that_an_act_opened_is_the_current_one_until_it_closes(
    session: BrowserSession, site: str
) -> None:
    first = session.page
    await first.goto(site)
    result = await perform(first, await first.wait_for_selector("#tab"), ActKind.CLICK)
    assert result.opened_tab is not None
    await session.tabs.follow(result.opened_tab)
    tab = await session.ready()
    assert tab is result.opened_tab
    await tab.wait_for_url(f"{site}/tab")
    assert await tab.evaluate("[innerWidth, innerHeight]") == [1280, 800]
    await tab.close()
    await eventually(lambda: session.page is first)
    kinds = [event.kind for event in session.take_events()]
    assert kinds == [SessionEventKind.TAB_OPENED, SessionEventKind.TAB_CLOSED]


@pytest.mark.parametrize("way", ["by address", "by a click"])
async def test_a_tab_that_a_page_opens_by_itself_stays_in_the_background(
    session: BrowserSession, site: str, way: str
) -> None:
    first = session.page
    if way == "by address":
        await first.goto(f"{site}/pushy")
    else:
        await first.goto(site)
        result = await perform(first, await first.wait_for_selector("#pushy"), ActKind.CLICK)
        assert result.success
        assert result.opened_tab is None
    await first.evaluate("'looking at a page counts as a gesture for it'")
    await eventually(lambda: len(first.context.pages) == 2)
    assert await session.ready() is first
    assert first.url == f"{site}/pushy"
    assert await first.evaluate("document.visibilityState") == "visible"
    assert [event.kind for event in session.take_events()] == [SessionEventKind.TAB_OPENED]
    await first.context.pages[1].close()
    assert await session.ready() is first


async def test_the_last_tab_is_replaced_when_it_closes(session: BrowserSession, site: str) -> None:
    first = session.page
    await first.close()
    await eventually(lambda: session.page is not first)
    page = await session.ready()
    await page.goto(site)
    assert await page.title() == "home"


async def test_a_crashed_page_is_replaced(session: BrowserSession, site: str) -> None:
    first = session.page
    await first.goto(site)
    crash = asyncio.ensure_future(first.goto("chrome://crash"))
    assert await session.take_crash(grace_s=5)
    await asyncio.gather(crash, return_exceptions=True)
    page = await session.ready()
    assert page is not first
    await page.goto(site)
    assert await page.title() == "home"
    assert not await session.take_crash()
    assert not session.lost.is_set()


async def test_downloads_are_kept_under_safe_names(session: BrowserSession, site: str) -> None:
    await session.page.goto(site)
    for _ in range(2):
        async with session.page.expect_download():
            await session.page.click("#file")
    files = await session.downloads.finished(5)
    assert [file.name for file in files] == ["_our list_.csv", "_our list_ (1).csv"]
    assert all(file.path.read_text() == "a,b" and file.size == 3 for file in files)
    assert files[0].path.parent == session.session_dir / "downloads"


@pytest.mark.parametrize(
    ("suggested", "name"),
    [
        ("list.csv", "list.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\list.csv", "list.csv"),
        (".bashrc", "bashrc"),
        ("a\x00b\n.txt", "a_b_.txt"),
        ("Übersicht 2024.pdf", "Übersicht 2024.pdf"),
        ("", "download"),
        ("...", "download"),
        ("x" * 300 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_names_of_downloads(suggested: str, name: str) -> None:
    assert safe_name(suggested) == name


async def test_letting_go_leaves_the_page_as_it_is(
    driver: PlaywrightDriver, holder: HolderClient, site: str, tmp_path: Path
) -> None:
    session = await attach(driver, holder, tmp_path)
    await session.page.goto(site)
    await session.page.fill("#code", "123")
    started = await session.page.evaluate("started")
    await session.detach()
    await session.detach()
    assert not session.lost.is_set()
    with pytest.raises(SessionLost):
        await session.ready()
    again = await attach(driver, holder, tmp_path)
    assert again.page.url == f"{site}/"
    assert await again.page.input_value("#code") == "123"
    assert await again.page.evaluate("started") == started
    assert await again.page.evaluate("[innerWidth, innerHeight]") == [1280, 800]
    await again.detach()


async def test_a_killed_browser_is_lost_at_once(
    session: BrowserSession, holder: HolderClient
) -> None:
    assert await session.alive()
    os.kill((await holder.hello()).chrome_pid, signal.SIGKILL)
    await is_lost(session)
    assert not await session.alive()
    with pytest.raises(SessionLost):
        await session.ready()


async def test_a_dead_driver_loses_its_sessions_and_is_started_again(
    driver: PlaywrightDriver, holder: HolderClient, site: str, tmp_path: Path
) -> None:
    session = await attach(driver, holder, tmp_path)
    await session.page.goto(site)
    children = psutil.Process().children()
    living = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    [node] = [child for child in living if any("playwright" in part for part in child.cmdline())]
    node.kill()
    await is_lost(session)
    again = await attach(driver, holder, tmp_path)
    assert again.page.url == f"{site}/"
    await again.detach()


async def test_an_open_dialog_does_not_keep_the_next_worker_out(
    holder: HolderClient, site: str, tmp_path: Path
) -> None:
    first = PlaywrightDriver()
    session = await attach(first, holder, tmp_path)
    await session.page.goto(site)
    await session.page.evaluate(
        """() => { setTimeout(async () => {
            await fetch('/opening'); alert('late'); window.late = 1;
        }, 300) }"""
    )
    await session.detach()
    await first.stop()
    await eventually(lambda: b"/opening" in asked)
    second = PlaywrightDriver()
    try:
        again = await attach(second, holder, tmp_path)
        page = await again.ready()
        assert await page.evaluate("window.late") == 1
        await again.detach()
    finally:
        await second.stop()


async def test_a_browser_that_is_not_there_is_lost(
    driver: PlaywrightDriver, tmp_path: Path
) -> None:
    with pytest.raises(SessionLost):
        await BrowserSession.attach(driver, "ws://127.0.0.1:1/devtools", "s1", 1, tmp_path)


async def test_the_registry_fences_by_epoch(session: BrowserSession) -> None:
    registry = SessionRegistry()
    with pytest.raises(SessionLost):
        registry.get("s1", 1)
    registry.add(session)
    assert registry.get("s1", 1) is session
    session.epoch = 2
    with pytest.raises(StaleEpoch):
        registry.get("s1", 1)
    with pytest.raises(SessionLost):
        registry.get("s1", 3)
    session.lost.set()
    with pytest.raises(SessionLost):
        registry.get("s1", 2)
    session.lost.clear()
    registry.remove(session)
    registry.remove(session)
    with pytest.raises(SessionLost):
        registry.get("s1", 2)
