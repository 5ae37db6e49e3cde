"""Secrets that can be told from anything else, and everything of a stack to look for them in."""

import base64
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil

from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.e2e.live import Api, Document, LiveStack
from tests.histories import plain_history


class Canaries:
    """Makes secrets, and finds what is left of them."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}

    def hatch(self, place: str, shape: str = "{}") -> str:
        token = f"cn{secrets.token_hex(7)}"
        self.tokens[place] = token
        return shape.format(token)

    def know(self, place: str, value: str) -> str:
        self.tokens[place] = value
        return value

    def found_in(self, content: bytes) -> set[str]:
        found: set[str] = set()
        for place, token in self.tokens.items():
            forms = {token.encode(), quote(token, safe="").encode(), *_base64_forms(token)}
            if any(form in content for form in forms):
                found.add(place)
        return found


def _base64_forms(token: str) -> set[bytes]:
    """What base64 of any text with the token in it must hold."""
    forms: set[bytes] = set()
    for shift, skipped in ((0, 0), (1, 2), (2, 3)):
        raw = bytes(shift) + token.encode()
        forms.add(base64.b64encode(raw)[skipped : len(raw) * 8 // 6])
    return forms


class Recorder(Api):
    """The service as a caller uses it, every answer kept."""

    def __init__(self, stack: LiveStack) -> None:
        super().__init__(stack)
        self.answers: list[bytes] = []
        self.client.event_hooks = {"response": [self._keep]}

    def _keep(self, response: httpx.Response) -> None:
        head = f"{response.request.url} {response.status_code} {response.headers}".encode()
        self.answers.append(head + b"\n" + response.read())

    def post(self, body: Document, **headers: str) -> httpx.Response:
        return self.client.post("/v1/predict", json=body, headers=headers)

    def accepted(self, body: Document, **headers: str) -> str:
        answer = self.post(body, **headers)
        assert answer.status_code == 200, answer.text
        run_id: str = answer.json()["run_id"]
        return run_id

    def read_all(self, run_id: str) -> None:
        """Every route that tells of a run."""
        for part in ("", "status", "result", "logs", "events", "events?sse=true", "video"):
            self.client.get(f"/v1/runs/{run_id}/{part}".rstrip("/"))
        names = ("result.json", "leads.csv", "extracted_rows.json", "extracted_rows.csv")
        for name in names:
            self.artifact(run_id, name)
        for action in ("status", "result", "logs"):
            self.post({"action": action, "run_id": run_id})
        for path in ("/v1/runs", "/v1/queue", "/metrics", "/v1/health"):
            self.client.get(path)


def files(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the data folder but those of browser profiles, which hold what sites store."""
    for path in sorted(data_dir.rglob("*")):
        parts = path.relative_to(data_dir).parts
        if "profiles" in parts or "profile" in parts or not path.is_file():
            continue
        try:
            yield "/".join(parts), path.read_bytes()
        except OSError:
            continue


def temporal_address(stack: LiveStack) -> str:
    for process in psutil.Process(stack.process.pid).children(recursive=True):
        line = process.cmdline()
        if "start-dev" in line:
            return f"127.0.0.1:{line[line.index('--port') + 1]}"
    raise AssertionError("no Temporal runs")


async def histories(address: str, data_dir: Path) -> list[tuple[str, bytes]]:
    """Every workflow's history, its payloads decoded as the UI shows them."""
    keyring = Keyring.load(LedgerSettings(data_dir=data_dir))
    client = await connect(TemporalSettings(address=address), keyring)
    found: list[tuple[str, bytes]] = []
    async for workflow in client.list_workflows():
        handle = client.get_workflow_handle(workflow.id, run_id=workflow.run_id)
        text = (await plain_history(handle, keyring)).to_json()
        decoded = [base64.b64decode(one) for one in re.findall(r'"data": ?"([^"]*)"', text)]
        memo = json.dumps(await workflow.memo()).encode()
        found.append((workflow.id, b"\n".join([text.encode(), memo, *decoded])))
    return found
