"""The demo site in a process of its own, which no fault touches, so that its oracle survives."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

import httpx

from tests.e2e.live import ROOT, Document, Site

FIRST_BOAT = 48_201
BOATS = 300


class OwnSite(Site):
    """The site, and what its operator knows and can do to it."""

    def __init__(self, log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "plans.example.marketplace"],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("ready "), f"the demo site did not start, see {log}"
        super().__init__(line.split()[-1])

    def stop(self) -> None:
        """End the site."""
        self._process.terminate()
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def newest_code(self) -> str:
        """The one-time code that was sent last; empty where none was."""
        codes = httpx.get(f"{self.url}/_oracle/codes").json()["codes"]
        return codes[0]["code"] if codes else ""

    def orders_by(self, email: str) -> list[Document]:
        """Every order under this address, whoever placed it."""
        orders = httpx.get(f"{self.url}/_oracle/orders").json()["orders"]
        return [order for order in orders if order["email"] == email]

    def posts(self, visitor: str) -> list[str]:
        """The paths that a visitor sent POSTs to, in order."""
        return [visit["path"] for visit in self.requests(visitor) if visit["method"] == "POST"]

    def trouble(self, trouble: Literal["hang", "late", "slow"], seconds: float) -> None:
        """Let the whole site misbehave for a while."""
        asked = {"trouble": trouble, "seconds": str(seconds), "delay_s": "1"}
        httpx.post(f"{self.url}/_oracle/trouble", params=asked).raise_for_status()
