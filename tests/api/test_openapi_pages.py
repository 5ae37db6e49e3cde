"""The two pages of the documentation, in a real browser that reaches nothing but this server."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Page, Request, Response, async_playwright, expect

from api.app import create_app
from api.settings import ApiSettings
from ledger.settings import LedgerSettings
from temporal.settings import TemporalSettings
from tests.api.conftest import TOKEN, over_asgi
from tests.serving import served

HOST = "mantis.example"
"""A name that is not this machine's, as the pages have it in production."""


class Watched:
    """A page and what went wrong while it loaded."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.requested: list[str] = []
        self.wrong: list[str] = []
        page.on("request", self._asked)
        page.on("requestfailed", lambda one: self.wrong.append(f"{one.url}: {one.failure}"))
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda one: self.wrong.append(one.text) if one.type == "error" else 0)

    def _asked(self, request: Request) -> None:
        self.requested.append(request.url)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.url}: {response.status}")

    @property
    def elsewhere(self) -> list[str]:
        allowed = (self.address, "data:", "blob:")
        return [url for url in self.requested if not url.startswith(allowed)]


@asynccontextmanager
async def opened(app: FastAPI, path: str) -> AsyncIterator[Watched]:
    async with served(app) as url, async_playwright() as driver:
        rules = f"MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND"
        browser = await driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=[f"--host-resolver-rules={rules}"]
        )
        address = url.replace("127.0.0.1", HOST)
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        watched = Watched(page, address)
        await page.goto(address + path)
        yield watched
        await browser.close()


@pytest.mark.browser
async def test_docs_render_and_submit_a_run(app: FastAPI, client: httpx.AsyncClient):
    async with opened(app, "/docs") as docs:
        page = docs.page
        await expect(page.locator(".opblock")).to_have_count(21, timeout=30_000)
        await page.get_by_role("button", name="Authorize").first.click()
        await page.locator(".auth-container input").fill(TOKEN)
        await (
            page.locator(".auth-btn-wrapper")
            .get_by_role("button", name="Apply")
            .or_(page.locator(".auth-btn-wrapper button.authorize"))
            .first.click()
        )
        await page.locator(".auth-btn-wrapper button.btn-done").click()
        predict = page.locator("#operations-runs-predict")
        await predict.locator(".opblock-summary-control").click()
        await expect(predict.locator("textarea.body-param__text")).to_contain_text("task_suite")
        assert docs.wrong == []
        async with page.expect_response("**/v1/predict") as waiting:
            await predict.locator("button.execute").click()
        answer = await (await waiting.value).json()
        assert answer["status"] == "queued", answer
        await expect(predict.locator(".live-responses-table")).to_contain_text(answer["run_id"])
        assert docs.wrong == []
        assert docs.elsewhere == []
    run = (await client.get(f"/v1/runs/{answer['run_id']}/status")).json()
    assert run["payload"]["task_suite"] == json.loads(json.dumps(run["payload"]["task_suite"]))
    assert run["status"] == "queued"


@pytest.mark.browser
async def test_redoc_renders(app: FastAPI):
    async with opened(app, "/redoc") as redoc:
        page = redoc.page
        await expect(page.get_by_role("heading", name="Run a plan, or act on a run")).to_be_visible(
            timeout=60_000
        )
        await expect(page.locator("body")).to_contain_text("Idempotency-Key")
        await page.wait_for_load_state("networkidle")
        assert redoc.wrong == []
        assert redoc.elsewhere == []


async def test_the_pages_name_no_other_server(stranger: httpx.AsyncClient):
    for path in ("/docs", "/redoc", "/docs/redoc.js"):
        answer = await stranger.get(path)
        assert answer.status_code == 200
        assert "cdn." not in answer.text and "googleapis" not in answer.text


async def test_without_the_pages_the_document_stays(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str
):
    without = settings.model_copy(update={"enable_docs_ui": False})
    app = create_app(without, ledger_settings, TemporalSettings(address=nowhere))
    async with over_asgi(app) as client:
        gone = ("/docs", "/redoc", "/docs/redoc.js", "/docs/static/swagger-ui.css")
        assert [(await client.get(path)).status_code for path in gone] == [404] * 4
        assert (await client.get("/openapi.json")).status_code == 200
