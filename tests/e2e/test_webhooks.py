"""Webhooks of the whole service: real runs, a real receiver, everything killed in between."""

import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.service import Service, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]

SECRET = "whsec-of-the-operator"
TOKEN = "tok-7f3a91"


@dataclass
class Hook:
    """A receiver: what came, and the status that it answers with."""

    port: int = 0
    code: int = 200
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    bodies: list[bytes] = field(default_factory=list[bytes])
    paths: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token={TOKEN}"

    def document(self, index: int = -1) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.bodies[index])
        return document


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.headers.append({name.lower(): value for name, value in self.headers.items()})
            hook.paths.append(self.path)
            hook.bodies.append(body)
            self.send_response(hook.code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("webhooks") / "data"
    with tempfile.TemporaryDirectory(prefix="mw-") as folder:
        service = Service(
            data_dir,
            Path(folder),
            MANTIS_MAX_SESSIONS="1",
            MANTIS_WEBHOOK_ALLOW_PRIVATE="1",
            MANTIS_WEBHOOK_SECRET_DEFAULT=SECRET,
        )
        try:
            service.start()
            yield service
            assert service.stop() == 0
        finally:
            service.end()


def webhook(service: Service, run_id: str) -> dict[str, Any]:
    shown = service.status(run_id).get("webhook")
    return shown if isinstance(shown, dict) else {}


def until(service: Service, run_id: str, state: str, tries: int, within_s: float) -> dict[str, Any]:
    def look() -> bool:
        shown = webhook(service, run_id)
        return shown.get("state") == state and shown["tries"] >= tries

    wait_for(look, f"the webhook of {run_id} is {state} after {tries} tries", within_s)
    return webhook(service, run_id)


def mantis(service: Service, *words: str) -> str:
    """`mantis webhooks` as an operator runs it while the service goes on."""
    code = "import sys; from mantis_agent.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "webhooks", "--data-dir", str(service.data_dir)]
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def opening(service: Service) -> list[dict[str, object]]:
    return [{"type": "navigate", "intent": "Open the site", "url": service.site}]


def test_the_end_of_a_run_is_told_signed(service: Service, hook: Hook) -> None:
    run_id = service.submit(opening(service), callback_url=hook.url)
    status = service.until_over(run_id)
    assert status["status"] == "succeeded"
    shown = until(service, run_id, "delivered", 1, 20)
    assert (shown["tries"], shown["last_code"], shown["last_error"]) == (1, 200, None)
    (body,), (headers,) = hook.bodies, hook.headers
    assert hook.paths == [f"/hook?token={TOKEN}"]
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-mantis-signature"] == f"sha256={mac}"
    assert headers["x-mantis-delivery"] == shown["delivery_id"]
    assert headers["x-mantis-timestamp"].isdigit()
    told = hook.document()
    assert set(told) == {"run_id", "tenant_id", "status", "summary", "delivered_at"}
    over = service.status(run_id)
    assert (told["run_id"], told["tenant_id"], told["status"]) == (run_id, "default", "succeeded")
    assert told["summary"] == over["summary"]
    assert service.result(run_id)["webhook"] == shown
    events = service.api.get(f"/v1/runs/{run_id}/events").json()["events"]
    assert [(one["state"], one["code"]) for one in events if one["kind"] == "webhook"] == [
        ("delivered", 200)
    ]


def test_a_run_without_a_callback_tells_nobody(service: Service, hook: Hook) -> None:
    run_id = service.submit(opening(service))
    assert "webhook" not in service.until_over(run_id)
    assert mantis(service).strip() == "no webhook was given up"


def test_a_cancelled_run_is_told_too(service: Service, hook: Hook) -> None:
    steps: list[dict[str, object]] = [
        *opening(service),
        {"type": "wait", "intent": "Wait", "params": {"seconds": 60}},
    ]
    run_id = service.submit(steps, callback_url=hook.url)
    service.until_step(run_id, 1)
    service.cancel(run_id)
    until(service, run_id, "delivered", 1, 40)
    assert hook.document()["status"] == "cancelled"


def test_tries_outlive_everything_and_a_given_up_one_is_sent_again(
    service: Service, hook: Hook
) -> None:
    hook.code = 503
    run_id = service.submit(opening(service), callback_url=hook.url)
    service.until_over(run_id)
    until(service, run_id, "pending", 2, 30)
    service.kill()
    wait_for(lambda: not service.processes("--pool"), "the workers are gone too", 30)
    service.start()
    shown = until(service, run_id, "given_up", 4, 90)
    assert (shown["tries"], shown["last_code"]) == (4, 503)
    assert shown["last_error"] == f"http://127.0.0.1:{hook.port} answered with status 503"
    assert service.status(run_id)["status"] == "succeeded"
    assert {one["x-mantis-delivery"] for one in hook.headers} == {shown["delivery_id"]}
    listed = mantis(service)
    assert shown["delivery_id"] in listed and run_id in listed and "503" in listed
    assert TOKEN not in listed
    hook.code = 204
    sent = len(hook.bodies)
    mantis(service, "resend", shown["delivery_id"])
    again = until(service, run_id, "delivered", 5, 30)
    assert again["last_code"] == 204
    assert len(hook.bodies) == sent + 1
    assert mantis(service).strip() == "no webhook was given up"


def test_no_token_of_a_callback_is_in_any_file(service: Service) -> None:
    """The runs above were called back at URLs with a token in them."""
    files = [path for path in service.data_dir.rglob("*") if path.is_file()]
    assert files
    assert [str(path) for path in files if TOKEN.encode() in path.read_bytes()] == []
