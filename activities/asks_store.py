"""What models are asked and what they answered, as files of a run named by their content."""

import asyncio
import hashlib
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from inference.asking import Answered, AskBody, Pictures, answered, ask_body
from workflows.interfaces import RunKey

T = TypeVar("T")

_KEY: Final = re.compile(r"asks/(?:[0-9a-f]{16}/)?[0-9a-f]{64}\.(?:json|jpg|png)")
_SAFE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")
_DOCUMENT: Final[TypeAdapter[JsonValue]] = TypeAdapter(JsonValue)
_ENDING: Final = {"image/png": "png", "image/jpeg": "jpg"}


class AskLost(Exception):
    """A question or answer is not in the store, or is not what was put there."""


class AsksStore:
    """Files `asks/<sha256>.json|.jpg|.png` in the folders of runs, each whole or not there.

    A key is the file's name within the folder of its run; what is put twice is one file. What
    `of_call` gives writes into a folder of the call's own, `asks/<digest>/`.
    """

    def __init__(self, data_dir: Path, call_key: str = "") -> None:
        self._data_dir = data_dir
        self._folder = "asks"
        if call_key:
            self._folder += f"/{hashlib.sha256(call_key.encode()).hexdigest()[:16]}"

    def of_call(self, call_key: str) -> "AsksStore":
        """The same store; what is put into it goes when the call is over.

        Args:
            call_key: the `whole_key` of a call, the same in all of its turns.
        """
        return AsksStore(self._data_dir, call_key)

    async def end_call(self, run: RunKey) -> None:
        """Remove what was put in by the call that this store is of; best effort."""
        assert self._folder != "asks", "the store of a call"
        await asyncio.to_thread(shutil.rmtree, self._of(run) / self._folder, ignore_errors=True)

    async def end_run(self, run: RunKey) -> None:
        """Remove all that the run's models were asked and answered; best effort."""
        await asyncio.to_thread(shutil.rmtree, self._of(run) / "asks", ignore_errors=True)

    async def drop(self, run: RunKey, *keys: str) -> None:
        """Remove files that nobody will ask for any more; best effort."""
        for path in [self._path(run, key) for key in keys if key]:
            with suppress(OSError):
                await asyncio.to_thread(path.unlink)

    async def write(self, run: RunKey, ask: AskBody) -> str:
        """Keep a question; its key.

        Raises:
            OSError: the disk is full or can't be written.
        """
        return await self._put(run, ask_body.dump_json(ask), "json")

    async def read(self, run: RunKey, key: str) -> AskBody:
        """The question of this key.

        Raises:
            AskLost: it is not there.
        """
        return await self._parsed(run, key, ask_body, "question")

    async def write_answer(self, run: RunKey, answer: Answered) -> str:
        """Keep an answer; its key.

        Raises:
            OSError: the disk is full or can't be written.
        """
        return await self._put(run, answered.dump_json(answer), "json")

    async def read_answer(self, run: RunKey, key: str) -> Answered:
        """The answer of this key.

        Raises:
            AskLost: it is not there.
        """
        return await self._parsed(run, key, answered, "answer")

    async def write_picture(
        self, run: RunKey, picture: bytes, media_type: Literal["image/png", "image/jpeg"]
    ) -> str:
        """Keep a picture; its key.

        Raises:
            OSError: the disk is full or can't be written.
        """
        return await self._put(run, picture, _ENDING[media_type])

    async def picture(self, run: RunKey, key: str) -> bytes:
        """The picture of this key.

        Raises:
            AskLost: it is not there.
        """
        return await self._get(run, key)

    def pictures(self, run: RunKey) -> Pictures:
        """The pictures of one run, for a model's client."""
        return _Pictures(self, run)

    async def write_document(self, run: RunKey, document: JsonValue) -> str:
        """Keep any JSON value; its key.

        Raises:
            OSError: the disk is full or can't be written.
        """
        return await self._put(run, _DOCUMENT.dump_json(document), "json")

    async def read_document(self, run: RunKey, key: str) -> JsonValue:
        """The JSON value of this key.

        Raises:
            AskLost: it is not there.
        """
        return _DOCUMENT.validate_json(await self._get(run, key))

    async def _parsed(self, run: RunKey, key: str, kind: TypeAdapter[T], what: str) -> T:
        try:
            return kind.validate_json(await self._get(run, key))
        except ValidationError as error:
            raise AskLost(f"{key} holds no {what}") from error

    async def _put(self, run: RunKey, content: bytes, ending: str) -> str:
        digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        key = f"{self._folder}/{digest}.{ending}"
        await asyncio.to_thread(_write, self._path(run, key), content)
        return key

    async def _get(self, run: RunKey, key: str) -> bytes:
        path = self._path(run, key)
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise AskLost(f"{key} is not in the artifact store") from error
        if hashlib.sha256(content).hexdigest() != path.stem:
            raise AskLost(f"{key} is not what was put there")
        return content

    def _path(self, run: RunKey, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise AskLost("this is no key of the artifact store")
        return self._of(run) / key

    def _of(self, run: RunKey) -> Path:
        if not all(_SAFE.fullmatch(name) for name in (run.tenant_id, run.run_id)):
            raise AskLost("this is no run of the artifact store")
        return self._data_dir / "tenants" / run.tenant_id / "runs" / run.run_id


class _Pictures:
    def __init__(self, store: AsksStore, run: RunKey) -> None:
        self._store = store
        self._run = run

    async def read(self, key: str) -> bytes:
        """See `Pictures.read`."""
        return await self._store.picture(self._run, key)


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
