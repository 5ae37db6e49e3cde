import asyncio
import logging
import socket
from dataclasses import replace

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from temporalio.client import Client

from api.app import create_app
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.database import Database
from ledger.errors import LedgerFull
from ledger.ledger import Ledger
from ledger.secrets import NoKeys
from ledger.settings import LedgerSettings
from temporal.settings import TemporalSettings

PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]


async def test_a_token_is_needed(stranger: httpx.AsyncClient):
    routes = [("POST", "/v1/predict"), ("GET", "/v1/runs/x"), ("POST", "/v1/runs/x/cancel")]
    for method, path in routes:
        missing = await stranger.request(method, path)
        assert missing.status_code == 401
        assert missing.json() == {"detail": "missing X-Mantis-Token header"}
        for token in ("wrong", "test-token ", "tést", "x" * 10_000):
            headers = {"X-Mantis-Token": token.strip() + "!"}
            wrong = await stranger.request(
                method, path, headers=[(k.encode(), v.encode()) for k, v in headers.items()]
            )
            assert wrong.status_code == 401
            assert wrong.json() == {"detail": "invalid X-Mantis-Token"}


async def test_the_authorization_header_is_ignored(client: httpx.AsyncClient):
    answer = await client.post(
        "/v1/predict", json={"task_suite": PLAN}, headers={"Authorization": "Api-Key x"}
    )
    assert answer.status_code == 200


async def test_without_a_token_configured_nobody_gets_in(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str
):
    bare = settings.model_copy(update={"api_token": ""})
    app = create_app(bare, ledger_settings, TemporalSettings(address=nowhere))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mantis") as client:
            for headers in ({}, {"X-Mantis-Token": ""}, {"X-Mantis-Token": "x"}):
                answer = await client.post("/v1/predict", json={}, headers=headers)
                assert answer.status_code == 503
                assert answer.json() == {"detail": "server auth not configured"}


async def test_open_routes(stranger: httpx.AsyncClient):
    models = (await stranger.get("/v1/models")).json()
    assert models["object"] == "list"
    assert models["data"] == [{"id": "holo3", "object": "model", "owned_by": "mantis"}]
    version = (await stranger.get("/v1/version")).json()
    assert set(version) == {"version", "model", "ready", "git_sha", "build_time"}
    assert version["ready"] is False
    for path in ("/health", "/v1/health"):
        health = await stranger.get(path)
        assert health.status_code == 503
        assert health.json()["ok"] is False
        assert health.json()["checks"]["ledger"] == "ok"
        assert health.json()["checks"]["temporal"] == "can't be reached"


async def test_docs_and_document(
    stranger: httpx.AsyncClient,
    settings: ApiSettings,
    ledger_settings: LedgerSettings,
    nowhere: str,
):
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert (await stranger.get(path)).status_code == 200
    document = (await stranger.get("/openapi.json")).json()
    predict = document["paths"]["/v1/predict"]["post"]
    assert "steps" in predict["requestBody"]["content"]["application/json"]["examples"]
    assert "422" not in str(document["paths"])
    without = settings.model_copy(update={"enable_docs_ui": False})
    app = create_app(without, ledger_settings, TemporalSettings(address=nowhere))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mantis") as client:
        assert (await client.get("/docs")).status_code == 404
        assert (await client.get("/redoc")).status_code == 404
        assert (await client.get("/openapi.json")).status_code == 200


async def test_routes_that_are_not_there(client: httpx.AsyncClient):
    for method, path, status in [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/predict", 405),
        ("DELETE", "/v1/runs/x", 405),
        ("GET", "/v1/runs/", 404),
        ("GET", "/", 404),
    ]:
        answer = await client.request(method, path)
        assert answer.status_code == status, path
        assert list(answer.json()) == ["detail"]


async def test_a_fault_of_ours_is_a_500_with_an_id_and_no_more(
    client: httpx.AsyncClient, app: FastAPI, caplog: pytest.LogCaptureFixture
):
    async def broken() -> None:
        raise ZeroDivisionError("a secret path: /srv/mantis")

    app.add_api_route("/broken", broken)
    with caplog.at_level(logging.ERROR, "mantis.api"):
        answer = await client.get("/broken")
    assert answer.status_code == 500
    detail = answer.json()["detail"]
    assert "srv" not in detail and "ZeroDivision" not in detail
    assert detail.rsplit(" ", 1)[1] in caplog.text


async def test_a_ledger_that_is_away_is_a_503(client: httpx.AsyncClient, app: FastAPI):
    away = Ledger(Database("postgresql+asyncpg://nobody@127.0.0.1:1/none"), now_micros, NoKeys())
    app.state.service = replace(app.state.service, ledger=away)
    for answer in (
        await client.post("/v1/predict", json={"task_suite": PLAN}),
        await client.get("/v1/runs/20200101_000000_00000000"),
    ):
        assert answer.status_code == 503
        assert "ledger can't be reached" in answer.json()["detail"]
    await away.close()


async def test_a_full_disk_is_said_with_the_way_out(client: httpx.AsyncClient, app: FastAPI):
    async def full() -> None:
        raise LedgerFull("the disk of the ledger's database is full: make room there")

    app.add_api_route("/full", full)
    answer = await client.get("/full")
    assert answer.status_code == 503
    assert answer.json() == {
        "detail": "the server's disk is full: its operator must make room, then try again"
    }


async def test_chat_completions_without_a_pool(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient
):
    ask = {"model": "holo3", "messages": [{"role": "user", "content": "hello"}]}
    answer = await client.post("/v1/chat/completions", json=ask)
    assert answer.status_code == 502
    assert "Holo3 can't be reached" in answer.json()["detail"]
    assert (await client.post("/v1/chat/completions", content=b"[")).status_code == 400
    assert (await stranger.post("/v1/chat/completions", json=ask)).status_code == 401


class Served:
    """The application on a socket of loopback."""

    def __init__(self, app: FastAPI) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        config = uvicorn.Config(app, log_level="critical", lifespan="off")
        self.server = uvicorn.Server(config)

    async def __aenter__(self) -> "Served":
        self.task = asyncio.create_task(self.server.serve(sockets=[self.listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.should_exit = True
        await self.task


async def chunks(size: int, total: int):
    for _ in range(total // size):
        yield b" " * size


async def test_bodies_over_the_limit_over_a_socket(app: FastAPI, ledger: Ledger):
    async with Served(app) as served:
        base = f"http://127.0.0.1:{served.address[1]}"
        headers = {"X-Mantis-Token": "test-token"}
        async with httpx.AsyncClient(base_url=base, headers=headers) as client:
            known = await client.post("/v1/predict", content=b" " * (2 * 1024 * 1024))
            assert known.status_code == 413
            streamed = await client.post("/v1/predict", content=chunks(65536, 3 * 1024 * 1024))
            assert streamed.status_code == 413
            assert streamed.json() == {
                "detail": "the body is larger than the 1048576 bytes allowed"
            }
            exact = b'{"task_suite":' + b" " * (1024 * 1024 - 16) + b"[]}"
            assert (await client.post("/v1/predict", content=exact)).status_code == 413
            just = b'{"task_suite":' + b" " * (1024 * 1024 - 17) + b"[]}"
            assert (await client.post("/v1/predict", content=just)).status_code == 400
            fine = await client.post("/v1/predict", json={"task_suite": PLAN})
            assert fine.status_code == 200
    assert await ledger.outbox.waiting() == 1


async def test_a_client_that_leaves_mid_body_harms_nobody(app: FastAPI, ledger: Ledger):
    async with Served(app) as served:
        for _ in range(3):
            _, writer = await asyncio.open_connection(*served.address)
            writer.write(
                b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nX-Mantis-Token: test-token\r\n"
                b'Content-Length: 500\r\n\r\n{"task_suite": '
            )
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.address[1]}") as client:
            assert (await client.get("/v1/models")).status_code == 200
    assert await ledger.outbox.waiting() == 0


async def test_temporal_is_reached_lazily(app: FastAPI):
    assert isinstance(app.state.service.temporal, Client)


async def test_a_blocking_caller_that_leaves_is_not_waited_for(app: FastAPI, ledger: Ledger):
    body = b'{"task_suite": [{"intent": "Go to https://example.com", "type": "navigate"}], '
    body += b'"detached": false}'
    async with Served(app) as served:
        _, writer = await asyncio.open_connection(*served.address)
        writer.write(
            b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nX-Mantis-Token: test-token\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()
        async with asyncio.timeout(10):
            while True:
                if await ledger.outbox.waiting() == 1:
                    break
                await asyncio.sleep(0.02)
            assert len(served.server.server_state.tasks) == 1
            writer.close()
            await writer.wait_closed()
            while True:
                if not served.server.server_state.tasks:
                    break
                await asyncio.sleep(0.02)
    assert await ledger.outbox.waiting() == 1
