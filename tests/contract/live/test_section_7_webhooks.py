"""Contract, section 7: webhooks."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.contract.live.conftest import NAVIGATE, SECRET, Caller, Document, Tenants, waiting
from tests.e2e.live import eventually

pytestmark = pytest.mark.stack


class Receiver:
    """A caller's own server: notes what it is sent, and answers as it is told, path by path."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int]] = {}
        self.got: list[tuple[str, dict[str, str], bytes, float]] = []
        receiver = self

        class Page(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), body, time.monotonic()))
                codes = receiver.answers.get(self.path, [])
                code = codes.pop(0) if codes else 200
                if code == 0:
                    time.sleep(12)
                    return
                self.send_response(code)
                if 300 <= code < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def at(self, path: str) -> list[tuple[dict[str, str], bytes, float]]:
        return [(headers, body, when) for where, headers, body, when in self.got if where == path]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def hook(tenants: Tenants) -> Caller:
    """A tenant with a secret of its own for signing."""
    return tenants["hook"]


def delivered(caller: Caller, receiver: Receiver, path: str, tries: int = 1) -> Document:
    """Run a plan with a webhook and wait for its tries; the status then."""
    run_id = caller.submit(callback_url=receiver.url + path)
    caller.wait(run_id)
    eventually(lambda: len(receiver.at(path)) >= tries, 60, f"{tries} tries at {path}")
    eventually(
        lambda: caller.status(run_id)["webhook"]["tries"] >= tries, 20, "the status counts them"
    )
    return caller.status(run_id)


def test_the_end_of_a_run_is_posted_and_signed(hook: Caller, receiver: Receiver):
    """
    > At a terminal state, POST `{run_id, tenant_id, status, summary, delivered_at}` to
    > `callback_url` or the tenant's `webhook_url`, signed over the raw body: `X-Mantis-Signature:
    > sha256=<hex HMAC-SHA256>` (secret by `webhook_secret_name`, else
    > `MANTIS_WEBHOOK_SECRET_DEFAULT`; none: no header).
    """
    status = delivered(hook, receiver, "/signed")
    ((headers, body, _),) = receiver.at("/signed")
    said = json.loads(body)
    assert set(said) == {"run_id", "tenant_id", "status", "summary", "delivered_at"}
    assert said["run_id"] == status["run_id"] and said["tenant_id"] == "hook"
    assert said["status"] == "succeeded" and said["summary"] == status["summary"]
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Mantis-Signature"] == f"sha256={expected}"


def test_without_a_secret_there_is_no_signature(tenants: Tenants, receiver: Receiver):
    """> none: no header"""
    delivered(tenants["other"], receiver, "/unsigned")
    ((headers, _, _),) = receiver.at("/unsigned")
    assert "X-Mantis-Signature" not in headers


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_run_that_fails_or_is_cancelled_is_told_too(hook: Caller, receiver: Receiver, end: str):
    """> At a terminal state, POST `{run_id, tenant_id, status, summary, delivered_at}`"""
    url = f"{receiver.url}/{end}"
    if end == "failed":
        missing = {**NAVIGATE, "intent": "Go to {{demo_site}}/no/such/page"}
        hook.wait(hook.submit(task_suite=[missing], callback_url=url))
    else:
        run_id = hook.submit(task_suite=waiting(60), callback_url=url)
        hook.wait_until(run_id, "running")
        hook.cancel(run_id)
    eventually(lambda: receiver.at(f"/{end}"), 20, "the webhook")
    assert json.loads(receiver.at(f"/{end}")[0][1])["status"] == end


def test_each_try_has_the_same_id_its_own_time_and_its_own_signature(
    hook: Caller, receiver: Receiver
):
    """
    > Also `X-Mantis-Delivery` (id, the same on each try) and `X-Mantis-Timestamp`;

    > `delivered_at` is that of the try, and each try is signed anew.

    > Non-2xx or no connection: again after 1, 5 and 30 s,
    """
    receiver.answers["/again"] = [500, 404]
    status = delivered(hook, receiver, "/again", tries=3)
    tries = receiver.at("/again")
    assert len({headers["X-Mantis-Delivery"] for headers, _, _ in tries}) == 1
    assert all(headers["X-Mantis-Timestamp"] for headers, _, _ in tries)
    assert len({json.loads(body)["delivered_at"] for _, body, _ in tries}) == 3
    for headers, body, _ in tries:
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Mantis-Signature"] == f"sha256={expected}"
    times = [when for _, _, when in tries]
    assert 0.9 <= times[1] - times[0] < 4 and 4.9 <= times[2] - times[1] < 9
    assert status["webhook"]["tries"] == 3 and status["webhook"]["last_code"] == 200


def test_a_redirect_is_not_followed(hook: Caller, receiver: Receiver):
    """> no redirects followed."""
    receiver.answers["/moved"] = [302]
    delivered(hook, receiver, "/moved", tries=2)
    assert receiver.at("/elsewhere") == []


def test_a_receiver_that_is_slow_is_given_ten_seconds(hook: Caller, receiver: Receiver):
    """> 10 s time-out,"""
    receiver.answers["/slow"] = [0]
    delivered(hook, receiver, "/slow", tries=2)
    first, second = (when for _, _, when in receiver.at("/slow")[:2])
    assert 10.5 <= second - first < 16


def test_what_cannot_be_delivered_is_given_up_and_listed(hook: Caller, receiver: Receiver):
    """
    > then it is given up and listed (`webhook` in the status: tries, last code); a delivery never
    > changes the run's status and survives restarts.
    """
    receiver.answers["/never"] = [503] * 9
    run_id = delivered(hook, receiver, "/never", tries=4)["run_id"]
    state = lambda: hook.status(run_id)["webhook"]["state"]  # noqa: E731
    eventually(lambda: state() == "given_up", 20, "it is given up")
    status = hook.status(run_id)
    assert status["webhook"]["tries"] == 4 and status["webhook"]["last_code"] == 503
    assert status["status"] == "succeeded"
    events = hook.get(f"/v1/runs/{run_id}/events").json()["events"]
    assert [event["kind"] for event in events].count("webhook") == 4
