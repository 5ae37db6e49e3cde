"""Sessions that tasks save and require: signed in once, used by the tasks after.

Within a run the browser itself keeps them. In a profile they outlive the run: its cookies, the
ones for a browser's session too, lie beside the profile's own.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Final

from playwright.async_api import BrowserContext
from pydantic import TypeAdapter, ValidationError

from activities.browser.checkpoint import Cookie
from activities.steps.context import StepContext
from plans.task import TaskSpec

_FILE: Final = "mantis-sessions.json"
_MARK: Final = "session.saved"
_MOST: Final = 50
_SAVED: Final = TypeAdapter(dict[str, tuple[Cookie, ...]])


async def save(context: StepContext, task: TaskSpec) -> None:
    """Keep the session that this task has opened, for the run and for its profile."""
    run = context.run
    await context.ledger.variables.set(run.tenant_id, run.run_id, _mark(task), True)
    folder = await _profile(context)
    if folder is not None:
        cookies = await _cookies(context.session.context)
        await asyncio.to_thread(_write, folder / _FILE, task.session_name, cookies)


async def present(context: StepContext, task: TaskSpec) -> bool:
    """Whether the session that a task requires is there; that of a profile is brought back."""
    run = context.run
    variables = await context.ledger.variables.get_all(run.tenant_id, run.run_id)
    if variables.get(_mark(task)) is True:
        return True
    folder = await _profile(context)
    if folder is None:
        return False
    saved = (await asyncio.to_thread(_read, folder / _FILE)).get(task.session_name)
    if saved is None:
        return False
    browser = context.session.context
    there = {(one.name, one.domain, one.path) for one in await _cookies(browser)}
    missing = [one for one in saved if (one.name, one.domain, one.path) not in there]
    if missing:
        await context.acts.mark()
        await browser.add_cookies(
            [
                {
                    "name": one.name,
                    "value": one.value,
                    "domain": one.domain,
                    "path": one.path,
                    "expires": one.expires,
                    "httpOnly": one.httpOnly,
                    "secure": one.secure,
                    "sameSite": one.sameSite,
                }
                for one in missing
            ]
        )
    return True


def _mark(task: TaskSpec) -> str:
    return f"{_MARK}.{task.session_name}"


async def _profile(context: StepContext) -> Path | None:
    """The folder of the run's profile; None where it keeps none."""
    run = context.run
    row = await context.ledger.runs.get(run.tenant_id, run.run_id)
    if row is None or not row.profile_id or context.settings is None:
        return None
    folder = context.settings.profile_dir(run.tenant_id, row.profile_id)
    return folder if folder.is_dir() else None


async def _cookies(browser: BrowserContext) -> tuple[Cookie, ...]:
    found = await browser.cookies()
    return TypeAdapter(tuple[Cookie, ...]).validate_python(found)


def _read(path: Path) -> dict[str, tuple[Cookie, ...]]:
    try:
        return _SAVED.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}


def _write(path: Path, name: str, cookies: tuple[Cookie, ...]) -> None:
    saved = _read(path)
    saved.pop(name, None)
    saved[name] = cookies
    while len(saved) > _MOST:
        del saved[next(iter(saved))]
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(_SAVED.dump_python(saved, mode="json"), file)
    os.replace(part, path)
