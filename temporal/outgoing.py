"""Webhooks as part of their run's trace."""

from collections.abc import Iterable

from activities.delivery.sender import Sender
from activities.delivery.target import Target
from temporal import tracing


class TracedSender(Sender):
    """Sends as `Sender` does, with a span around it and its `traceparent` sent along."""

    async def post(self, target: Target, headers: Iterable[tuple[str, str]], body: bytes) -> int:
        """POST once; see `Sender.post`."""
        with tracing.request("POST", target.host, target.port) as request:
            status = await super().post(target, (*headers, *request.headers), body)
            request.answered(status)
            return status
