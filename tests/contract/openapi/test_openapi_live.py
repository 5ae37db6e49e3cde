"""The OpenAPI document against the service: schemathesis asks, over a socket, all that it says.

`MANTIS_TEST_OPENAPI_SECONDS` is how long it may ask, 45 unless told.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.replicas.cluster import Cluster, Limits

SECONDS = int(os.environ.get("MANTIS_TEST_OPENAPI_SECONDS", "45"))
HERE = Path(__file__).parent
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(SECONDS * 3 + 180)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An API process with Temporal and a worker for runs; nobody carries browsers."""
    folder = tmp_path_factory.mktemp("openapi")
    tenants = {"free": Limits(), "narrow": Limits(2, 5)}
    cluster = Cluster(folder, f"sqlite+aiosqlite:///{folder}/data/ledger.db", tenants, size=1)
    try:
        cluster.start()
        yield cluster.urls[0]
    finally:
        cluster.stop()


def ask(url: str, token: str, seconds: int, *options: str) -> None:
    """Let schemathesis ask for so long; what it finds is the failure."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{url}/openapi.json",
        f"--header=X-Mantis-Token: {token}",
        f"--checks={','.join(CHECKS)}",
        f"--max-time={seconds}",
        "--no-shrink",
        *options,
    ]
    found = subprocess.run(
        command, cwd=HERE, capture_output=True, text=True, timeout=seconds * 3 + 90, check=False
    )
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-2_000:]
    assert httpx.get(f"{url}/v1/health", timeout=30).json()["checks"]["ledger"] == "ok"


def test_all_that_is_described_holds(url: str):
    aliases = ("--exclude-path=/predict", "--exclude-path=/health")
    ask(url, "free", SECONDS, "--max-examples=10", *aliases)


def test_refusals_hold_where_limits_are_narrow(url: str):
    ask(
        url,
        "narrow",
        max(5, SECONDS // 6),
        "--include-path=/v1/predict",
        "--phases=examples,fuzzing",
        "--max-examples=20",
    )
