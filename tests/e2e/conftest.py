"""One embedded stack for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from tests.e2e.live import Api, LiveStack, Site, eventually, start_stack, stop_stack

LINGER_S = 3


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    data_dir = tmp_path_factory.mktemp("e2e") / "data"
    started = start_stack(
        data_dir,
        {
            "MANTIS_ALLOW_PRIVATE_HOSTS": "127.0.0.1:*",
            "MANTIS_LEASE_LINGER_S": str(LINGER_S),
        },
    )
    try:
        yield started
    finally:
        stop_stack(started)


@pytest.fixture(scope="session")
def site(stack: LiveStack) -> Site:
    return Site(stack.demo_site)


@pytest.fixture
def api(stack: LiveStack) -> Iterator[Api]:
    """The API; after each test no browser of its runs may be left."""
    caller = Api(stack)
    with caller.client:
        yield caller
    eventually(lambda: not stack.browsers(), 30, "every browser is gone")
