"""`mantis demo`: the main job from nothing to a table of rows, over the real HTTP API."""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from inference.settings import ModelSettings
from temporal.models_told import models_told
from temporal.settings import StackSettings
from temporal.stack import Stack, StackOptions

PLAN = "plans/example/extract_listings.json"
LISTINGS = 10
_STEPS = 1 + 3 * LISTINGS
_POLL_S = 0.15
_PATIENCE_S = 180.0
_FRAME = 3


class _Shown(BaseModel):
    """What the demo reads of an answer; the rest is ignored."""

    model_config = ConfigDict(extra="ignore")


class _Handle(_Shown):
    run_id: str


class _Event(_Shown):
    ts: str
    kind: str
    intent: str | None = None
    tier: str | None = None
    cost: float | None = None
    success: bool | None = None
    error: str | None = None


class _Events(_Shown):
    events: list[_Event]


class _Summary(_Shown):
    total_time_s: float
    steps_executed: int
    viable: int
    leads_with_phone: int
    cost_total: float
    tiers: dict[str, int]


class _Result(_Shown):
    rows: list[dict[str, JsonValue]]
    leads: list[str]


class _Outcome(_Shown):
    status: str
    message: str = ""
    halt_class: str | None = None
    summary: _Summary | None = None
    result: _Result | None = None


@dataclass
class _Seen:
    """What the progress display has been told so far."""

    cursor: str = ""
    steps: int = 0
    cost: float = 0.0
    last: str = "waiting for a browser"
    tier: str = "-"
    failures: list[str] = field(default_factory=list[str])


async def demo(data_dir: Path, console: Console) -> int:
    """Start the stack, run the demo plan, show its rows, stop the stack.

    Returns:
        0 when every listing asked for came back.
    """
    began = time.monotonic()
    options = StackOptions(host="127.0.0.1", port=0, data_dir=data_dir, demo_site=True)
    stack = Stack(options, StackSettings())
    with console.status("starting Temporal, the workers, the API and the demo marketplace"):
        await stack.__aenter__()
    try:
        console.print(f"stack is up after {time.monotonic() - began:.1f} s: {stack.urls.api}")
        told = models_told(ModelSettings(), StackSettings().tenant_keys_path)
        console.print(f"models: {told}", soft_wrap=True)
        async with httpx.AsyncClient(
            base_url=stack.urls.api,
            headers={"X-Mantis-Token": stack.token},
            timeout=30,
        ) as client:
            run_id, outcome = await _run(client, console)
    finally:
        with console.status("stopping everything"):
            await stack.stop()
    _show(console, stack, data_dir, run_id, outcome)
    complete = outcome.result is not None and len(outcome.result.rows) == LISTINGS
    return 0 if outcome.status == "succeeded" and complete else 1


async def _run(client: httpx.AsyncClient, console: Console) -> tuple[str, _Outcome]:
    answer = await client.post(
        "/v1/predict", json={"micro": PLAN, "inputs": {}, "workflow_id": "demo"}
    )
    if answer.status_code != 200:
        raise RuntimeError(f"the submission was refused: {answer.text[:300]}")
    run_id = _Handle.model_validate(answer.json()).run_id
    console.print(f"submitted {PLAN} asking for {LISTINGS} listings: run {run_id}")
    await _watch(client, run_id, console)
    result = await client.get(f"/v1/runs/{run_id}/result")
    return run_id, _Outcome.model_validate(result.json())


async def _watch(client: httpx.AsyncClient, run_id: str, console: Console) -> None:
    """Show each step as it happens, until the run is over."""
    progress = Progress(
        TextColumn("[bold]{task.completed:.0f}/{task.total:.0f} steps"),
        BarColumn(bar_width=24),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
    )
    bar = progress.add_task("waiting for a browser", total=_STEPS)
    seen = _Seen()
    deadline = time.monotonic() + _PATIENCE_S
    with Live(progress, console=console, refresh_per_second=10):
        while time.monotonic() < deadline:
            over = await _is_over(client, run_id)
            await _take(client, run_id, seen)
            progress.update(
                bar,
                completed=seen.steps,
                description=f"{seen.last[:44]:<44} tier {seen.tier:<5} ${seen.cost:.4f}",
            )
            if over:
                break
            await asyncio.sleep(_POLL_S)
        else:
            raise RuntimeError(f"run {run_id} was not over after {_PATIENCE_S:.0f} s")
    console.print()


async def _is_over(client: httpx.AsyncClient, run_id: str) -> bool:
    answer = await client.get(f"/v1/runs/{run_id}")
    return answer.json()["status"] in ("succeeded", "failed", "cancelled")


async def _take(client: httpx.AsyncClient, run_id: str, seen: _Seen) -> None:
    answer = await client.get(f"/v1/runs/{run_id}/events", params={"since": seen.cursor})
    for event in _Events.model_validate(answer.json()).events:
        seen.cursor = event.ts
        if event.kind != "step":
            continue
        seen.steps += 1
        seen.cost += event.cost or 0.0
        seen.last, seen.tier = event.intent or "", event.tier or "-"
        if event.success is False:
            seen.failures.append(f"{seen.last}: {event.error or 'failed'}")


def _show(console: Console, stack: Stack, data_dir: Path, run_id: str, outcome: _Outcome) -> None:
    if outcome.result is not None and outcome.result.rows:
        console.print(_table(outcome.result.rows, stack.urls.demo_site, console.width))
    if outcome.summary is not None:
        told = outcome.summary
        tiers = ", ".join(f"{name} {count}" for name, count in told.tiers.items() if count)
        console.print(
            f"[bold]{outcome.status}[/]: {told.viable} leads, {told.leads_with_phone} with phone, "
            f"{told.steps_executed} steps in {told.total_time_s:.1f} s; "
            f"answered by {tiers or 'nothing'}"
        )
        asked = told.tiers.get("holo3", 0) + told.tiers.get("claude", 0)
        models = f"models answered {asked} steps" if asked else "no model was asked"
        console.print(f"cost: [bold]${told.cost_total:.4f}[/] ({models})")
    if outcome.halt_class:
        console.print(f"[red]{outcome.halt_class}[/]: {outcome.message}")
    workflow = quote(f"run/default/{run_id}", safe="")
    ui = f"{stack.urls.temporal_ui}/namespaces/default/workflows/{workflow}"
    console.print("\nWhere to look:")
    console.print(f"  files         {data_dir}/tenants/default/runs/{run_id}/", soft_wrap=True)
    console.print(f"  API docs      {stack.urls.docs}", soft_wrap=True)
    console.print(f"  this run in the Temporal Web UI\n                {ui}", soft_wrap=True)
    console.print(
        "  The demo has stopped what it started. To open these again:\n"
        f"                .venv/bin/mantis serve --demo-site --data-dir {data_dir}",
        soft_wrap=True,
    )


def _table(rows: list[dict[str, JsonValue]], site: str, room: int) -> Table:
    """The rows in `room` columns of text; addresses without the site, the same for all."""
    names = [name for name in rows[0] if not name.startswith("_")]
    cells = [[_cell(row.get(name)).removeprefix(site) for name in names] for row in rows]
    widths = {
        name: max(len(name), *(len(row[place]) for row in cells))
        for place, name in enumerate(names)
    }
    others = sum(width + _FRAME for name, width in widths.items() if name != "url")
    table = Table(title=f"{len(rows)} listings from {site}", title_justify="left")
    for name in names:
        most = max(10, room - others - _FRAME - 1) if name == "url" else widths[name]
        table.add_column(name, overflow="ellipsis", no_wrap=True, width=min(widths[name], most))
    for row in cells:
        table.add_row(*row)
    return table


def _cell(value: JsonValue) -> str:
    return "none" if value is None else str(value)


def run_demo(data_dir: Path) -> int:
    """Run the demo on the terminal; the exit code."""
    console = Console(file=sys.stdout)
    try:
        return asyncio.run(demo(data_dir, console))
    except KeyboardInterrupt:
        return 130
