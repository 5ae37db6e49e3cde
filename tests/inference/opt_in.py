"""Packages that bring torch along, in an interpreter of their own: `make opt-in`."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest


def in_sglang(script: str, given: object) -> Any:
    """What a script of the real `sglang` prints as JSON in its last line.

    `MANTIS_TEST_SGLANG=1` uses the `sglang` of this interpreter, a path that of another. The
    test is skipped where it is not set.
    """
    return _told("sglang", "MANTIS_TEST_SGLANG", script, given)


def in_xgrammar(script: str, given: object) -> Any:
    """The same of the real `xgrammar`, by `MANTIS_TEST_XGRAMMAR`."""
    return _told("xgrammar", "MANTIS_TEST_XGRAMMAR", script, given)


def _told(package: str, variable: str, script: str, given: object) -> Any:
    wanted = os.environ.get(variable, "")
    if not wanted:
        pytest.skip(f"{variable} is not set: {package} brings torch along")
    ran = subprocess.run(
        [sys.executable if wanted == "1" else wanted, "-c", script],
        input=json.dumps(given), capture_output=True, text=True, check=False, timeout=240,
        cwd="/",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.strip().splitlines()[-1])
