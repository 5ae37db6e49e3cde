"""Encrypted requests of a real Chromium, at a real TLS site, in the journal."""

import asyncio
import contextlib
import os
import signal
import stat
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, async_playwright

from activities.holder.chromium import Chromium, launch
from activities.holder.journal import EntryKind, Journal, JournalEntry, read_journal, tells_all
from activities.holder.locate import find_chromium
from activities.holder.network import Network
from activities.holder.requests import watch_requests
from tests.activities.delivery.conftest import Certified, certified
from tests.activities.holder.conftest import OpenEgress

__all__ = ["certified"]

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><form method=post action=/order?secret=1><button id=buy>Buy</button></form>
<form method=post action=/popup target=_blank><button id=popup>Open</button></form>
<iframe src=/frame></iframe>"""
FRAME = "<!doctype html><form method=post action=/framed><button id=inner>Go</button></form>"


@dataclass
class TlsSite:
    """What the site was asked for, and where it is."""

    port: int = 0
    asked: list[str] = field(default_factory=list[str])

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
            self.asked.append(f"{method} {target}")
            if target == "/hangs":
                await asyncio.Event().wait()
            body = {"/": PAGE, "/frame": FRAME}.get(target, "<!doctype html>ok")
            status = "303 See Other\r\nLocation: /done?id=7" if "/order" in target else "200 OK"
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nConnection: close\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            await writer.drain()
        writer.close()


@dataclass
class Heard:
    """A browser whose requests are journalled."""

    page: Page
    chromium: Chromium
    network: Network
    path: Path
    site: TlsSite

    @property
    def journal(self) -> Journal:
        return self.network.journal

    def entries(self) -> list[JournalEntry]:
        return list(read_journal(self.path))

    async def until(self, ready: Callable[[list[JournalEntry]], bool]) -> list[JournalEntry]:
        deadline = time.monotonic() + 30
        while not ready(self.entries()):
            assert time.monotonic() < deadline, self.entries()
            await asyncio.sleep(0.02)
        return self.entries()

    async def answered(self, path: str) -> list[JournalEntry]:
        url = self.site.url(path)
        return await self.until(
            lambda all: any(entry.url == url and entry.status is not None for entry in all)
        )


@pytest.fixture
async def heard(
    tmp_path: Path, open_egress: OpenEgress, certified: Certified
) -> AsyncIterator[Heard]:
    site = TlsSite()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=certified.server)
    site.port = server.sockets[0].getsockname()[1]
    port, network = await open_egress([f"127.0.0.1:{site.port}"], [])
    trusting = tmp_path / "chromium"
    trusting.write_text(
        f'#!/bin/sh\nexec "{find_chromium(None)}" --ignore-certificate-errors "$@"\n'
    )
    trusting.chmod(trusting.stat().st_mode | stat.S_IXUSR)
    chromium = await launch(
        trusting,
        profile_dir=tmp_path / "profile",
        proxy_port=port,
        headless=True,
        log_path=tmp_path / "chromium.log",
        timeout_s=30,
    )
    watch = asyncio.create_task(watch_requests(chromium.cdp_url, network.journal))
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.connect_over_cdp(chromium.cdp_url)
            page = browser.contexts[0].pages[0]
            path = tmp_path / "journal.jsonl"
            yield Heard(page, chromium, network, path, site)
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await chromium.stop()
        server.close()


async def test_a_form_that_is_sent_encrypted_is_journalled_without_its_query(heard: Heard) -> None:
    await heard.page.goto(heard.site.url("/"))
    assert heard.entries() == []
    await heard.page.click("#buy")
    await heard.page.wait_for_url("**/done?id=7")
    entries = await heard.answered("/order")
    assert [(e.method, e.url, e.kind, e.status) for e in entries] == [
        ("POST", heard.site.url("/order"), EntryKind.DOCUMENT, None),
        ("POST", heard.site.url("/order"), EntryKind.DOCUMENT, 303),
    ]
    assert len({entry.number for entry in entries}) == 1


async def test_while_an_act_is_guarded_pages_and_tunnels_are_journalled_too(heard: Heard) -> None:
    await heard.page.goto(heard.site.url("/"))
    heard.journal.guarded = True
    await heard.page.click("#buy")
    entries = await heard.answered("/done")
    tunnels = [entry for entry in entries if entry.kind is EntryKind.TUNNEL]
    assert {entry.url for entry in tunnels} == {f"https://127.0.0.1:{heard.site.port}"}
    assert tunnels[0].number < max(entry.number for entry in entries if entry.method == "GET")
    told = [(e.method, e.url) for e in entries if e.status is not None]
    assert told == [("POST", heard.site.url("/order")), ("GET", heard.site.url("/done"))]
    assert not tells_all(entries, alive=False)
    assert tells_all(entries, alive=True)


FETCH = "fetch('{url}', {{method: 'POST', body: 'x'}})"
WORKER = """url => new Promise(done => {
  const code = `fetch('${url}', {method: 'PUT', body: 'x'}).then(() => postMessage(1))`;
  new Worker(URL.createObjectURL(new Blob([code]))).onmessage = done;
})"""


async def test_scripts_workers_frames_and_tabs_are_heard(heard: Heard) -> None:
    page, site = heard.page, heard.site
    await page.goto(site.url("/"))
    await page.evaluate(FETCH.format(url="/fetched"))
    await page.evaluate("navigator.sendBeacon('/beacon', 'x')")
    await page.evaluate(WORKER, site.url("/worked"))
    async with page.context.expect_page():
        await page.click("#popup")
    await heard.answered("/popup")
    await page.frames[1].click("#inner")
    for path in ("/fetched", "/beacon", "/worked", "/framed"):
        await heard.answered(path)
    sent = {(e.method, e.url, e.kind) for e in heard.entries()}
    assert sent == {
        ("POST", site.url("/fetched"), EntryKind.DATA),
        ("POST", site.url("/beacon"), EntryKind.BEACON),
        ("PUT", site.url("/worked"), EntryKind.DATA),
        ("POST", site.url("/popup"), EntryKind.DOCUMENT),
        ("POST", site.url("/framed"), EntryKind.DOCUMENT),
    }


async def test_a_request_that_could_not_leave_is_told_as_failed(heard: Heard) -> None:
    await heard.page.goto(heard.site.url("/"))
    await heard.page.evaluate(
        "fetch('https://169.254.169.254/x', {method: 'POST', mode: 'no-cors'}).catch(() => 0)"
    )
    entries = await heard.until(lambda all: any(entry.failed for entry in all))
    assert entries[-1].failed == "ERR_TUNNEL_CONNECTION_FAILED"


async def test_a_browser_that_dies_leaves_a_gap_and_what_it_had_told(heard: Heard) -> None:
    await heard.page.goto(heard.site.url("/"))
    heard.journal.guarded = True
    await heard.page.evaluate("void fetch('/hangs', {method: 'POST', body: 'x'})")
    await heard.until(lambda all: any(entry.method == "POST" for entry in all))
    os.kill(heard.chromium.pid, signal.SIGKILL)
    entries = await heard.until(lambda all: any(entry.kind is EntryKind.GAP for entry in all))
    assert not tells_all(entries, alive=True)
    assert [e.status for e in entries if e.method == "POST"] == [None]


async def test_a_plain_request_is_journalled_once(heard: Heard) -> None:
    site = TlsSite()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    plain = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    heard.network.policy.allow([plain.removeprefix("http://")])
    await heard.page.goto(f"{plain}/")
    heard.journal.guarded = True
    await heard.page.click("#buy")
    await heard.page.wait_for_url("**/done?id=7")
    entries = await heard.until(
        lambda all: {"/order", "/done"} <= {urlsplit(e.url).path for e in all if e.status}
    )
    sent = [(e.method, e.url, e.kind) for e in entries if e.status is None]
    assert sorted(sent) == [
        ("GET", f"{plain}/done", EntryKind.DOCUMENT),
        ("POST", f"{plain}/order", EntryKind.DOCUMENT),
    ]
    server.close()
