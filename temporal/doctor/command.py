"""`mantis doctor`: all looks, one line each."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from activities.settings import ActivitySettings
from inference.settings import ModelSettings
from ledger.settings import LedgerSettings
from plans.step import Frozen
from temporal.doctor import machine, models, parts
from temporal.doctor.finding import Finding, State, missing
from temporal.doctor.keys import keys
from temporal.doctor.namespace import namespace
from temporal.settings import StackSettings, TemporalSettings

FIT, UNFIT = 0, 1
"""Exit codes: runs can be carried out here, or something that they need is missing."""


def doctor(parser: argparse.ArgumentParser) -> None:
    """Tell what is missing on this machine, and how to get it.

    Chromium is started for a moment, Holo3 is shown a tiny picture; nothing is changed. The
    exit code is 1 only where runs can't be carried out.
    """
    parser.add_argument("--json", action="store_true", help="the findings as JSON")
    parser.set_defaults(handler=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    found = asyncio.run(look())
    unfit = any(finding.state is State.MISSING for finding in found)
    if arguments.json:
        document = {"ok": not unfit, "findings": [one.model_dump(mode="json") for one in found]}
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(found)) + "\n")
    return UNFIT if unfit else FIT


class _Settings(Frozen):
    """All settings, read once."""

    activities: ActivitySettings
    ledger: LedgerSettings
    temporal: TemporalSettings
    stack: StackSettings
    models: ModelSettings


async def look() -> Sequence[Finding]:
    """Look at everything."""
    settings = _read_settings()
    if isinstance(settings, Finding):
        return (settings,)
    browser, server, kept, database, keyring, pool = await asyncio.gather(
        parts.chromium(settings.activities.chrome_path),
        parts.temporal(settings.temporal),
        namespace(settings.temporal, settings.activities.data_dir),
        parts.ledger(settings.ledger),
        keys(settings.ledger),
        models.holo3(settings.models),
    )
    return (
        browser,
        server,
        *kept,
        *machine.data_folder(settings.activities.data_dir),
        database,
        keyring,
        parts.authentication(settings.stack),
        machine.api_port(),
        machine.ffmpeg(),
        machine.fonts(),
        machine.shared_memory(),
        *machine.temporary_folder(settings.activities.runtime_dir),
        *machine.limits(),
        machine.user(),
        pool,
        models.claude(settings.models, settings.stack.tenant_keys_path),
    )


def _read_settings() -> _Settings | Finding:
    try:
        return _Settings(
            activities=ActivitySettings(),
            ledger=LedgerSettings(),
            temporal=TemporalSettings(),
            stack=StackSettings(),
            models=ModelSettings(),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        variable = "_".join(str(part) for part in first["loc"]).upper()
        prefix = "TEMPORAL_" if error.title == "TemporalSettings" else "MANTIS_"
        return missing("settings", f"{prefix}{variable}: {first['msg']}", "correct or unset it")


def _lines(found: Sequence[Finding]) -> list[str]:
    lines: list[str] = []
    for finding in found:
        lines.append(f"{finding.state:<8} {finding.name:<14} {finding.detail}")
        if finding.way_out:
            lines.append(f"{'':<23} → {finding.way_out}")
    blocking = [finding.name for finding in found if finding.state is State.MISSING]
    told = f"runs can't be carried out: {', '.join(blocking)}" if blocking else "fit for runs"
    return [*lines, told]
