"""How many chat completions of each tenant are under way in this process."""

from collections.abc import Generator
from contextlib import contextmanager

from api.errors import TooMany
from api.metrics import note

CONCURRENCY_RETRY_S = 5


class Seats:
    """`most` for each tenant."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[str, int] = {}

    @contextmanager
    def seat(self, tenant_id: str) -> Generator[None]:
        """A seat, held within it.

        Raises:
            TooMany: the tenant has as many as it may.
        """
        taken = self._taken.get(tenant_id, 0)
        if taken >= self._most:
            note(rejected="concurrent")
            raise TooMany(
                f"{taken} chat completions are under way, as many as this tenant may have at once: "
                "try again when one of them has ended",
                {"Retry-After": str(CONCURRENCY_RETRY_S)},
            )
        self._taken[tenant_id] = taken + 1
        try:
            yield
        finally:
            left = self._taken[tenant_id] - 1
            if left:
                self._taken[tenant_id] = left
            else:
                del self._taken[tenant_id]
