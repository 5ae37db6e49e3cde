"""`mantis explain`: why a step did what it did, from what the tiers saw at the time."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from activities.settings import ActivitySettings
from inference.sight import Sight
from inference.sight_page import read_sights
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.models import EventRow
from ledger.settings import LedgerSettings
from plans.json_text import canonical_json
from temporal.explained import look_lines, row_lines, step_lines
from temporal.kept_ledger import kept_ledger
from temporal.settings import StackSettings

_WIDTH = 120
_KINDS = ("step", "action")


@dataclass(frozen=True)
class Try:
    """One try of a step: its event, and the events of the rows that it read."""

    body: Mapping[str, JsonValue]
    rows: list[Mapping[str, JsonValue]]


class _Refused(Exception):
    """There is nothing to explain; the message says why."""


def explain(parser: argparse.ArgumentParser) -> None:
    """Tell what a step saw, which candidates it weighed, and why it chose or passed.

    Reads the ledger (MANTIS_DATABASE_URL, else the data folder) and the run's files; the
    service may run meanwhile. The same with pictures, the candidates drawn in, is the HTML
    file that is named at the end.
    """
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    parser.add_argument("step", metavar="STEP", type=int, help="index of the step in its plan")
    parser.add_argument(
        "--visit",
        type=int,
        help="which of its executions in a loop, from 0; without it, the last one",
    )
    parser.add_argument("--tenant", help="the run's tenant, where several have such a run")
    parser.add_argument("--json", action="store_true", help="the looks as JSON, for programs")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=StackSettings().data_dir,
        help="folder of the runs' files, and of the ledger where MANTIS_DATABASE_URL is not set",
    )
    parser.set_defaults(handler=_handle)


def _handle(arguments: argparse.Namespace) -> int:
    try:
        asyncio.run(_explain(arguments))
    except (_Refused, LedgerError) as error:
        sys.stderr.write(f"mantis explain: {error}\n")
        return 1
    return 0


async def _explain(arguments: argparse.Namespace) -> None:
    run_id: str = arguments.run_id
    index: int = arguments.step
    async with kept_ledger(LedgerSettings(data_dir=arguments.data_dir)) as ledger:
        tenant = await _tenant_of(ledger, run_id, arguments.tenant)
        events = await ledger.events.read(tenant, run_id)
    tries = tries_of(events, index, arguments.visit)
    if not tries:
        raise _Refused(_nothing(events, run_id, index, arguments.visit))
    folder = ActivitySettings(data_dir=arguments.data_dir).run_dir(tenant, run_id)
    told = [(one, *_looks(folder, one.body)) for one in tries]
    if arguments.json:
        document = [
            {
                "step": {**one.body},
                "looks": [sight.model_dump(mode="json") for sight in looks],
                "rows": [{**row} for row in one.rows],
            }
            for one, looks, _ in told
        ]
        sys.stdout.write(canonical_json(cast(JsonValue, document)) + "\n")
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    for one, looks, path in told:
        for line in _lines(one, looks, path):
            console.print(line, soft_wrap=True)


async def _tenant_of(ledger: Ledger, run_id: str, wanted: str | None) -> str:
    known = await ledger.runs.tenants_of(run_id)
    tenants = [one for one in known if wanted in (None, one)]
    if not tenants:
        raise _Refused(f"there is no run {run_id}" + (f" of {wanted}" if wanted else ""))
    if len(tenants) > 1:
        raise _Refused(f"several tenants have a run {run_id}: give --tenant")
    return tenants[0]


def tries_of(events: Sequence[EventRow], index: int, visit: int | None) -> list[Try]:
    """All tries of one execution of the step, in order: of the last one where none is named."""
    found: dict[int, list[Try]] = {}
    newest: Try | None = None
    for event in events:
        if event.step_index != index:
            continue
        if event.kind == "extract" and newest is not None:
            newest.rows.append(event.body)
            continue
        parts = event.dedup_key.split(":")
        if event.kind in _KINDS and "intent" in event.body and len(parts) > 2:
            newest = Try(event.body, [])
            found.setdefault(int(parts[2]), []).append(newest)
    if not found:
        return []
    return found.get(max(found) if visit is None else visit, [])


def _nothing(events: Sequence[EventRow], run_id: str, index: int, visit: int | None) -> str:
    known = sorted(
        {one.step_index for one in events if one.kind in _KINDS and one.step_index is not None}
    )
    if index in known:
        return f"step {index} of run {run_id} has no execution {visit}"
    steps = ", ".join(map(str, known)) or "none"
    return f"step {index} of run {run_id} was not executed; executed: {steps}"


def _looks(folder: Path, body: Mapping[str, JsonValue]) -> tuple[tuple[Sight, ...], Path | None]:
    name = body.get("explained")
    if not isinstance(name, str):
        return (), None
    path = folder / name
    try:
        return read_sights(path.read_text(encoding="utf-8")), path
    except (OSError, ValueError):
        return (), None


def _lines(one: Try, looks: Sequence[Sight], path: Path | None) -> Iterator[Text]:
    yield from step_lines(one.body)
    for number, sight in enumerate(looks, 1):
        yield from look_lines(number, sight)
    for row in one.rows:
        yield from row_lines(row)
    if path is not None:
        yield Text(f"  The same to look at: {path}", style="dim")
    elif name := one.body.get("explained"):
        yield Text(f"  Its file {name} is not in the run's folder.", style="dim")
    yield Text()
