"""`mantis memory`: look into what was learned, take it elsewhere, and delete it."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import IO, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inference.decisions import ActKind
from inference.memory.fields import READ
from inference.memory.locator import Fingerprint
from ledger.clock import now_micros
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.models import Locator, LocatorFilter
from ledger.settings import LedgerSettings
from ledger.wire import iso_ms
from plans.step import StepType
from temporal.kept_ledger import kept_ledger
from temporal.settings import StackSettings

FORMAT: Final = "mantis-memory"
VERSION: Final = 1
MOST_LINES: Final = 100_000
LONGEST_LINE: Final = 64 * 1024
"""Characters. A locator takes about one thousand."""
_DAY_US: Final = 86_400_000_000
_WIDTH: Final = 200
_LISTED: Final = 1_000
_FAULTS: Final = 5


class _Refused(Exception):
    """The command can't do what was asked; the message says why."""


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: str
    version: int


def memory(parser: argparse.ArgumentParser) -> None:
    """List what was learned of pages, export, import or purge it.

    A locator says which element an intent meant on a kind of page of a site. It holds names
    and labels of the page and the words of the plan, never what was typed, chosen or read.
    Reads the ledger (MANTIS_DATABASE_URL, else the data folder); the service may run meanwhile.
    """
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=StackSettings().data_dir,
        help="folder of the ledger where MANTIS_DATABASE_URL is not set",
    )
    _filters(parser)
    parser.set_defaults(handler=_list)
    commands = parser.add_subparsers(metavar="list | export | import | purge")
    listing = commands.add_parser(
        "list", help="show them as a table", description="Show locators, at most 1,000."
    )
    _filters(listing, suppress=True)
    listing.set_defaults(handler=_list)
    export = commands.add_parser(
        "export",
        help="write them as JSON lines",
        description="Write locators as JSON lines: a line with the format and its version first.",
    )
    _filters(export, suppress=True)
    export.add_argument("file", nargs="?", type=Path, help="where to; standard output if left out")
    export.set_defaults(handler=_export)
    taking = commands.add_parser(
        "import",
        help="take in what was exported",
        description="Take in exported locators, all of them or, where one line is not right, none. "
        "They count as new until they have won here, too.",
    )
    taking.add_argument("file", type=Path, help="the exported file, or - for standard input")
    taking.add_argument("--tenant", dest="into", help="for this tenant, whatever the file says")
    taking.add_argument(
        "--keep-standing", action="store_true", help="trust those that were trusted there"
    )
    taking.set_defaults(handler=_import)
    purge = commands.add_parser(
        "purge", help="delete them", description="Delete the locators that the filters name."
    )
    _filters(purge, suppress=True)
    purge.add_argument("--yes", action="store_true", help="delete; else only say how many")
    purge.set_defaults(handler=_purge)


def _filters(parser: argparse.ArgumentParser, *, suppress: bool = False) -> None:
    missing = argparse.SUPPRESS if suppress else None
    parser.add_argument("--tenant", default=missing, help="of this tenant alone")
    parser.add_argument(
        "--site", default=missing, help="of this site alone: host, with its port if it has one"
    )
    parser.add_argument("--standing", default=missing, choices=("new", "trusted", "quarantined"))
    parser.add_argument(
        "--older-than",
        default=missing,
        type=_days,
        metavar="DAYS",
        help="only those that were not used for so many days",
    )


def _days(text: str) -> float:
    days = float(text)
    if not 0 <= days < 100_000:
        raise argparse.ArgumentTypeError("days from 0 on")
    return days


def _wanted(arguments: argparse.Namespace) -> LocatorFilter:
    days: float | None = arguments.older_than
    site: str | None = arguments.site
    return LocatorFilter(
        tenant_id=arguments.tenant,
        site=site.casefold().removeprefix("www.") if site else None,
        standing=arguments.standing,
        used_before=None if days is None else now_micros() - round(days * _DAY_US),
    )


def _list(arguments: argparse.Namespace) -> int:
    return _run(_show(arguments.data_dir, _wanted(arguments)))


def _export(arguments: argparse.Namespace) -> int:
    return _run(_write(arguments.data_dir, _wanted(arguments), arguments.file))


def _import(arguments: argparse.Namespace) -> int:
    keep: bool = arguments.keep_standing
    return _run(_take_in(arguments.data_dir, arguments.file, arguments.into, keep=keep))


def _purge(arguments: argparse.Namespace) -> int:
    return _run(_delete(arguments.data_dir, _wanted(arguments), sure=arguments.yes))


def _run(work: Coroutine[None, None, None]) -> int:
    try:
        asyncio.run(work)
    except (_Refused, LedgerError) as error:
        sys.stderr.write(f"mantis memory: {error}\n")
        return 1
    except BrokenPipeError:
        return 0
    return 0


async def _all(ledger: Ledger, wanted: LocatorFilter) -> AsyncGenerator[Locator]:
    last: Locator | None = None
    while page := await ledger.locators.page(wanted, last):
        for one in page:
            yield one
        last = page[-1]


async def _show(data_dir: Path, wanted: LocatorFilter) -> None:
    async with kept_ledger(LedgerSettings(data_dir=data_dir)) as ledger:
        count = await ledger.locators.count(wanted)
        shown = await ledger.locators.page(wanted, limit=_LISTED)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    if shown:
        console.print(_table(shown))
    if count > len(shown):
        console.print(f"{count - len(shown)} more: narrow it down, or export them")
    if not count:
        console.print("nothing is remembered")


async def _write(data_dir: Path, wanted: LocatorFilter, file: Path | None) -> None:
    async with kept_ledger(LedgerSettings(data_dir=data_dir)) as ledger:
        if file is None:
            await _write_lines(ledger, wanted, sys.stdout.write)
            return
        try:
            with file.open("w", encoding="utf-8") as opened:
                count = await _write_lines(ledger, wanted, opened.write)
        except OSError as error:
            raise _Refused(f"can't write {file}: {error.strerror}") from error
    sys.stdout.write(f"{count} written to {file}\n")


async def _write_lines(
    ledger: Ledger, wanted: LocatorFilter, write: Callable[[str], object]
) -> int:
    write(json.dumps({"format": FORMAT, "version": VERSION}) + "\n")
    count = 0
    async with aclosing(_all(ledger, wanted)) as found:
        async for one in found:
            write(one.model_dump_json() + "\n")
            count += 1
    return count


async def _take_in(data_dir: Path, file: Path, into: str | None, *, keep: bool) -> None:
    if str(file) == "-":
        rows = _parse(sys.stdin)
    else:
        try:
            with file.open(encoding="utf-8", errors="strict") as opened:
                rows = _parse(opened)
        except OSError as error:
            raise _Refused(f"can't read {file}: {error.strerror}") from error
    changes: dict[str, object] = {} if keep else {"standing": "new", "wins": 1}
    if into:
        changes["tenant_id"] = into
    now = now_micros()
    taken = [
        one.model_copy(
            update={
                **({} if one.standing == "quarantined" and not into else changes),
                **({"tenant_id": into} if into else {}),
                "used_at": min(one.used_at, now),
                "created_at": min(one.created_at, now),
                "won_at": None if one.won_at is None else min(one.won_at, now),
            }
        )
        for one in rows
    ]
    async with kept_ledger(LedgerSettings(data_dir=data_dir)) as ledger:
        count = await ledger.locators.put(taken)
    left = f"; {len(taken) - count} led astray here and were left" if count < len(taken) else ""
    sys.stdout.write(f"{count} taken in{left}\n")


def _parse(lines: IO[str]) -> list[Locator]:
    """The locators of an export.

    Raises:
        _Refused: it is none, is cut off, too large, or one of its lines is not right.
    """
    try:
        head = _Head.model_validate_json(lines.readline(LONGEST_LINE))
    except (ValidationError, UnicodeDecodeError) as error:
        raise _Refused("this is no export of mantis memory; nothing was changed") from error
    if (head.format, head.version) != (FORMAT, VERSION):
        raise _Refused(
            f"{head.format} of version {head.version} can't be taken in: "
            f"this is for {FORMAT} of version {VERSION}; nothing was changed"
        )
    found: list[Locator] = []
    faults: list[str] = []
    number = 1
    try:
        while line := lines.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE or number > MOST_LINES + 1:
                raise _Refused(
                    f"line {number} is one too many or too long: at most {MOST_LINES:,} lines of "
                    f"{LONGEST_LINE:,} characters; nothing was changed"
                )
            _read_line(line, number, found, faults)
    except UnicodeDecodeError as error:
        raise _Refused(f"line {number + 1} is no UTF-8; nothing was changed") from error
    if faults:
        more = f" and {len(faults) - _FAULTS} more" if len(faults) > _FAULTS else ""
        raise _Refused("; ".join(faults[:_FAULTS]) + more + "; nothing was changed")
    return found


def _read_line(line: str, number: int, found: list[Locator], faults: list[str]) -> None:
    if not line.strip():
        return
    if not line.endswith("\n"):
        faults.append(f"line {number} is cut off: an export ends each line")
        return
    try:
        one = Locator.model_validate_json(line)
        Fingerprint.model_validate(one.fingerprint)
        if one.act != READ:
            ActKind(one.act)
        StepType(one.step_type)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        faults.append(f"line {number}: {where or 'it'}: {first['msg']}")
    except ValueError as error:
        faults.append(f"line {number}: {error}")
    else:
        found.append(one)


async def _delete(data_dir: Path, wanted: LocatorFilter, *, sure: bool) -> None:
    async with kept_ledger(LedgerSettings(data_dir=data_dir)) as ledger:
        if not sure:
            count = await ledger.locators.count(wanted)
            raise _Refused(f"{count} would be deleted; give --yes to do it")
        count = await ledger.locators.purge(wanted)
    sys.stdout.write(f"{count} deleted\n")


def _table(rows: Iterable[Locator]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("tenant", "site", "page"):
        table.add_column(name, overflow="fold")
    table.add_column("step", no_wrap=True)
    table.add_column("intent", overflow="fold")
    table.add_column("element", overflow="fold")
    table.add_column("standing", no_wrap=True)
    table.add_column("wins", no_wrap=True)
    table.add_column("losses", no_wrap=True)
    table.add_column("last used", no_wrap=True)
    for one in rows:
        cells = (
            one.tenant_id,
            one.site,
            one.page,
            one.step_type,
            one.intent,
            _element(one),
            one.standing,
            str(one.wins),
            str(one.losses),
            iso_ms(one.used_at),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _element(one: Locator) -> str:
    kept = one.fingerprint
    name = kept.get("name") or kept.get("label") or kept.get("heading") or ""
    return f"{kept.get('role', '')} {name}".strip()
