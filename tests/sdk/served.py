"""The API as a process of its own, which can be killed and started again on its port."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.sdk.story import Story

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "s3cret-token-of-the-tests"
SLOW_TOKEN = "token-of-a-tenant-with-a-small-bucket"
TENANT = "acme"
KEYS = f"""{{"tenant_keys": {{
  "{TOKEN}": {{"tenant_id": "{TENANT}", "rate_limit_per_minute": 0, "max_concurrent_runs": 10000}},
  "{SLOW_TOKEN}": {{"tenant_id": "slow", "rate_limit_per_minute": 60, "max_concurrent_runs": 1}}
}}}}"""


class Served:
    """A real API on a SQLite ledger; Temporal is away, so that runs stay as they are told."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.story = Story(self.data_dir, TENANT)
        keys = folder / "keys.json"
        keys.write_text(KEYS)
        self.port, nowhere = _free_port(), _free_port()
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MANTIS_")
        } | {
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
            "MANTIS_DATA_DIR": str(self.data_dir),
            "MANTIS_TENANT_KEYS_PATH": str(keys),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{nowhere}",
        }
        self._log = (folder / "api.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "api", "--port", str(self.port)],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n", "the API did not start"

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()

    def stop(self) -> None:
        self.kill()
        self._log.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
