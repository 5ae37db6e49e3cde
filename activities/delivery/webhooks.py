"""The activities of a delivery: one try, and writing down how it went."""

import asyncio
import logging

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.delivery.errors import NotDelivered, SecretMissing
from activities.delivery.sender import Sender
from activities.delivery.settings import DeliverySettings
from activities.delivery.signing import read_secret, write_letter
from activities.delivery.target import Target, read_target
from activities.heartbeats import heartbeats
from activities.steps.masking import NOTHING, Mask
from ledger.clock import now_micros
from ledger.errors import LedgerAway, SecretUnreadable, UnknownDelivery
from ledger.ledger import Ledger
from ledger.models import Delivery, DeliveryState, Document, RunRow
from plans.placeholders import names_secret, restored_text
from workflows.interfaces import (
    RECORD_WEBHOOK,
    SEND_WEBHOOK,
    DeliveryKey,
    Nothing,
    RecordRequest,
    WebhookSent,
    WebhookTry,
)

log = logging.getLogger("mantis.delivery")


class WebhookActivities:
    """What DeliverWebhook has done."""

    def __init__(self, ledger: Ledger, sender: Sender, settings: DeliverySettings) -> None:
        self._ledger = ledger
        self._sender = sender
        self._settings = settings

    @activity.defn(name=SEND_WEBHOOK)
    async def send_webhook(self, key: DeliveryKey) -> WebhookSent:
        """Try once. What goes wrong with it is part of the answer.

        Raises:
            ApplicationError: there is no such delivery.
            LedgerAway: nothing was sent.
        """
        async with heartbeats():
            delivery = await self._ledger.deliveries.get(key.tenant_id, key.delivery_id)
            run = await self._ledger.runs.get(key.tenant_id, key.run_id)
            if delivery is None or run is None:
                raise _unknown(key)
            if delivery.state != "pending":
                return WebhookSent(tried=None)
            tried = await self._try(delivery, run)
        if not tried.delivered:
            log.warning(
                "webhook %s of run %s, try %d: %s",
                key.delivery_id,
                key.run_id,
                tried.number,
                tried.error,
            )
        return WebhookSent(tried=tried)

    @activity.defn(name=RECORD_WEBHOOK)
    async def record_webhook(self, request: RecordRequest) -> Nothing:
        """Write down how a try went; doing so again changes nothing.

        Raises:
            ApplicationError: there is no such delivery.
        """
        key, tried = request.delivery, request.tried
        state: DeliveryState = "given_up" if request.last else "pending"
        try:
            await self._ledger.deliveries.record_try(
                key.tenant_id,
                key.delivery_id,
                tried.number,
                tried.code,
                tried.error,
                "delivered" if tried.delivered else state,
            )
        except UnknownDelivery as error:
            raise _unknown(key) from error
        return Nothing()

    async def _try(self, delivery: Delivery, run: RunRow) -> WebhookTry:
        number = delivery.tries + 1
        mask = NOTHING
        try:
            secrets = await self._secrets(delivery)
            mask = Mask(secrets)
            target = read_target(restored_text(delivery.url, secrets))
            code = await self._post(target, delivery, run)
        except NotDelivered as failure:
            return WebhookTry(number=number, error=mask.text(str(failure)))
        except LedgerAway:
            raise
        except Exception as fault:
            # A fault of ours counts as a failed try: Temporal would repeat it without end.
            log.exception("webhook %s of run %s", delivery.delivery_id, delivery.run_id)
            return WebhookTry(number=number, error=f"not sent: {type(fault).__name__}")
        return WebhookTry(number=number, code=code, error=mask.text(_complaint(target, code)))

    async def _secrets(self, delivery: Delivery) -> Document:
        """What the URL's references stand for, where it has any."""
        if not names_secret(delivery.url):
            return {}
        try:
            return await self._ledger.secrets.read(delivery.tenant_id, delivery.run_id)
        except SecretUnreadable as error:
            raise SecretMissing(
                "not sent: the keys at hand do not decrypt the secrets in the callback_url"
            ) from error

    async def _post(self, target: Target, delivery: Delivery, run: RunRow) -> int:
        secret = await asyncio.to_thread(read_secret, delivery.secret_name, self._settings)
        letter = write_letter(run, delivery.delivery_id, secret, now_micros())
        return await self._sender.post(target, letter.headers, letter.body)


def _complaint(target: Target, code: int) -> str:
    """What is wrong with an answer; nothing with a 2xx."""
    if 200 <= code < 300:
        return ""
    followed = " (redirects are not followed)" if 300 <= code < 400 else ""
    return f"{target.shown} answered with status {code}{followed}"


def _unknown(key: DeliveryKey) -> ApplicationError:
    return ApplicationError(
        f"the ledger has no delivery {key.delivery_id} of run {key.run_id}",
        type="UnknownDelivery",
        non_retryable=True,
    )
