"""`mantis keys`: the encryption keys of this host, by names that give nothing away."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from ledger.vault import Keyring, new_key
from temporal.kept_ledger import kept_ledger
from temporal.key_check import Fit, accept_keys, fit, key_ids
from temporal.settings import StackSettings

FITTING, REFUSED = 0, 1
"""Exit codes."""

_TOLD = {
    Fit.UNKNOWN: "no process has encrypted anything yet",
    Fit.SAME: "the first one is in use",
    Fit.ROTATED: "{} is in use; the first one here is from the next start of a process on",
    Fit.DIFFERENT: "{} is in use, and is not here: processes with these keys do not start",
}


def keys(parser: argparse.ArgumentParser) -> None:
    """Show which encryption keys are here and which is in use, or make one.

    Reads MANTIS_ENCRYPTION_KEYS, else the key file of the data folder, and the ledger. The exit
    code is 1 where processes with these keys do not start.
    """
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=StackSettings().data_dir,
        help="folder of the key file, and of the ledger where MANTIS_DATABASE_URL is not set",
    )
    parser.set_defaults(handler=_handler(_show))
    actions = parser.add_subparsers(metavar="ACTION")
    new = actions.add_parser("new", help="print a new key", description="Print a new key.")
    new.set_defaults(handler=_new)
    accept = actions.add_parser(
        "accept",
        help="give up a lost key",
        description="Make the first key here the one in use. What the lost key encrypted can't be "
        "read again: secrets and checkpoints of its runs, and their histories.",
    )
    accept.set_defaults(handler=_handler(_accept))


def _new(_: argparse.Namespace) -> int:
    sys.stdout.write(new_key().decode() + "\n")
    return FITTING


async def _show(ledger: Ledger, keyring: Keyring) -> int:
    kept = await ledger.key_checks.read()
    found = fit(kept, keyring)
    lines = [*key_ids(keyring), _TOLD[found].format(kept.key_id if kept else "")]
    sys.stdout.write("\n".join(lines) + "\n")
    return REFUSED if found is Fit.DIFFERENT else FITTING


async def _accept(ledger: Ledger, keyring: Keyring) -> int:
    await accept_keys(ledger, keyring)
    return await _show(ledger, keyring)


def _handler(
    work: Callable[[Ledger, Keyring], Coroutine[None, None, int]],
) -> Callable[[argparse.Namespace], int]:
    def handle(arguments: argparse.Namespace) -> int:
        try:
            return asyncio.run(_with_ledger(arguments.data_dir, work))
        except LedgerError as error:
            sys.stderr.write(f"mantis keys: {error}\n")
            return REFUSED

    return handle


async def _with_ledger(
    data_dir: Path, work: Callable[[Ledger, Keyring], Coroutine[None, None, int]]
) -> int:
    settings = LedgerSettings(data_dir=data_dir)
    async with kept_ledger(settings) as ledger:
        return await work(ledger, Keyring.load(settings))
