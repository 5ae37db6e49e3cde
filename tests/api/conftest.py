import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from temporal.settings import TemporalSettings

TOKEN = "test-token"
FREE = {"rate_limit_per_minute": 0, "max_concurrent_runs": 1000}
TENANT_KEYS: dict[str, dict[str, object]] = {
    "acme-1": {"tenant_id": "acme", **FREE},
    "acme-2": {"tenant_id": "acme", **FREE},
    "acme-status": {"tenant_id": "acme", "scopes": ["status"], **FREE},
    "acme-result": {"tenant_id": "acme", "scopes": ["result"], **FREE},
    "acme-logs": {"tenant_id": "acme", "scopes": ["logs"], **FREE},
    "acme-none": {"tenant_id": "acme", "scopes": [], **FREE},
    "zeta-1": {"tenant_id": "zeta", **FREE},
    "slow-1": {"tenant_id": "slow", "rate_limit_per_minute": 3, "max_concurrent_runs": 1000},
    "slow-2": {"tenant_id": "slow", "rate_limit_per_minute": 3, "max_concurrent_runs": 1000},
    "few-1": {"tenant_id": "few", "rate_limit_per_minute": 10, "max_concurrent_runs": 2},
    "narrow-1": {
        "tenant_id": "narrow",
        "allowed_domains": ["good.example", "*.wild.example", "xn--bcher-kva.example"],
        **FREE,
    },
    "small-1": {
        "tenant_id": "small",
        "max_cost_per_run": 1.5,
        "max_time_minutes_per_run": 2,
        "webhook_url": "https://hooks.example/small",
        "webhook_secret_name": "small_hook",
        "allowed_domains": ["example.com"],
        **FREE,
    },
    "keyed-1": {"tenant_id": "keyed", "anthropic_secret_name": "keyed_key", **FREE},
}


@pytest.fixture(scope="session")
def nowhere() -> str:
    """An address of this machine where nothing listens: Temporal is away."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def plans_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plans"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "one.json").write_text(
        '{"runtime": {"max_cost": 3}, "name": "one", '
        '"steps": [{"intent": "Go to https://example.com", "type": "navigate"}]}'
    )
    (folder / "mine" / "broken.json").write_text("[{")
    (folder / "mine" / "words.txt").write_text("Open example.com and read the title.")
    (folder / "mine" / "binary.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "secret.json").write_text("[]")
    (folder / "mine" / "link.json").symlink_to(tmp_path / "secret.json")
    return folder


@pytest.fixture
def settings(tmp_path: Path, plans_folder: Path) -> ApiSettings:
    return ApiSettings(
        api_token=TOKEN,
        anthropic_api_key="",
        data_dir=tmp_path / "data",
        plans_path=str(plans_folder),
        demo_site="http://127.0.0.1:1",
        rate_limit_per_minute=0,
        max_concurrent_runs=1000,
    )


@pytest.fixture
def ledger_settings(tmp_path: Path) -> LedgerSettings:
    return LedgerSettings(data_dir=tmp_path / "data", database_url="")


@pytest.fixture
async def app(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str
) -> AsyncIterator[FastAPI]:
    made = create_app(settings, ledger_settings, TemporalSettings(address=nowhere))
    async with made.router.lifespan_context(made):
        yield made


@asynccontextmanager
async def over_asgi(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://mantis", headers=headers
    ) as client:
        yield client


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with the right token."""
    async with over_asgi(app, **{"X-Mantis-Token": TOKEN}) as opened:
        yield opened


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without a token."""
    async with over_asgi(app) as opened:
        yield opened


@pytest.fixture
def keys_path(tmp_path: Path) -> Path:
    path = tmp_path / "tenant_keys.json"
    path.write_text(json.dumps({"tenant_keys": TENANT_KEYS}))
    return path


@pytest.fixture
async def tenants_app(
    settings: ApiSettings,
    ledger_settings: LedgerSettings,
    nowhere: str,
    keys_path: Path,
    tmp_path: Path,
) -> AsyncIterator[FastAPI]:
    """The application for the tenants of `TENANT_KEYS`."""
    named = {"tenant_keys_path": str(keys_path), "secrets_dir": str(tmp_path / "secrets")}
    made = create_app(
        settings.model_copy(update=named), ledger_settings, TemporalSettings(address=nowhere)
    )
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def tenants(tenants_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without a token, of the application for many tenants: see `token`."""
    async with over_asgi(tenants_app) as opened:
        yield opened


def token(name: str) -> dict[str, str]:
    return {"X-Mantis-Token": name}


@pytest.fixture
async def ledger(app: FastAPI, ledger_settings: LedgerSettings) -> AsyncIterator[Ledger]:
    """The application's ledger, opened a second time."""
    opened = await Ledger.open(ledger_settings.url)
    yield opened
    await opened.close()
