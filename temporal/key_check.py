"""Whether this process has the keys that the others encrypt with; asked before it works."""

from enum import StrEnum

from ledger.errors import SecretUnreadable
from ledger.key_checks import KeyCheck
from ledger.ledger import Ledger
from ledger.vault import Keyring

_LABEL = "mantis key check v1"
_PROBE = b"mantis"


class KeysDiffer(Exception):
    """This process can't read what the others encrypt; the message says what to do."""

    def __init__(self, kept: KeyCheck, keyring: Keyring) -> None:
        here = ", ".join(key_ids(keyring))
        super().__init__(
            f"the encryption keys here ({here}) are not those in use ({kept.key_id}): give every "
            "process the same MANTIS_ENCRYPTION_KEYS, or bring keys/encryption.keys back into the "
            "data folder; where that key is lost for good, see mantis keys accept"
        )


class Fit(StrEnum):
    """How the keys of a process fit those in use."""

    UNKNOWN = "unknown"
    """No process has encrypted anything yet."""
    SAME = "same"
    ROTATED = "rotated"
    """The key in use is at hand, and is not the first here."""
    DIFFERENT = "different"


def key_ids(keyring: Keyring) -> list[str]:
    """Names of the keys, newest first, that give nothing away."""
    return [key.key_id for key in keyring.derive(_LABEL)]


async def check_keys(ledger: Ledger, keyring: Keyring) -> None:
    """See that these keys open what the process that started last encrypts, and say what ours do.

    Raises:
        KeysDiffer: they don't.
        LedgerAway: the ledger can't be reached.
    """
    kept = await ledger.key_checks.read()
    if kept is None:
        await ledger.key_checks.keep(_own(keyring))
        kept = await ledger.key_checks.read() or _own(keyring)
    match fit(kept, keyring):
        case Fit.DIFFERENT:
            raise KeysDiffer(kept, keyring)
        case Fit.ROTATED:
            await accept_keys(ledger, keyring)
        case _:
            pass


async def accept_keys(ledger: Ledger, keyring: Keyring) -> None:
    """From now on the first of these keys is the one in use, whatever was before."""
    await ledger.key_checks.keep(_own(keyring), replacing=True)


def fit(kept: KeyCheck | None, keyring: Keyring) -> Fit:
    """How the keys fit what is kept in the ledger."""
    if kept is None:
        return Fit.UNKNOWN
    try:
        keyring.decrypt(kept.probe)
    except SecretUnreadable:
        return Fit.DIFFERENT
    return Fit.SAME if kept.key_id == key_ids(keyring)[0] else Fit.ROTATED


def _own(keyring: Keyring) -> KeyCheck:
    return KeyCheck(key_id=key_ids(keyring)[0], probe=keyring.encrypt(_PROBE))
