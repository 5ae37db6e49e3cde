"""A real Chromium, a fresh page for each test, and a small site on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

Handler = Callable[["Visit"], Awaitable[None]]


@dataclass
class Visit:
    """One request of the browser, and how to answer it."""

    method: str
    path: str
    query: str
    body: str
    writer: asyncio.StreamWriter

    async def answer(
        self,
        body: str = "",
        status: int = 200,
        kind: str = "text/html; charset=utf-8",
        headers: dict[str, str] | None = None,
    ) -> None:
        payload = body.encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(payload)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += ["Connection: close", "", ""]
        self.writer.write("\r\n".join(lines).encode() + payload)
        await self.writer.drain()

    async def start(self, text: str = "", length: int = 100_000) -> None:
        head = f"HTTP/1.1 200 X\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n"
        self.writer.write(head.encode() + text.encode())
        await self.writer.drain()

    async def hang(self) -> None:
        await asyncio.Event().wait()


@dataclass
class Site:
    """Loopback server: `pages` by path, `log` of what was asked for."""

    port: int = 0
    pages: dict[str, str | Handler] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
            length = 0
            for line in head.split("\r\n")[1:]:
                if line.lower().startswith("content-length:"):
                    length = int(line.split(":", 1)[1])
            body = (await reader.readexactly(length)).decode() if length else ""
            path, _, query = target.partition("?")
            self.log.append(f"{method} {target}")
            page = self.pages.get(path)
            visit = Visit(method, path, query, body, writer)
            if page is None:
                await visit.answer("<h1>Not here</h1>", status=404)
            elif isinstance(page, str):
                await visit.answer(page)
            else:
                await page(visit)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--site-per-process"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(shared_browser: Browser) -> AsyncIterator[Page]:
    context = await shared_browser.new_context(
        viewport={"width": 1280, "height": 800}, accept_downloads=True
    )
    yield await context.new_page()
    await context.close()


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[Site]:
    """The site on a port of its own."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(site.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    yield site
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with serving(Site()) as site:
        yield site
