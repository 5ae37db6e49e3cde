"""Faults of the ledger.

LedgerError
├── UnknownRun      no run of that tenant has this id
└── LedgerAway      the database can't be reached
"""


class LedgerError(Exception):
    """Base of what this room raises."""


class UnknownRun(LedgerError):
    """No run of that tenant has this id; another tenant's counts as unknown."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"unknown run_id: {run_id}")


class LedgerAway(LedgerError):
    """The database can't be reached or doesn't answer."""
