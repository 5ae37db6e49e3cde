"""The Temporal UI's remote codec: who may use it, what it shows and what it refuses."""

import base64
import json
import logging
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from google.protobuf.json_format import MessageToDict
from pydantic import JsonValue, SecretStr, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.worker import Worker

from api.app import create_app
from api.paths import CODEC_PATH
from api.settings import ApiSettings
from ledger.settings import LedgerSettings
from ledger.vault import Keyring, new_key
from temporal.client import connect
from temporal.codec import EncryptingCodec
from temporal.settings import TemporalSettings
from tests.api.conftest import over_asgi
from tests.histories import payloads
from tests.temporal.coded import CANARY, Answer, Coded, Order, work
from workflows.sandbox import sandbox

KEY = new_key()
CODEC = EncryptingCodec(Keyring([KEY]))
TOKEN = "codec-token-of-a-test"
UI = "http://127.0.0.1:8233"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def app(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str
) -> AsyncIterator[FastAPI]:
    codec = {"codec_token": SecretStr(TOKEN), "codec_origins": f"{UI}, http://localhost:8233/"}
    app = create_app(
        settings.model_copy(update=codec),
        ledger_settings.model_copy(update={"encryption_keys": SecretStr(KEY.decode())}),
        TemporalSettings(address=nowhere),
    )
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def ui(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with over_asgi(app, **BEARER, Origin=UI, **{"X-Namespace": "default"}) as client:
        yield client


def wire(*given: Payload) -> dict[str, JsonValue]:
    return {"payloads": [MessageToDict(payload) for payload in given]}


def plain(value: JsonValue) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())


async def decoded(ui: httpx.AsyncClient, *given: Payload) -> list[JsonValue]:
    answer = await ui.post(f"{CODEC_PATH}/decode", json=wire(*given))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    shown = answer.json()["payloads"]
    return [json.loads(base64.b64decode(payload["data"])) for payload in shown]


async def test_payloads_are_shown_in_the_clear(ui: httpx.AsyncClient) -> None:
    value: JsonValue = {"plan": [{"intent": "Open the page"}], "count": 3, "none": None}
    assert await decoded(ui, CODEC.encrypt(plain(value)), plain("older")) == [value, "older"]


async def test_secrets_are_not_shown(ui: httpx.AsyncClient) -> None:
    hidden: JsonValue = {
        "pause_id": "p1",
        "user_input": {"code": "123456"},
        "inner": [{"password": "hunter2", "apiKey": "k", "token": None, "city": "Lisbon"}],
    }
    shown = {
        "pause_id": "p1",
        "user_input": "***",
        "inner": [{"password": "***", "apiKey": "***", "token": None, "city": "Lisbon"}],
    }
    assert await decoded(ui, CODEC.encrypt(plain(hidden)), plain(hidden)) == [shown, shown]


@pytest.mark.parametrize("data", [b'{"user_input": "1', b"[" * 100_000])
async def test_json_that_can_not_be_searched_is_not_shown(
    ui: httpx.AsyncClient, data: bytes
) -> None:
    sealed = CODEC.encrypt(Payload(metadata={"encoding": b"json/plain"}, data=data))
    assert await decoded(ui, sealed) == ["***"]


async def test_other_encodings_are_shown_as_they_are(ui: httpx.AsyncClient) -> None:
    null = Payload(metadata={"encoding": b"binary/null"})
    answer = await ui.post(f"{CODEC_PATH}/decode", json=wire(CODEC.encrypt(null)))
    assert answer.json() == {
        "payloads": [{"metadata": {"encoding": "YmluYXJ5L251bGw="}, "data": ""}]
    }


async def test_what_an_operator_sends_is_encrypted(ui: httpx.AsyncClient) -> None:
    given = plain({"user_input": "123456"})
    answer = await ui.post(f"{CODEC_PATH}/encode", json=wire(given))
    (sealed,) = answer.json()["payloads"]
    payload = Payload(
        metadata={name: base64.b64decode(value) for name, value in sealed["metadata"].items()},
        data=base64.b64decode(sealed["data"]),
    )
    assert payload.metadata["encoding"] == b"binary/encrypted"
    assert CODEC.decrypt(payload) == given


async def test_the_token_is_wanted(app: FastAPI) -> None:
    async with over_asgi(app) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "é"}):
            for operation in ("decode", "encode"):
                encoded = {name: value.encode() for name, value in headers.items()}
                answer = await client.post(
                    f"{CODEC_PATH}/{operation}", json=wire(), headers=encoded
                )
                assert answer.status_code == 401
        for path, status in ((f"{TOKEN}/decode", 200), ("wrong/decode", 401)):
            answer = await client.post(f"{CODEC_PATH}/{path}", json=wire())
            assert answer.status_code == status
        for path in ("", "/", "/other", f"/{TOKEN}/other"):
            assert (await client.post(f"{CODEC_PATH}{path}", json=wire())).status_code == 404


async def test_the_callers_token_opens_nothing(app: FastAPI) -> None:
    async with over_asgi(app, **{"X-Mantis-Token": "test-token"}) as client:
        assert (await client.post(f"{CODEC_PATH}/decode", json=wire())).status_code == 401


async def test_without_a_token_there_is_no_codec(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str
) -> None:
    app = create_app(settings, ledger_settings, TemporalSettings(address=nowhere))
    async with app.router.lifespan_context(app), over_asgi(app, **BEARER) as client:
        assert (await client.post(f"{CODEC_PATH}/decode", json=wire())).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"payloads": 3}',
        b'{"payloads": [{"data": "abcde"}]}',
        b'{"payloads": [{"metadata": []}]}',
        b'{"payloads": [{"data": 7}]}',
    ],
)
async def test_what_is_malformed_is_a_400(ui: httpx.AsyncClient, body: bytes) -> None:
    answer = await ui.post(f"{CODEC_PATH}/decode", content=body)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert answer.headers["Access-Control-Allow-Origin"] == UI


async def test_a_key_that_is_not_there_is_told(ui: httpx.AsyncClient) -> None:
    strange = EncryptingCodec(Keyring([new_key()])).encrypt(plain("x"))
    answer = await ui.post(f"{CODEC_PATH}/decode", json=wire(strange))
    assert answer.status_code == 400
    assert "MANTIS_ENCRYPTION_KEYS" in answer.json()["detail"]


async def test_a_body_has_its_limit(ui: httpx.AsyncClient) -> None:
    large = Payload(metadata={"encoding": b"binary/plain"}, data=bytes(1024 * 1024))
    assert (await ui.post(f"{CODEC_PATH}/decode", json=wire(large))).status_code == 200
    answer = await ui.post(f"{CODEC_PATH}/decode", json=wire(*[large] * 12))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [(UI, True), ("http://localhost:8233", True), ("https://evil.example", False)],
)
async def test_only_the_ui_may_call_from_a_page(
    app: FastAPI, origin: str, *, allowed: bool
) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-namespace,authorization",
    }
    async with over_asgi(app) as client:
        preflight = await client.options(f"{CODEC_PATH}/{TOKEN}/decode", headers=asked)
        assert (preflight.status_code == 200) is allowed
        answer = await client.post(
            f"{CODEC_PATH}/{TOKEN}/decode", json=wire(), headers={"Origin": origin}
        )
    for response in (preflight, answer):
        assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)


async def test_other_routes_are_closed_to_pages(ui: httpx.AsyncClient) -> None:
    assert "Access-Control-Allow-Origin" not in (await ui.get("/v1/version")).headers


async def test_a_token_in_the_path_is_not_logged(
    settings: ApiSettings,
    ledger_settings: LedgerSettings,
    nowhere: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MANTIS_ACCESS_LOG", "1")
    caplog.set_level(logging.INFO, "mantis")
    named = settings.model_copy(update={"codec_token": SecretStr(TOKEN)})
    app = create_app(named, ledger_settings, TemporalSettings(address=nowhere))
    async with app.router.lifespan_context(app), over_asgi(app) as client:
        await client.post(f"{CODEC_PATH}/{TOKEN}/decode", json=wire())
    assert f"POST {CODEC_PATH} 200" in caplog.text
    assert TOKEN not in caplog.text


async def test_the_document_for_callers_leaves_it_out(ui: httpx.AsyncClient) -> None:
    assert "codec" not in (await ui.get("/openapi.json")).text


def test_a_token_that_is_no_secret_is_refused() -> None:
    for token in ("short", "with/a/slash/in/its/path"):
        with pytest.raises(ValidationError) as refused:
            ApiSettings(codec_token=SecretStr(token))
        assert token not in str(refused.value)


async def test_a_real_history_is_decoded(ui: httpx.AsyncClient, temporal_address: str) -> None:
    client = await connect(TemporalSettings(address=temporal_address), Keyring([KEY]))
    queue = f"coded-{uuid.uuid4()}"
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[Coded],
        activities=[work],
        workflow_runner=sandbox(),
    )
    async with worker:
        handle = await client.start_workflow(
            Coded.run, Order(plan=CANARY), id=f"coded-{uuid.uuid4()}", task_queue=queue
        )
        await handle.signal(Coded.word, Answer(text="go"))
        await handle.result()
    history = await handle.fetch_history()
    found = [payload for event in history.events for payload in payloads(event)]
    shown = await decoded(ui, *found)
    assert {"plan": CANARY, "fails": False} in shown
    assert {"text": f"{CANARY} as a result of {CANARY}"} in shown
