"""The application: its parts are made here, at the start, and put away at the end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from api import errors
from api.dispatcher import Dispatcher
from api.routes import meta, predict, runs
from api.service import Service
from api.settings import ApiSettings
from api.tenants import SingleTenant
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from plans.files import PlanFolders
from temporal.client import connect
from temporal.settings import TemporalSettings

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

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with _running(settings, ledger_settings, temporal_settings) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="Mantis",
        summary="Durable runs of browser agents.",
        version="1",
        lifespan=lifespan,
        docs_url="/docs" if settings.enable_docs_ui else None,
        redoc_url="/redoc" if settings.enable_docs_ui else None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    errors.install(app)
    for module in (predict, runs, meta):
        app.include_router(module.router)
    return app


@asynccontextmanager
async def _running(
    settings: ApiSettings, ledger_settings: LedgerSettings, temporal_settings: TemporalSettings
) -> AsyncGenerator[Service]:
    ledger = await Ledger.open(ledger_settings.url)
    temporal = await connect(temporal_settings, lazy=True)
    dispatcher = Dispatcher(ledger, temporal)
    service = Service(
        settings=settings,
        ledger=ledger,
        temporal=temporal,
        dispatcher=dispatcher,
        tenants=SingleTenant(
            settings.api_token, anthropic_configured=bool(settings.anthropic_api_key)
        ),
        plan_files=PlanFolders(settings.plan_folders),
    )
    working = asyncio.create_task(dispatcher.run(), name="dispatcher")
    try:
        yield service
    finally:
        dispatcher.stop()
        await asyncio.wait([working], timeout=DRAIN_S)
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await ledger.close()
