import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import new_database
from tests.replicas.cluster import Cluster, Limits

TENANTS = {
    "free": Limits(),
    "one-key": Limits(),
    "capped": Limits(max_concurrent_runs=5),
    "bucket": Limits(rate_limit_per_minute=30),
    "replay": Limits(max_concurrent_runs=1, rate_limit_per_minute=30),
    "away": Limits(),
    "back": Limits(),
    "killed": Limits(),
    "closed": Limits(),
}


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three replicas on Postgres, then one on SQLite."""
    folder: Path = tmp_path_factory.mktemp(f"cluster-{request.param}")
    if request.param == "postgres":
        url = asyncio.run(new_database(request.getfixturevalue("postgres_port")))
        made = Cluster(folder, url, TENANTS, size=3)
    else:
        url = f"sqlite+aiosqlite:///{folder}/data/ledger.db"
        made = Cluster(folder, url, TENANTS, size=1)
    try:
        made.start()
        yield made
    finally:
        made.stop()
