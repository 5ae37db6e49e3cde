"""Faults of the ledger.

LedgerError
├── UnknownRun        no run of that tenant has this id
├── UnknownDelivery   no delivery of that tenant has this id
├── UnknownPause      the run has no pause of this id
├── UnknownModelCall  nothing was reserved for this try of a question
├── BadCursor         a page's cursor that the ledger never gave out
├── SecretUnreadable  a secret can't be encrypted or decrypted with the keys at hand
└── LedgerAway        the database can't be reached
    └── LedgerFull    its disk is full
"""


class LedgerError(Exception):
    """Base of what this room raises."""


class UnknownRun(LedgerError):
    """No run of that tenant has this id; another tenant's counts as unknown."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"unknown run_id: {run_id}")


class UnknownDelivery(LedgerError):
    """No delivery of that tenant has this id; another tenant's counts as unknown."""

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"unknown delivery: {delivery_id}")


class UnknownPause(LedgerError):
    """The run has no pause of this id."""

    def __init__(self, pause_id: str) -> None:
        super().__init__(f"unknown pause: {pause_id}")


class UnknownModelCall(LedgerError):
    """Nothing was reserved for this try of a question to a model."""

    def __init__(self, call_id: str, attempt: int) -> None:
        super().__init__(f"nothing was reserved for try {attempt} of {call_id}")


class BadCursor(LedgerError):
    """The ledger never gave out such a cursor."""

    def __init__(self) -> None:
        super().__init__("unknown cursor: give the next_cursor of the page before, or none")


class SecretUnreadable(LedgerError):
    """A secret can't be encrypted or decrypted with the keys at hand."""


class LedgerAway(LedgerError):
    """The database can't be reached or doesn't answer."""


class LedgerFull(LedgerAway):
    """The database answers, but its disk has no room left to write."""
