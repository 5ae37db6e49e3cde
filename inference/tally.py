"""What a question has used, while it is being asked."""

from plans.prices import Usage


class Tally:
    """Adds up the requests that a question takes.

    Who gives a question up before its answer reads here what its earlier requests have used.

    Attributes:
        usage: of all requests that were answered so far, the model is the first one's; None
            where none was.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None

    def add(self, usage: Usage | None) -> None:
        """Count a request; None is one that used nothing."""
        self.usage = _added(self.usage, usage)


def _added(first: Usage | None, second: Usage | None) -> Usage | None:
    if first is None or second is None:
        return first or second
    return first.model_copy(
        update={
            "input_tokens": first.input_tokens + second.input_tokens,
            "output_tokens": first.output_tokens + second.output_tokens,
            "cache_read_tokens": first.cache_read_tokens + second.cache_read_tokens,
            "cache_write_tokens": first.cache_write_tokens + second.cache_write_tokens,
            "gpu_ms": first.gpu_ms + second.gpu_ms,
            "images": first.images + second.images,
        }
    )
