"""`mantis webhooks`: what the operator sees of deliveries, and sending them again."""

import argparse
import asyncio
import sys
from collections.abc import Coroutine, Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from activities.delivery.target import shown_url
from ledger.clock import Micros, now_micros
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.models import Delivery, DeliveryState
from ledger.settings import LedgerSettings
from ledger.wire import iso_ms
from plans.placeholders import without_references
from temporal.kept_ledger import kept_ledger
from temporal.settings import StackSettings

_STATES: tuple[DeliveryState, ...] = ("given_up", "pending", "delivered")
_STUCK_US = 5 * 60 * 1_000_000
_WIDTH = 200
_MOST = 1000


class _Refused(Exception):
    """The command can't do what was asked; the message says why."""


def webhooks(parser: argparse.ArgumentParser) -> None:
    """List the webhooks that were given up, or send some of them again.

    Those that are pending and have not moved for 5 minutes are listed too: their workflow was
    ended from outside, or the service is down. Reads the ledger (MANTIS_DATABASE_URL, else the
    data folder); the service may run meanwhile.
    """
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=StackSettings().data_dir,
        help="folder of the ledger where MANTIS_DATABASE_URL is not set",
    )
    parser.add_argument("--tenant", help="of this tenant alone")
    parser.add_argument("--all", action="store_true", help="list the others too")
    parser.set_defaults(handler=_list)
    resend = parser.add_subparsers(metavar="resend").add_parser(
        "resend", help="send again", description="Make deliveries due again; tries are counted on."
    )
    resend.add_argument("delivery_ids", nargs="*", metavar="DELIVERY_ID")
    resend.add_argument("--all-given-up", action="store_true", help="every one that was given up")
    resend.add_argument("--tenant", default=argparse.SUPPRESS, help="of this tenant alone")
    resend.set_defaults(handler=_resend)


def _list(arguments: argparse.Namespace) -> int:
    return _run(_show(arguments.data_dir, arguments.tenant, every=arguments.all))


def _resend(arguments: argparse.Namespace) -> int:
    ids: list[str] = arguments.delivery_ids
    if bool(ids) == arguments.all_given_up:
        sys.stderr.write("mantis webhooks resend: name deliveries, or give --all-given-up\n")
        return 2
    return _run(_send_again(arguments.data_dir, arguments.tenant, ids))


def _run(work: Coroutine[None, None, None]) -> int:
    try:
        asyncio.run(work)
    except (_Refused, LedgerError) as error:
        sys.stderr.write(f"mantis webhooks: {error}\n")
        return 1
    return 0


async def _show(data_dir: Path, tenant: str | None, *, every: bool) -> None:
    async with kept_ledger(LedgerSettings(data_dir=data_dir)) as ledger:
        states = _STATES if every else _STATES[:2]
        found = [
            delivery
            for state in states
            for delivery in await ledger.deliveries.in_state(state, tenant, _MOST)
        ]
    now = now_micros()
    shown = [delivery for delivery in found if every or _needs_help(delivery, now)]
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    if shown:
        console.print(_table(shown))
    else:
        console.print("no webhooks" if every else "no webhook was given up")


async def _send_again(data_dir: Path, tenant: str | None, ids: Iterable[str]) -> None:
    async with kept_ledger(LedgerSettings(data_dir=data_dir)) as ledger:
        wanted = [await _named(ledger, tenant, name) for name in ids]
        if not wanted:
            wanted = await ledger.deliveries.in_state("given_up", tenant, _MOST)
        for delivery in wanted:
            await ledger.deliveries.resend(delivery.tenant_id, delivery.delivery_id)
    more = " (the oldest; run it again for the others)" if len(wanted) == _MOST else ""
    sys.stdout.write(
        f"{len(wanted)} to be sent again{more}: the API starts them within a second, "
        "where it runs\n"
    )


async def _named(ledger: Ledger, tenant: str | None, delivery_id: str) -> Delivery:
    found = await ledger.deliveries.find(delivery_id)
    if found is None or tenant not in (None, found.tenant_id):
        raise _Refused(f"unknown delivery {delivery_id}; nothing was sent again")
    return found


def _needs_help(delivery: Delivery, now: Micros) -> bool:
    return delivery.state == "given_up" or now - delivery.updated_at > _STUCK_US


def _table(deliveries: Iterable[Delivery]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("delivery", "tenant", "run", "state", "tries", "code"):
        table.add_column(name, no_wrap=name in ("delivery", "run"))
    table.add_column("to", overflow="fold")
    table.add_column("error", overflow="fold")
    table.add_column("last change", no_wrap=True)
    for one in deliveries:
        cells = (
            one.delivery_id,
            one.tenant_id,
            one.run_id,
            one.state.replace("_", " "),
            str(one.tries),
            "-" if one.last_code is None else str(one.last_code),
            shown_url(without_references(one.url, "x")),
            one.last_error or "-",
            iso_ms(one.updated_at),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table
