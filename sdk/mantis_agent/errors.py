"""What can go wrong with a call.

MantisError                     base of all
├── MantisConnectionError       the service can't be reached, or broke off the exchange
├── MantisAPIError              the service refused: `status_code`, `detail`
│   ├── MantisAuthError         401 and 403: no token, a wrong one, or one that may not
│   └── MantisRateLimitError    429: `retry_after_seconds`
├── MantisTimeoutError          a run was not over in time: `status` is the last one seen
└── MantisRunFailed             a run ended failed or cancelled: `status`

No message, attribute or representation of these holds a token or a key.
"""

from mantis_agent.types import Status


class MantisError(Exception):
    """Base of everything that this package raises of itself."""


class MantisConnectionError(MantisError):
    """The service can't be reached, or the exchange broke off and may not be repeated."""


class MantisAPIError(MantisError):
    """The service refused a call.

    Attributes:
        status_code: the HTTP status.
        detail: the service's one sentence about what to do.
    """

    def __init__(self, status_code: int, detail: str) -> None:
        super().__init__(status_code, detail)
        self.status_code = status_code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.status_code}: {self.detail}"


class MantisAuthError(MantisAPIError):
    """No token, a wrong one (401), or one that may not do this (403)."""


class MantisRateLimitError(MantisAPIError):
    """Too many submissions, or too many runs at once (429).

    Attributes:
        retry_after_seconds: how long the service asks to wait, at least 0.
    """

    def __init__(self, status_code: int, detail: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(status_code, detail)
        self.args = (status_code, detail, retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class MantisTimeoutError(MantisError, TimeoutError):
    """A run was not over in the time given. It goes on; wait for it again or cancel it.

    Attributes:
        run_id: the run.
        status: its last status seen, None where none was.
    """

    def __init__(self, run_id: str, timeout_s: float, status: Status | None) -> None:
        super().__init__(run_id, timeout_s, status)
        self.run_id = run_id
        self.timeout_s = timeout_s
        self.status = status

    def __str__(self) -> str:
        last = f"it is {self.status.status}" if self.status else "its status is not known"
        return f"run {self.run_id} was not over within {self.timeout_s:g} s: {last}"


class MantisRunFailed(MantisError):
    """A run ended `failed` or `cancelled`.

    Attributes:
        status: its last status; from `run_to_completion` it also holds `result`, with the
            rows that were extracted before the end.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status

    @property
    def run_id(self) -> str:
        """The run."""
        return self.status.run_id

    def __str__(self) -> str:
        status = self.status
        why = ": ".join(part for part in (status.halt_class, status.get("message")) if part)
        return f"run {status.run_id} {status.status}" + (f": {why}" if why else "")
