"""Orphans are adopted and reaped."""

import subprocess
import sys
from pathlib import Path

import pytest

REAPER = """
import asyncio, subprocess, sys
import psutil
from activities.holder.reaping import reaping

ORPHAN = "import subprocess; print(subprocess.Popen(['sleep', '0.5']).pid)"

async def main():
    async with reaping(every_s=0.1):
        orphan = int(subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True).stdout)
        assert psutil.Process(orphan).ppid() == psutil.Process().pid
        for _ in range(600):
            await asyncio.sleep(0.05)
            if not psutil.pid_exists(orphan):
                break
        print(psutil.pid_exists(orphan))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")
def test_an_orphan_is_adopted_and_reaped() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", REAPER], cwd=root, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
