import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright

from activities.errors import ChromiumMissing, LaunchFailed, SessionLost, StaleEpoch
from activities.holder.client import HolderClient, start_holder
from activities.holder.messages import Hello, HolderSpec, HolderState
from activities.leftovers import remove_session
from activities.machine import alive_as
from tests.activities.holder.conftest import Serve

pytestmark = pytest.mark.browser

SpecOf = Callable[..., HolderSpec]

SPAWNER = """
import asyncio, sys
from pathlib import Path
from activities.holder.client import start_holder
from activities.holder.messages import HolderSpec

async def main():
    await start_holder(HolderSpec.model_validate_json(Path(sys.argv[1]).read_bytes()))
    sys.stdout.write("held\\n")
    sys.stdout.flush()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def leftovers(spec: HolderSpec) -> list[int]:
    """Processes whose command line names the session's folder or profile; zombies excepted."""
    marks = (str(spec.session_dir), str(spec.profile_dir))
    found: list[int] = []
    for process in psutil.process_iter(["cmdline", "status"]):
        arguments = " ".join(process.info["cmdline"] or [])
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(m in arguments for m in marks):
            found.append(process.pid)
    return found


async def eventually(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        await asyncio.sleep(0.05)


@pytest.fixture
async def spec_of(tmp_path: Path) -> AsyncIterator[SpecOf]:
    specs: list[HolderSpec] = []

    def make(**overrides: object) -> HolderSpec:
        values: dict[str, object] = {
            "session_id": "s1",
            "session_dir": tmp_path / "session",
            "profile_dir": tmp_path / "profile",
            "socket_path": tmp_path / "run" / "s1.sock",
            "throwaway_profile": True,
            "ttl_s": 30,
            "linger_s": 1,
        }
        spec = HolderSpec.model_validate(values | overrides)
        specs.append(spec)
        return spec

    yield make
    for spec in specs:
        for pid in leftovers(spec):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def test_a_session_from_start_to_proper_end(spec_of: SpecOf) -> None:
    spec = spec_of()
    holder = await start_holder(spec)
    hello = await holder.hello()
    assert (hello.state, hello.epoch, hello.session_id) == (HolderState.READY, 1, "s1")
    assert hello.cdp_url.startswith("ws://127.0.0.1:")
    assert Hello.model_validate_json(spec.record_path.read_bytes()) == hello
    assert psutil.Process(hello.pid).terminal() is None
    assert os.getsid(hello.pid) == hello.pid
    assert os.getsid(hello.chrome_pid) == hello.chrome_pid
    assert spec.socket_path.stat().st_mode & 0o777 == 0o600
    await holder.close()
    await eventually(lambda: leftovers(spec) == [], 5)
    assert not spec.profile_dir.exists()
    assert not spec.socket_path.exists()
    assert not spec.record_path.exists()
    await holder.close()
    with pytest.raises(SessionLost):
        await holder.hello()
    with pytest.raises(SessionLost):
        await HolderClient.connect(spec.socket_path)


async def test_epochs_fence_the_commands(spec_of: SpecOf) -> None:
    holder = await start_holder(spec_of(epoch=5))
    await holder.renew(5)
    with pytest.raises(StaleEpoch):
        await holder.renew(4)
    with pytest.raises(StaleEpoch):
        await holder.adopt(5)
    assert (await holder.adopt(6)).epoch == 6
    with pytest.raises(StaleEpoch):
        await holder.renew(5)
    with pytest.raises(StaleEpoch):
        await holder.cut(5)
    with pytest.raises(StaleEpoch):
        await holder.close(5)
    assert (await holder.hello()).state is HolderState.READY
    assert (await holder.cut(6)).state is HolderState.CUT
    assert (await holder.adopt(7)).state is HolderState.CUT
    await holder.close(7)


async def test_what_is_no_command_is_refused(spec_of: SpecOf) -> None:
    spec = spec_of()
    holder = await start_holder(spec)
    reader, writer = await asyncio.open_unix_connection(spec.socket_path)
    for line in (b"nonsense", b"{}", b'{"command":"explode"}', b'{"command":"renew"}', b"[1]"):
        writer.write(line + b"\n")
        assert json.loads(await reader.readline())["refusal"] == "invalid"
    writer.close()
    with pytest.raises(ValueError, match="neither host:port"):
        await holder.allow(["nonsense"])
    await holder.close()


async def test_pages_load_through_the_egress_and_nothing_else_is_reached(
    spec_of: SpecOf, serve: Serve
) -> None:
    async def site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"
            )

    allowed, other = await serve(site), await serve(site)
    holder = await start_holder(spec_of(allow_private_hosts=(f"127.0.0.1:{allowed}",)))
    hello = await holder.hello()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(hello.cdp_url)
        page = browser.contexts[0].pages[0]
        await page.goto(f"http://127.0.0.1:{allowed}/")
        assert await page.inner_text("body") == "hi"
        for host in (f"127.0.0.1:{other}", f"localhost:{allowed}", "169.254.169.254", "[::1]:80"):
            response = await page.goto(f"http://{host}/")
            assert response is not None
            assert response.headers["x-mantis-blocked"] == "private_address"
        cdp = hello.cdp_url.removeprefix("ws://").partition("/")[0]
        await page.goto(f"http://127.0.0.1:{allowed}/")
        opened = await page.evaluate(
            """url => new Promise(done => {
                const socket = new WebSocket(url);
                socket.onopen = () => done("open");
                socket.onerror = () => done("error");
            })""",
            f"ws://{cdp}/devtools/browser",
        )
        assert opened == "error"
        await holder.allow([f"127.0.0.1:{other}"])
        await page.goto(f"http://127.0.0.1:{other}/")
        assert await page.inner_text("body") == "hi"
        stats = await holder.stats()
        assert stats.bytes_down > 0
        assert {(blocked.host, blocked.reason) for blocked in stats.blocked} >= {
            ("127.0.0.1", "private_address"),
            ("169.254.169.254", "private_address"),
            ("::1", "private_address"),
        }
        assert {blocked.host for blocked in stats.blocked} == HOSTS_TRIED
    await holder.close()


async def test_an_adoption_shuts_out_whoever_drove_the_pages_before(spec_of: SpecOf) -> None:
    holder = await start_holder(spec_of())
    first = await holder.hello()
    async with async_playwright() as playwright:
        connect = playwright.chromium.connect_over_cdp
        older = await connect(first.cdp_url)
        older_page = older.contexts[0].pages[0]
        gone = asyncio.Event()
        older.on("disconnected", lambda _: gone.set())
        second = await holder.adopt(2)
        assert second.cdp_url != first.cdp_url
        await asyncio.wait_for(gone.wait(), 10)
        with pytest.raises(PlaywrightError):
            await older_page.evaluate("document.title = 'driven'")
        with pytest.raises(PlaywrightError):
            await connect(first.cdp_url)
        with pytest.raises(PlaywrightError):
            await connect(second.cdp_url + "x")
        page = (await connect(second.cdp_url)).contexts[0].pages[0]
        assert await page.title() == ""
    await holder.close(2)


async def test_a_lapse_shuts_out_its_worker(spec_of: SpecOf) -> None:
    holder = await start_holder(spec_of(ttl_s=2, linger_s=30))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp((await holder.hello()).cdp_url)
        await _until_state(holder, HolderState.LAPSED)
        assert (await holder.hello()).cdp_url == ""
        await eventually(lambda: not browser.is_connected(), 10)
    await holder.close()


async def until_quiet(count: Callable[[], int]) -> None:
    """Wait until a count stands still for a second."""
    async with asyncio.timeout(15):
        while True:
            before = count()
            await asyncio.sleep(1)
            if count() == before:
                return


async def test_a_parked_browser_goes_on_without_a_step_while_a_worker_of_its_machine_lives(
    spec_of: SpecOf, serve: Serve, tmp_path: Path
) -> None:
    asked = 0

    async def site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while True:
            await reader.readuntil(b"\r\n\r\n")
            asked += 1
            body = b"<script>setInterval(() => fetch('/poll'), 50)</script>"
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
                % len(body)
                + body
            )

    port = await serve(site)
    hosts_dir = tmp_path / "hosts"
    worker = ExitStack()
    worker.enter_context(alive_as(hosts_dir, "host-1"))
    spec = spec_of(ttl_s=3, allow_private_hosts=(f"127.0.0.1:{port}",), hosts_dir=hosts_dir)
    holder = await start_holder(spec)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp((await holder.hello()).cdp_url)
        await browser.contexts[0].pages[0].goto(f"http://127.0.0.1:{port}/")
        await holder.renew(1)
        await holder.tab(1, "T")
        await holder.acting(1, "step:1:0:1", guarded=True)
        assert (await holder.park(1, 60)).state is HolderState.PARKED
        await eventually(lambda: not browser.is_connected(), 10)
    with pytest.raises(StaleEpoch):
        await holder.renew(1)
    with pytest.raises(StaleEpoch):
        await holder.acting(1, "step:2:0:1", guarded=False)
    await asyncio.sleep(spec.ttl_s)
    before = asked
    await eventually(lambda: asked > before, 10)
    worker.close()
    await until_quiet(lambda: asked)
    adopted = await holder.adopt(2)
    after = asked
    await eventually(lambda: asked > after, 10)
    assert adopted.state is HolderState.READY
    assert (adopted.acting, adopted.target) == ("step:1:0:1", "T")
    await holder.close(2)


async def test_a_parked_browser_ends_when_its_time_is_over_or_it_dies(spec_of: SpecOf) -> None:
    for death in (False, True):
        spec = spec_of()
        holder = await start_holder(spec)
        await holder.park(1, 60 if death else 1)
        if death:
            os.kill((await holder.hello()).chrome_pid, signal.SIGKILL)
        await eventually(lambda spec=spec: leftovers(spec) == [], 15)
        assert not spec.socket_path.exists()


async def test_what_a_killed_browser_leaves_lies_in_folders_of_its_session(
    spec_of: SpecOf, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="mh-") as folder:
        spec = spec_of(socket_path=Path(folder) / "s1.sock", throwaway_profile=False)
        holder = await start_holder(spec)
        assert any(spec.temp_dir.iterdir())
        hello = await holder.hello()
        assert (spec.profile_dir / "SingletonSocket").readlink().is_relative_to(spec.temp_dir)
        os.kill(hello.pid, signal.SIGKILL)
        await eventually(lambda: leftovers(spec) == [], 10)
        await asyncio.to_thread(remove_session, spec.session_dir)
        assert os.listdir(folder) == []


async def test_two_browsers_never_share_a_profile(spec_of: SpecOf, tmp_path: Path) -> None:
    first = spec_of(throwaway_profile=False)
    holder = await start_holder(first)
    second = spec_of(
        session_dir=tmp_path / "other",
        socket_path=tmp_path / "other.sock",
        throwaway_profile=False,
    )
    starting = asyncio.create_task(start_holder(second))
    await eventually(lambda: (tmp_path / "other" / "holder.log").exists(), 10)
    await asyncio.sleep(2)
    assert not starting.done()
    assert (first.profile_dir / "SingletonLock").is_symlink()
    os.kill((await holder.hello()).pid, signal.SIGKILL)
    await (await starting).close()


HOSTS_TRIED = {"127.0.0.1", "localhost", "169.254.169.254", "::1"}
"""Chromium itself calls nobody."""


async def test_a_killed_worker_leaves_the_page_to_whoever_adopts_it(
    spec_of: SpecOf, serve: Serve, tmp_path: Path
) -> None:
    async def site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            body = b"<input id=code><script>window.started = Math.random()</script>"
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
                % len(body)
                + body
            )

    port = await serve(site)
    url = f"http://127.0.0.1:{port}/"
    spec = spec_of(ttl_s=6, linger_s=20, allow_private_hosts=(f"127.0.0.1:{port}",))
    worker = _start_worker(spec, tmp_path)
    holder = await HolderClient.connect(spec.socket_path)
    hello = await holder.hello()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(hello.cdp_url)
        page = browser.contexts[0].pages[0]
        await holder.renew(1)
        await page.goto(url)
        await page.fill("#code", "12345")
        started = await page.evaluate("started")
        await page.evaluate(
            "setInterval(() => fetch('/').then(() => seen.push('ok'), () => seen.push('cut')), 50);"
            "window.seen = []"
        )
    worker.kill()
    worker.wait()
    await _until_state(holder, HolderState.LAPSED)
    with pytest.raises(StaleEpoch):
        await holder.renew(1)
    async with async_playwright() as playwright:
        adopted = await holder.adopt(2, "host-2")
        assert (adopted.state, adopted.host_queue) == (HolderState.READY, "host-2")
        browser = await playwright.chromium.connect_over_cdp(adopted.cdp_url)
        page = browser.contexts[0].pages[0]
        assert await page.input_value("#code") == "12345"
        assert await page.evaluate("started") == started
        assert "cut" in await page.evaluate("seen")
        await page.wait_for_function("seen.at(-1) === 'ok'")
    await holder.close(2)
    await eventually(lambda: leftovers(spec) == [], 5)


async def test_a_session_that_nobody_adopts_leaves_nothing_behind(
    spec_of: SpecOf, tmp_path: Path
) -> None:
    spec = spec_of(ttl_s=1, linger_s=1)
    worker = _start_worker(spec, tmp_path)
    assert len(leftovers(spec)) >= 3
    worker.kill()
    worker.wait()
    await eventually(lambda: leftovers(spec) == [], 15)
    assert not spec.profile_dir.exists()
    assert not spec.socket_path.exists()


async def test_chromium_dies_with_a_killed_holder(spec_of: SpecOf) -> None:
    spec = spec_of()
    holder = await start_holder(spec)
    hello = await holder.hello()
    os.kill(hello.pid, signal.SIGKILL)
    await eventually(lambda: leftovers(spec) == [], 10)
    with pytest.raises(SessionLost):
        await holder.renew(1)


async def test_a_killed_chromium_is_a_lost_browser(spec_of: SpecOf) -> None:
    spec = spec_of(ttl_s=3, linger_s=60)
    holder = await start_holder(spec)
    hello = await holder.hello()
    os.kill(hello.chrome_pid, signal.SIGKILL)
    await _until_state(holder, HolderState.BROWSER_LOST)
    assert (await holder.renew(1)).state is HolderState.BROWSER_LOST
    await eventually(lambda: leftovers(spec) == [], 15)


async def test_sigterm_ends_the_session_properly(spec_of: SpecOf) -> None:
    spec = spec_of()
    holder = await start_holder(spec)
    os.kill((await holder.hello()).pid, signal.SIGTERM)
    await eventually(lambda: leftovers(spec) == [], 10)
    assert not spec.profile_dir.exists()
    assert not spec.socket_path.exists()


async def test_a_kept_profile_keeps_its_cookies(spec_of: SpecOf, serve: Serve) -> None:
    async def site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = b"known" if b"visitor=7" in head else b"new"
            writer.write(
                b"HTTP/1.1 200 OK\r\nSet-Cookie: visitor=7; Max-Age=9000\r\n"
                b"Content-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )

    port = await serve(site)
    seen: list[str] = []
    for _ in range(2):
        spec = spec_of(throwaway_profile=False, allow_private_hosts=(f"127.0.0.1:{port}",))
        holder = await start_holder(spec)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.connect_over_cdp((await holder.hello()).cdp_url)
            page = browser.contexts[0].pages[0]
            await page.goto(f"http://127.0.0.1:{port}/")
            seen.append(await page.inner_text("body"))
        await holder.close()
    assert seen == ["new", "known"]


async def test_a_chromium_that_does_not_start_is_told_with_its_last_words(
    spec_of: SpecOf, tmp_path: Path
) -> None:
    broken = tmp_path / "chrome"
    broken.write_text("#!/bin/sh\necho no display today >&2\nexit 3\n")
    broken.chmod(0o755)
    spec = spec_of(chrome_path=broken)
    with pytest.raises(LaunchFailed, match=r"(?s)ended with code 3.*no display today"):
        await start_holder(spec)
    await eventually(lambda: leftovers(spec) == [], 5)
    assert not spec.profile_dir.exists()


async def test_a_chromium_that_is_never_ready_is_given_up(spec_of: SpecOf, tmp_path: Path) -> None:
    stuck = tmp_path / "chrome"
    stuck.write_text("#!/bin/sh\nsleep 60 & wait\n")
    stuck.chmod(0o755)
    spec = spec_of(chrome_path=stuck, launch_timeout_s=1)
    with pytest.raises(LaunchFailed, match="not ready in 1 s"):
        await start_holder(spec)
    await eventually(lambda: leftovers(spec) == [], 5)


async def test_a_missing_chromium_says_what_to_do(spec_of: SpecOf, tmp_path: Path) -> None:
    with pytest.raises(ChromiumMissing, match="MANTIS_CHROME_PATH"):
        await start_holder(spec_of(chrome_path=tmp_path / "none"))


async def _until_state(holder: HolderClient, state: HolderState) -> None:
    deadline = time.monotonic() + 10
    while (await holder.hello()).state is not state:
        assert time.monotonic() < deadline, f"not {state} in time"
        await asyncio.sleep(0.05)


def _start_worker(spec: HolderSpec, folder: Path) -> subprocess.Popen[str]:
    path = folder / "given.json"
    path.write_text(spec.model_dump_json())
    root = Path(__file__).parents[3]
    worker = subprocess.Popen(
        [sys.executable, "-c", SPAWNER, str(path)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    with worker.stdout:
        assert worker.stdout.readline() == "held\n"
    return worker
