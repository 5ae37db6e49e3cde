"""The secrets of runs: values that a plan refers to by name, kept encrypted."""

import json
from typing import Protocol

from pydantic import JsonValue
from sqlalchemy import select, update

from ledger.database import Database, insert_or
from ledger.errors import SecretUnreadable
from ledger.events import lock_run
from ledger.models import Document
from ledger.run_rows import is_run, load_run
from ledger.schema import run_secrets, runs
from ledger.whole import whole
from plans.concealment import conceal


class Keyring(Protocol):
    """What encrypts and decrypts.

    `decrypt` raises `SecretUnreadable` where none of its keys fits.
    """

    def encrypt(self, plain: bytes) -> bytes:
        """The bytes, unreadable to whoever lacks the keys."""
        ...

    def decrypt(self, cipher: bytes) -> bytes:
        """The bytes that `encrypt` was given."""
        ...


class NoKeys:
    """The keyring of a ledger that was opened without one: it refuses secrets."""

    def encrypt(self, plain: bytes) -> bytes:
        """Refuse."""
        raise SecretUnreadable("this ledger was opened without keys and keeps no secrets")

    def decrypt(self, cipher: bytes) -> bytes:
        """Refuse."""
        raise SecretUnreadable("this ledger was opened without keys and reads no secrets")


class Secrets:
    """Reads and writes the secrets of runs."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @whole
    async def read(self, tenant_id: str, run_id: str) -> Document:
        """All secrets of the run by name.

        Raises:
            SecretUnreadable: they were encrypted with keys that are not at hand.
        """
        query = select(run_secrets.c.name, run_secrets.c.ciphertext).where(
            run_secrets.c.tenant_id == tenant_id, run_secrets.c.run_id == run_id
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return {name: json.loads(self._keyring.decrypt(cipher)) for name, cipher in found}

    @whole
    async def add(self, tenant_id: str, run_id: str, name: str, value: JsonValue) -> None:
        """Keep a value, replacing the one of that name.

        Raises:
            UnknownRun: there is no such run.
            SecretUnreadable: there are no keys to encrypt it with.
        """
        cipher = self.seal({name: value})[name]
        row = {"tenant_id": tenant_id, "run_id": run_id, "name": name, "ciphertext": cipher}
        async with self._database.write() as connection:
            await lock_run(connection, tenant_id, run_id)
            await connection.execute(
                insert_or(connection, run_secrets, row, replacing={"ciphertext": cipher})
            )

    @whole
    async def learn(self, tenant_id: str, run_id: str, name: str, text: str) -> None:
        """Keep a text that turned out to be a secret, and take it out of the run's row, too.

        A reference replaces it in the run's plan and payload.

        Raises:
            UnknownRun: there is no such run.
            SecretUnreadable: there are no keys to encrypt it with.
        """
        cipher = self.seal({name: text})[name]
        new = {"tenant_id": tenant_id, "run_id": run_id, "name": name, "ciphertext": cipher}
        async with self._database.write() as connection:
            row = await load_run(connection, tenant_id, run_id, lock=True)
            await connection.execute(
                insert_or(connection, run_secrets, new, replacing={"ciphertext": cipher})
            )
            plan = conceal(row.plan, text, name)
            payload = conceal(row.payload, text, name)
            if (plan, payload) != (row.plan, row.payload):
                await connection.execute(
                    update(runs).where(is_run(tenant_id, run_id)).values(plan=plan, payload=payload)
                )

    def seal(self, values: Document) -> dict[str, bytes]:
        """Named values, encrypted.

        Raises:
            SecretUnreadable: there are no keys to encrypt them with.
        """
        return {
            name: self._keyring.encrypt(json.dumps(value).encode())
            for name, value in values.items()
        }
