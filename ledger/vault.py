"""The keys that secrets are encrypted with before they reach the database."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.errors import SecretUnreadable
from ledger.settings import LedgerSettings

_KEY_BYTES = 32
_ID_BYTES = 6
_FINGERPRINT = b"mantis fingerprint v1"
_NOT_YET = b"~"
_HOW = "one urlsafe-base64 text of 32 bytes a key"


@dataclass(frozen=True)
class DerivedKey:
    """A key of 32 bytes for one purpose. `key_id` tells it from others and gives nothing away."""

    key_id: str
    key: bytes = field(repr=False)


class Keyring:
    """Encrypts with its first key and decrypts with any of them.

    A key that begins with `~` is not used for encrypting yet. To rotate, give every process the
    new key so, then put it in front without the mark; an old one may go once no run that it
    encrypted the secrets of is wanted any more.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the keys, newest first, each in urlsafe base64.

        Raises:
            SecretUnreadable: there is none, or one isn't 32 bytes.
        """
        if not keys:
            raise SecretUnreadable(f"there is no encryption key: give {_HOW}")
        used = [_raw(key) for key in keys if not key.startswith(_NOT_YET)]
        if not used:
            raise SecretUnreadable(f"every encryption key is marked with ~: give {_HOW}")
        raw = used + [_raw(key[1:]) for key in keys if key.startswith(_NOT_YET)]
        self._raw = tuple(raw)
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in raw])
        self._fingerprint_key = hmac.digest(used[-1], _FINGERPRINT, hashlib.sha256)

    @classmethod
    def load(cls, settings: LedgerSettings) -> Self:
        """The keys of `MANTIS_ENCRYPTION_KEYS`, else of the key file, which is made if missing.

        The file takes a key a line, newest first, and belongs to this user alone. Several
        processes that start at once agree on one.

        Raises:
            SecretUnreadable: a key is malformed, or the file can't be read or made.
        """
        given = settings.encryption_keys.get_secret_value()
        if given.strip():
            return cls(_split(given, "MANTIS_ENCRYPTION_KEYS"))
        path = settings.keys_path
        try:
            text = _read_or_make(path)
        except (OSError, UnicodeDecodeError) as error:
            raise SecretUnreadable(
                f"the encryption keys in {path} can't be read: {type(error).__name__}"
            ) from None
        return cls(_split(text, str(path)))

    def encrypt(self, plain: bytes) -> bytes:
        """The bytes, unreadable to whoever lacks the keys."""
        return self._fernet.encrypt(plain)

    def decrypt(self, cipher: bytes) -> bytes:
        """The bytes that `encrypt` was given.

        Raises:
            SecretUnreadable: no key of this ring fits, or the ciphertext was changed.
        """
        try:
            return self._fernet.decrypt(cipher)
        except (InvalidToken, TypeError):
            raise SecretUnreadable(
                "no encryption key at hand opens this run's secrets: put the key they were "
                "written with back into MANTIS_ENCRYPTION_KEYS or the key file, and give every "
                "process the same keys"
            ) from None

    def fingerprint(self, content: bytes) -> str:
        """HMAC-SHA256 in hex under a key derived from the oldest key that is used.

        It tells whether two contents are the same, and nothing else to whoever lacks the keys.
        """
        return hmac.new(self._fingerprint_key, content, hashlib.sha256).hexdigest()

    def derive(self, label: str) -> tuple[DerivedKey, ...]:
        """A key for the purpose that the label names, of each key; the first one encrypts."""
        info = label.encode()
        return tuple(
            DerivedKey(
                key_id=_expanded(raw, info + b" id", _ID_BYTES).hex(),
                key=_expanded(raw, info, _KEY_BYTES),
            )
            for raw in self._raw
        )


def new_key() -> bytes:
    """A fresh key."""
    return Fernet.generate_key()


def _expanded(raw: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(raw)


def _raw(key: bytes) -> bytes:
    try:
        raw = base64.b64decode(key.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise SecretUnreadable(f"an encryption key is malformed: give {_HOW}")
    return raw


def _split(text: str, where: str) -> list[bytes]:
    keys = [part for part in text.replace(",", "\n").split() if part]
    if not keys:
        raise SecretUnreadable(f"{where} holds no encryption key: give {_HOW}")
    return [key.encode() for key in keys]


def _read_or_make(path: Path) -> str:
    """The file's text. A file appears whole or not at all, and the first one to appear stays."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(new_key() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            _publish(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    return path.read_text(encoding="ascii")


def _publish(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
