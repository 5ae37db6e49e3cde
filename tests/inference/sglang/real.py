"""The real `sglang` package, where there is one: it brings torch along, so it is opt-in."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest


def in_sglang(script: str, given: object) -> Any:
    """What a script prints as JSON that gets `given` on its standard input.

    `MANTIS_TEST_SGLANG=1` uses the `sglang` of this interpreter, a path that of another. The
    test is skipped where it is not set.
    """
    wanted = os.environ.get("MANTIS_TEST_SGLANG", "")
    if not wanted:
        pytest.skip("MANTIS_TEST_SGLANG is not set: sglang brings torch along")
    ran = subprocess.run(
        [sys.executable if wanted == "1" else wanted, "-c", script],
        input=json.dumps(given), capture_output=True, text=True, check=False, timeout=240,
        cwd="/",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.strip().splitlines()[-1])
