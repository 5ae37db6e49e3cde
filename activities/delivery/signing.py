"""What a webhook says and how the receiver knows that it is ours."""

import hashlib
import hmac
import json
from dataclasses import dataclass

from activities.delivery.errors import SecretMissing
from activities.delivery.settings import DeliverySettings
from ledger.clock import Micros
from ledger.models import RunRow
from ledger.secret_files import SecretFiles
from ledger.wire import iso_ms

USER_AGENT = "Mantis-Webhook/1"


@dataclass(frozen=True)
class Letter:
    """One try, ready to be sent: the raw body and the headers that belong to it."""

    body: bytes
    headers: tuple[tuple[str, str], ...]


def write_letter(run: RunRow, delivery_id: str, secret: bytes, now: Micros) -> Letter:
    """The body of a run's webhook, signed for this try.

    Args:
        run: a run that is over.
        delivery_id: the same on each try.
        secret: signs the raw body; empty: no signature.
        now: when this try is made.
    """
    document = {
        "run_id": run.run_id,
        "tenant_id": run.tenant_id,
        "status": run.status,
        "summary": run.summary,
        "delivered_at": iso_ms(now),
    }
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("User-Agent", USER_AGENT),
        ("X-Mantis-Delivery", delivery_id),
        ("X-Mantis-Timestamp", str(now // 1_000_000)),
    ]
    if secret:
        headers.append(("X-Mantis-Signature", sign(body, secret)))
    return Letter(body=body, headers=tuple(headers))


def sign(body: bytes, secret: bytes) -> str:
    """`sha256=` and the hex HMAC-SHA256 of the raw body."""
    return f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"


def read_secret(name: str, settings: DeliverySettings) -> bytes:
    """The secret that signs, read anew, without white space around it; empty: none is set.

    A tenant that names a secret is never sent an unsigned webhook.

    Raises:
        SecretMissing: the named secret can't be read or is empty.
    """
    if not name:
        return settings.webhook_secret_default.get_secret_value().encode()
    secret = SecretFiles.of(settings.secrets_dir).read_bytes(name)
    if secret is None:
        raise SecretMissing(
            f"not sent: the webhook secret {name!r} is missing; the operator puts it into the "
            "folder that MANTIS_SECRETS_DIR names"
        )
    return secret
