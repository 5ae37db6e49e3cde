"""The application: its parts are made here, at the start, and put away at the end."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI

from api import docs, errors
from api.dispatcher import Dispatcher
from api.feeds import Feeds
from api.health import Health
from api.metering import Meters
from api.metrics import Accounting, Metrics
from api.openapi import describe, operation_id
from api.paths import CODEC_PATH
from api.proxying import ChatPool
from api.reconciler import Reconciler
from api.routes import chat, codec, events, meta, metrics, predict, queue, runs, usage
from api.service import Service
from api.settings import ApiSettings
from api.spans import TELEMETRY
from api.tenants import (
    DEFAULT_TENANT,
    KeysFile,
    SingleTenant,
    Tenant,
    Tenants,
)
from ledger.ledger import Ledger
from ledger.secret_files import SecretFiles
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from plans.files import PlanFolders
from temporal.client import connect
from temporal.key_check import check_keys
from temporal.settings import OpsSettings, TemporalSettings

DRAIN_S = 5.0
"""How long the dispatcher may finish what it has at hand when the API stops."""


def create_app(
    settings: ApiSettings | None = None,
    ledger: LedgerSettings | None = None,
    temporal: TemporalSettings | None = None,
) -> FastAPI:
    """Make the application; what is not given is read from the environment.

    It starts while Temporal is away (health says so, and runs are admitted and wait), but
    not without its ledger.
    """
    settings = settings or ApiSettings()
    ledger_settings = ledger or LedgerSettings()
    temporal_settings = temporal or TemporalSettings()
    ops = OpsSettings()
    counted = Metrics(ops.multiproc_dir)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with _running(settings, ledger_settings, temporal_settings, counted) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="Mantis",
        summary="Durable runs of browser agents.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        telemetry=TELEMETRY,
        generate_unique_id_function=operation_id,
    )
    errors.install(app)
    describe(app)
    app.add_middleware(Accounting, metrics=counted, access_log=ops.access_log)
    for module in (predict, runs, events, queue, usage, chat, meta, metrics):
        app.include_router(module.router)
    if settings.codec_token.get_secret_value():
        app.mount(CODEC_PATH, codec.application(settings, lambda: app.state.service.keyring))
    if settings.enable_docs_ui:
        docs.install(app)
    return app


@asynccontextmanager
async def _running(
    settings: ApiSettings,
    ledger_settings: LedgerSettings,
    temporal_settings: TemporalSettings,
    counted: Metrics,
) -> AsyncGenerator[Service]:
    async with AsyncExitStack() as parts:
        keyring = await asyncio.to_thread(Keyring.load, ledger_settings)
        ledger = await Ledger.open(ledger_settings.url, keyring=keyring)
        parts.push_async_callback(ledger.close)
        await check_keys(ledger, keyring)
        temporal = await connect(temporal_settings, keyring, lazy=True)
        dispatcher = await parts.enter_async_context(_dispatching(Dispatcher(ledger, temporal)))
        reconciler = Reconciler(ledger, temporal, dispatcher)
        await parts.enter_async_context(background(reconciler.run(), "reconciler", reconciler.stop))
        tenants = await parts.enter_async_context(_tenants(settings))
        health = Health(ledger, temporal, tenants, settings.data_dir)
        parts.push_async_callback(health.close)
        meters = Meters(settings, ledger)
        parts.push_async_callback(meters.close)
        await parts.enter_async_context(background(meters.watch(), "meters"))
        pool = ChatPool(settings)
        parts.push_async_callback(pool.close)
        yield Service(
            settings=settings,
            keyring=keyring,
            ledger=ledger,
            temporal=temporal,
            dispatcher=dispatcher,
            feeds=await parts.enter_async_context(_feeding(Feeds(ledger))),
            tenants=tenants,
            secret_files=SecretFiles.of(settings.secrets_dir),
            plan_files=PlanFolders(settings.plan_folders),
            metrics=counted,
            health=health,
            pool=pool,
            meters=meters,
        )


@asynccontextmanager
async def _dispatching(dispatcher: Dispatcher) -> AsyncGenerator[Dispatcher]:
    """The dispatcher at work; it may finish what it has at hand."""
    async with background(dispatcher.run(), "dispatcher", dispatcher.stop, DRAIN_S):
        yield dispatcher


@asynccontextmanager
async def _feeding(feeds: Feeds) -> AsyncGenerator[Feeds]:
    async with background(feeds.run(), "feeds", feeds.stop):
        yield feeds


@asynccontextmanager
async def _tenants(settings: ApiSettings) -> AsyncGenerator[Tenants]:
    if not settings.tenant_keys_path:
        default = Tenant(
            tenant_id=DEFAULT_TENANT,
            rate_limit_per_minute=settings.rate_limit_per_minute,
            max_concurrent_runs=settings.max_concurrent_runs,
        )
        yield SingleTenant(settings.api_token, default)
        return
    keys = KeysFile(Path(settings.tenant_keys_path))
    await asyncio.to_thread(keys.look)
    async with background(keys.watch(), "tenant keys"):
        yield keys


@asynccontextmanager
async def background(
    work: Coroutine[None, None, None],
    name: str,
    stop: Callable[[], None] = lambda: None,
    drain_s: float = 0,
) -> AsyncGenerator[None]:
    """A loop that works beside the requests: asked to stop at the end, then cancelled."""
    working = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        stop()
        if drain_s:
            await asyncio.wait([working], timeout=drain_s)
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
