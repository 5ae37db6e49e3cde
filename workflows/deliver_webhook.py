"""DeliverWebhook: one delivery as a Temporal workflow, so that its waits survive restarts."""

from temporalio import workflow
from temporalio.common import Priority

with workflow.unsafe.imports_passed_through():
    from workflows import interfaces, policies
    from workflows.interfaces import DeliveryKey, Nothing, RecordRequest, WebhookSent, WebhookTry


@workflow.defn(name=interfaces.DELIVER_WEBHOOK)
class DeliverWebhook:
    """Tries until the receiver takes it or the tries are used up, and writes each one down.

    A try whose worker died is made again, and so is one whose outcome was lost with it: the
    receiver tells them by the delivery's id. A try that has ended is never made again only
    because the ledger could not be written.

    Each start brings the signal `due`: where it comes to a round that is just ending, another
    one follows, and finds out from the ledger whether anything is left to send.
    """

    def __init__(self) -> None:
        self._due = False

    @workflow.signal(name=interfaces.WEBHOOK_DUE)
    def due(self) -> None:
        """A round is asked for."""
        self._due = True

    @workflow.run
    async def run(self, delivery: DeliveryKey) -> Nothing:
        """Deliver.

        Args:
            delivery: names it; everything else is read from the ledger by its activities.
        """
        while True:
            self._due = False
            await _round(delivery)
            if not self._due:
                return Nothing()


async def _round(delivery: DeliveryKey) -> None:
    for number, pause in enumerate(policies.WEBHOOK_PAUSES, 1):
        if pause:
            await workflow.sleep(pause)
        tried = await _send(delivery)
        if tried is None:
            return
        await _record(delivery, tried, last=number == len(policies.WEBHOOK_PAUSES))
        if tried.delivered:
            return


async def _send(delivery: DeliveryKey) -> WebhookTry | None:
    sent = await workflow.execute_activity(
        interfaces.SEND_WEBHOOK,
        delivery,
        result_type=WebhookSent,
        start_to_close_timeout=policies.WEBHOOK_TIMEOUT,
        heartbeat_timeout=policies.WEBHOOK_HEARTBEAT,
        retry_policy=policies.LEDGER_RETRY,
        priority=Priority(fairness_key=interfaces.fairness_key(delivery.tenant_id)),
    )
    return sent.tried


async def _record(delivery: DeliveryKey, tried: WebhookTry, *, last: bool) -> None:
    await workflow.execute_activity(
        interfaces.RECORD_WEBHOOK,
        RecordRequest(delivery=delivery, tried=tried, last=last),
        result_type=Nothing,
        start_to_close_timeout=policies.LEDGER_TIMEOUT,
        retry_policy=policies.LEDGER_RETRY,
        priority=Priority(fairness_key=interfaces.fairness_key(delivery.tenant_id)),
    )
