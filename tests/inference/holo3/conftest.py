from collections.abc import Iterator

import pytest

from tests.fakes.sglang import SGLang


@pytest.fixture
def pool() -> Iterator[SGLang]:
    with SGLang() as served:
        yield served
        assert not served.complaints
