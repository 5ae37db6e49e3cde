"""Why a model gave no answer.

```
ModelError                usage: what the failed try used all the same
├─ ModelAway              cannot be reached, overloaded, too many requests: ask again later
├─ ModelRefused           4xx: the request or the key is wrong; asking again changes nothing
├─ Declined               the model refuses to answer (stop reason `refusal`)
├─ CutShort               the answer ran into its limit of tokens, or the stream broke off
└─ Malformed              the answer is not of the form that was asked for
```
"""

from plans.prices import Usage


class ModelError(Exception):
    """A question without an answer; the message is safe to show.

    Attributes:
        again: whether the same question may be asked again.
        after_s: how long to wait first, where the server says so.
        usage: what the try used all the same, None where nothing was or nobody knows.
    """

    again = False

    def __init__(
        self, message: str, *, after_s: float | None = None, usage: Usage | None = None
    ) -> None:
        super().__init__(message)
        self.after_s = after_s
        self.usage = usage


class ModelAway(ModelError):
    """No connection, a time-out, 408, 409, 429, 5xx, 529."""

    again = True


class ModelRefused(ModelError):
    """Any other 4xx: a wrong key, an unknown model, a request the server does not take."""


class Declined(ModelError):
    """The model will not answer this."""


class CutShort(ModelError):
    """`max_tokens` or `length` before the answer was whole; empty content with `length`."""

    again = True


class Malformed(ModelError):
    """Not JSON, another schema, coordinates outside the picture."""

    again = True
