"""Faults by the hundred against a stack on which runs go on; prints the table that results.

usage: python -m tests.chaos.run [--faults 200] [--seed 1] [--only FAULT …] [--json FILE]
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.campaign import JOBS, Campaign
from tests.chaos.faults import Fault
from tests.chaos.stage import Stage
from tests.chaos.table import Report, details, report


def campaign(arguments: argparse.Namespace, folder: Path) -> tuple[Campaign, Report]:
    """Start the stack, do the faults, end the stack."""
    began = time.monotonic()

    def say(words: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:7.1f} {words}\n")
        sys.stdout.flush()

    stage = Stage(folder)
    try:
        stage.start()
        only = tuple(Fault(name) for name in arguments.only)
        jobs = tuple(arguments.jobs)
        done = Campaign(stage, arguments.seed, say, arguments.at_once, jobs)
        done.run(done.orders(arguments.faults, only))
        done.leaks += stage.stop()
        keep(stage, folder)
    finally:
        stage.close()
    not_run = [fault for fault in Fault if fault is Fault.DISK and not stage.small_disk]
    return done, report(done, not_run)


def keep(stage: Stage, folder: Path) -> None:
    """Copy what tells the story from the data folder, which may lie on a disk of its own."""
    kept = folder / "kept"
    shutil.copytree(stage.data_dir / "logs", kept / "logs")
    for name in ("ledger.db", "ledger.db-wal"):
        if (stage.data_dir / name).exists():
            shutil.copy(stage.data_dir / name, kept / name)


def main() -> int:
    """Run a campaign; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description="Faults against a stack on which runs go on.")
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2, help="runs that go on at a time")
    parser.add_argument("--only", nargs="*", default=[], choices=[str(one) for one in Fault])
    parser.add_argument("--jobs", nargs="*", default=list(JOBS), choices=list(JOBS))
    parser.add_argument("--json", type=Path, help="write every fault and run to this file")
    parser.add_argument("--folder", type=Path, help="where logs and ledger stay; else a new one")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="mantis-chaos-"))
    done, summed = campaign(arguments, folder)
    sys.stdout.write(f"\nseed {arguments.seed}\n{summed.text()}\n")
    path = arguments.json or folder / "chaos.json"
    document = {"seed": arguments.seed, **summed.document(), **details(done)}
    path.write_text(json.dumps(document, indent=1))
    sys.stdout.write(f"details: {path}\n")
    if not summed.missed and not arguments.folder:
        shutil.rmtree(folder / "kept", ignore_errors=True)
    return 1 if summed.missed else 0


if __name__ == "__main__":
    sys.exit(main())
