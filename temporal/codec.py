"""How payloads look in Temporal's histories: encrypted, with the keys of the ledger's keyring."""

import dataclasses
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

from ledger.vault import Keyring

LABEL = "mantis temporal payload v1"
ENCODING = b"binary/encrypted"
_KEY_ID = "encryption-key-id"
_NONCE_BYTES = 12


class PayloadUnreadable(Exception):
    """A payload that can't be decrypted; the message says what to do.

    No `ApplicationError`: a workflow that meets it is not failed. Its task is tried again
    until a worker with the right keys takes it.
    """


class EncryptingCodec(PayloadCodec):
    """AES-256-GCM under keys that are derived from a keyring.

    The first key encrypts, all decrypt. What is encrypted is the whole payload with its
    metadata; the key's id stands beside it and is authenticated. A payload that is not
    encrypted, as in older histories, decodes as it is.
    """

    def __init__(self, keyring: Keyring) -> None:
        derived = keyring.derive(LABEL)
        self._newest = derived[0].key_id
        self._ciphers = {one.key_id: AESGCM(one.key) for one in derived}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload."""
        return [self.encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt each payload that is encrypted.

        Raises:
            PayloadUnreadable: its key is not at hand, or it was changed.
        """
        return [self.decrypt(payload) for payload in payloads]

    def encrypt(self, payload: Payload) -> Payload:
        """One payload, encrypted."""
        nonce = os.urandom(_NONCE_BYTES)
        key_id = self._newest.encode()
        sealed = self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(metadata={"encoding": ENCODING, _KEY_ID: key_id}, data=nonce + sealed)

    def decrypt(self, payload: Payload) -> Payload:
        """One payload, decrypted where it is encrypted.

        Raises:
            PayloadUnreadable: its key is not at hand, or it was changed.
        """
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get(_KEY_ID, b"")
        cipher = self._ciphers.get(key_id.decode(errors="replace"))
        if cipher is None:
            raise PayloadUnreadable(
                f"the encryption key {ascii(key_id)[2:-1]} of a Temporal payload is not at hand: "
                "put it back into MANTIS_ENCRYPTION_KEYS or the key file, behind the newest, "
                "and give every process the same keys"
            )
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, key_id))
        except (InvalidTag, ValueError, DecodeError):
            raise PayloadUnreadable(
                "a Temporal payload was changed after it was encrypted, or is cut off"
            ) from None


def data_converter(keyring: Keyring) -> DataConverter:
    """Pydantic models as JSON, encrypted; messages and stack traces of failures too."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=EncryptingCodec(keyring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
