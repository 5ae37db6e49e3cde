"""A run's events as one JSON body."""

from api.feeds.frames import event_json
from ledger.clock import Micros
from ledger.ledger import Ledger
from ledger.models import RunRow

PAGE = 256
"""Events read at once: other requests get their turn between two pages."""


async def events_body(ledger: Ledger, row: RunRow, cursor: Micros, limit: int) -> bytes:
    """`{run_id, events, count}`: at most `limit` events after the cursor, oldest first.

    Raises:
        LedgerAway: the database can't be reached.
    """
    shown: list[bytes] = []
    while len(shown) < limit:
        wanted = min(PAGE, limit - len(shown))
        page = await ledger.events.read(row.tenant_id, row.run_id, cursor, wanted)
        shown += [event_json(event) for event in page]
        if len(page) < wanted:
            break
        cursor = page[-1].ts
    return b'{"run_id":"%b","events":[%b],"count":%d}' % (
        row.run_id.encode(),
        b",".join(shown),
        len(shown),
    )
