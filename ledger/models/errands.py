"""What others have to be told: errands to Temporal, webhooks."""

from typing import Literal

from plans.step import Frozen

ErrandKind = Literal["start", "cancel", "pause", "webhook", "close"]


class Errand(Frozen):
    """An outbox row: something to be told to Temporal.

    `reason` is why a run is cancelled, paused or closed; of a webhook it is the delivery's id.
    """

    id: int
    tenant_id: str
    run_id: str
    kind: ErrandKind
    reason: str
    attempts: int


DeliveryState = Literal["pending", "delivered", "given_up"]


class Delivery(Frozen):
    """A webhook that is due or was: one a run. `last_code` is None where nobody answered."""

    tenant_id: str
    delivery_id: str
    run_id: str
    url: str
    secret_name: str
    state: DeliveryState
    tries: int
    last_code: int | None
    last_error: str
    created_at: int
    updated_at: int
