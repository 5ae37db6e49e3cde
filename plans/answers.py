"""How the answers to pauses are named among a run's secrets."""

from plans.placeholders import SECRET

ANSWER = f"{SECRET}answer."
SIGNALLED = "signal"
"""In the place of the fingerprint of an answer that came by signal."""

_FINGERPRINT = 32
"""Characters of the fingerprint of an answer."""


def answer_name(pause_id: str, fingerprint: str) -> str:
    """Name of the secret that holds an answer: the same for the same answer to a pause."""
    return f"{ANSWER}{pause_id}.{fingerprint[:_FINGERPRINT]}"


def fingerprint_of(name: str) -> str:
    """What tells the answer of this name from others; empty where there is none."""
    return name.rpartition(".")[2]
