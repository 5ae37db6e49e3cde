"""What can be wrong with a submission.

PlanError               the request is refused; its message is the sentence for the caller
├── OutsideAllowlist    it goes where the tenant may not
└── PlanFileError       a named plan file does not exist, is not readable or lies outside
"""


class PlanError(ValueError):
    """The request, or the plan in it, is not acceptable: HTTP 400.

    `message` is one sentence that is safe to show: it names the place, holds no large
    value and no path of the server.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PlanFileError(PlanError):
    """A plan file that does not exist, can't be read, or lies outside the plan folders."""


class OutsideAllowlist(PlanError):
    """A plan names hosts that the tenant may not reach: HTTP 403."""
