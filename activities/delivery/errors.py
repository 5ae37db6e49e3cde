"""Why a try of a webhook failed.

    NotDelivered      the base; the message is one sentence, safe to show to the tenant
    ├── BadTarget     the URL is none that a webhook can go to
    ├── Refused       the target is not public
    ├── SecretMissing the secret that was to sign it can't be read
    └── NoAnswer      the receiver can't be reached, or did not answer properly or in time

No message holds more of the URL than its scheme, host and port.
"""


class NotDelivered(Exception):
    """A try that came to nothing; the message says why."""


class BadTarget(NotDelivered):
    """The URL is none that a webhook can go to."""


class Refused(NotDelivered):
    """The name leads to an address that is not public."""


class SecretMissing(NotDelivered):
    """The secret that was to sign the body can't be read."""


class NoAnswer(NotDelivered):
    """Nobody answered, or not in HTTP, or not in time."""
