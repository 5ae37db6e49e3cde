"""Secrets in every place where a caller can put one, and the search for them everywhere.

Each secret holds a token of its own, which survives every way of escaping; it is looked for as
it is and in base64.
"""

import asyncio
import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from plans.example.site.accounts import DEMO_USER
from tests.e2e.canaries import Canaries, Recorder, files, histories, temporal_address
from tests.e2e.live import (
    TERMINAL,
    Document,
    LiveStack,
    Site,
    eventually,
    start_stack,
    stop_stack,
)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


class Listener:
    """A callback's receiver; keeps what came, path and body."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes]] = []
        came = self.came

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                came.append((self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    started = Listener()
    try:
        yield started
    finally:
        started.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """A stack of its own, so that what is searched is what these secrets went through."""
    started = start_stack(
        tmp_path_factory.mktemp("canary") / "data",
        {"MANTIS_ALLOW_PRIVATE_HOSTS": "127.0.0.1:*", "MANTIS_WEBHOOK_ALLOW_PRIVATE": "1"},
    )
    try:
        yield started
    finally:
        stop_stack(started)


def _login(site: str, birds: Canaries) -> list[Document]:
    """Signs in at the demo shop, and sends what it knows in the query of a page as well."""
    token = birds.hatch("step url token", "t/{}=&é")
    key = birds.hatch("step url api_key")
    user = birds.hatch("step url user")
    password = birds.hatch("step url password", "{}%40x")
    typed = birds.hatch("step value of a password field", 'q"{}<&')
    worded = birds.hatch("intent of a password step")
    code = birds.hatch("one-time code")[:6]
    birds.tokens["one-time code"] = code
    return [
        {
            "intent": f"Go to {site}/boats?token={quote(token, safe='')}&api_key={key}",
            "type": "navigate",
            "required": True,
        },
        {"intent": "Where", "type": "extract_url", "out_var": "where"},
        {"intent": "Back there", "type": "navigate", "url": "{{where}}", "required": True},
        {
            "intent": "See the list",
            "type": "extract_rows",
            "extract": {"fields": [{"name": "title"}]},
        },
        {
            "intent": "Open a page of the shop",
            "type": "navigate",
            "url": f"http://{user}:{password}@{site.partition('//')[2]}/boats",
        },
        {"intent": f"Go to {site}/account/login", "type": "navigate", "required": True},
        {
            "intent": f"Fill the password field with {typed}",
            "type": "fill_field",
            "params": {"label": "Password", "value": typed},
        },
        {"intent": f'Type "{worded}" into the password field', "type": "fill_field"},
        {
            "intent": "Fill the email field with {{email}}",
            "type": "fill_field",
            "required": True,
            "params": {"label": "Email", "value": "{{email}}"},
        },
        {
            "intent": f"Fill the password field, it is {DEMO_USER.password}",
            "type": "fill_field",
            "required": True,
            "params": {"label": "Password", "value": "{{password}}"},
        },
        {
            "intent": 'Click the "Sign in" button',
            "type": "submit",
            "required": True,
            "hints": {"expect_text_present": "Check your inbox"},
        },
        {
            "intent": "Read the page",
            "type": "extract_data",
            "extract": {"fields": [{"name": "title"}]},
        },
        {
            "intent": f"Fill it with {code}",
            "type": "type_text",
            "params": {"selector": "#code", "value": code},
        },
        {"intent": "Wait 1 s", "type": "wait", "params": {"seconds": 1.5}},
        {
            "intent": 'Click the "Verify code" button',
            "type": "submit",
            "gate": True,
            "verify": f'Page shows text "{code}"',
        },
    ]


def _bodies(site: str, hook: str, birds: Canaries) -> dict[str, Document]:
    """Submissions with a secret in each place there is."""
    birds.know("inputs.password", DEMO_USER.password)
    birds.know("auth.user_id in a page", DEMO_USER.email)
    nested = birds.hatch("inputs token, nested")
    extra = birds.hatch("extra api_key", 'a"b\\{} ü')
    contents = {
        "steps": [{"intent": f"Go to {site}/boats", "type": "navigate"}],
        "runtime": {"inputs": {"password": birds.hatch("runtime.inputs", 'x"\\{}')}},
        "apiKey": birds.hatch("contents apiKey"),
    }
    suite = {
        "session_name": "s",
        "base_url": f"{site}/crm?secret={birds.hatch('suite base_url')}",
        "auth": {
            "user_id": birds.hatch("auth.user_id", "{}@crm.test"),
            "password": birds.hatch("auth.password"),
            "more": [birds.hatch("auth list"), {"deep": birds.hatch("auth deep")}],
        },
        "tasks": [{"task_id": "a", "intent": "Sign in", "start_url": f"{site}/crm/login"}],
    }
    suite["tasks"][0]["intent"] = (
        f"Sign in as {suite['auth']['user_id']} with {suite['auth']['password']}"
    )
    return {
        "login": {
            "task_suite": _login(site, birds),
            "inputs": {
                "email": DEMO_USER.email,
                "password": DEMO_USER.password,
                "deep": [{"token": nested}, {"note": f"again {nested}"}],
            },
            "auth": {"user_id": DEMO_USER.email},
            "callback_url": f"{hook}/hook?token={birds.hatch('callback token')}&a=1",
            "api_key": extra,
            "about": {
                "secret": {"x": birds.hatch("extra nested")},
                "says": f"{extra} and {quote(extra)}",
                extra: [json.dumps({"password": birds.hatch("json in a text", 'j"{}')})],
            },
            "headers": {"Authorization": f"Bearer {birds.hatch('extra header')}"},
            "user_input": birds.hatch("user_input"),
            "task_file_contents": "[not json, " + birds.hatch("unreadable plan"),
        },
        "contents": {"task_file_contents": json.dumps(contents, ensure_ascii=True)},
        "suite": {"task_suite": suite, "token": 7_000_000_000_000 + secrets.randbelow(10**12)},
    }


@pytest.fixture
def caller(guarded: LiveStack) -> Iterator[Recorder]:
    recorder = Recorder(guarded)
    with recorder.client:
        yield recorder


def test_no_secret_is_found_anywhere(
    guarded: LiveStack, caller: Recorder, listener: Listener
) -> None:
    birds, api = Canaries(), caller
    site = Site(guarded.demo_site)
    bodies = _bodies(site.url, listener.url, birds)
    birds.know("a number", str(bodies["suite"]["token"]))
    birds.know("X-Mantis-Token", guarded.token)
    header = {"Authorization": f"Api-Key {birds.hatch('Authorization header')}"}

    for body in bodies.values():
        assert api.post({**body, "dry_run": True}, **header).status_code == 200
    runs = {name: api.accepted(body, **header) for name, body in bodies.items()}
    _refused(api, birds, bodies)
    eventually(lambda: _steps_of(api, runs["login"]) >= 13, 60, "the code is typed")
    during = dict(files(guarded.data_dir))
    api.read_all(runs["login"])
    for run_id in runs.values():
        eventually(lambda r=run_id: api.get(r)["status"] in TERMINAL, 90, "the end of a run")
        api.read_all(run_id)
        api.post({"action": "resume", "run_id": run_id, "user_input": birds.hatch(run_id)})
        api.post({"action": "cancel", "run_id": run_id, "user_input": birds.hatch(run_id + "c")})

    _the_site_got_them(api, site, runs["login"], birds)
    eventually(lambda: listener.came, 30, "the webhook")
    path, letter = listener.came[0]
    assert birds.tokens.pop("callback token") in path, "the callback has lost its token"
    birds.know("callback token", path.partition("token=")[2].partition("&")[0])

    leaks: dict[str, set[str]] = {"webhook": birds.found_in(letter)}
    for number, answer in enumerate(api.answers):
        leaks[f"answer {number} {answer[:60]!r}"] = birds.found_in(answer)
    allowed = {name: {"X-Mantis-Token"} for name in ("api_token", "serve.out")}
    for moment, kept in (("during", during.items()), ("after", files(guarded.data_dir))):
        for name, content in kept:
            leaks[f"{moment} {name}"] = birds.found_in(content) - allowed.get(name, set())
    for name, content in asyncio.run(histories(temporal_address(guarded), guarded.data_dir)):
        leaks[f"history {name}"] = birds.found_in(content)
    assert {place: found for place, found in leaks.items() if found} == {}


def _steps_of(api: Recorder, run_id: str) -> int:
    assert api.get(run_id)["status"] not in TERMINAL, api.get(run_id, "result")
    return sum(event["kind"] == "step" for event in api.get(run_id, "events")["events"])


def _refused(api: Recorder, birds: Canaries, bodies: dict[str, Document]) -> None:
    """Refusals that have a secret before their eyes."""
    secret = birds.hatch("refused")
    refused = [
        {"task_suite": [{"intent": "x", "type": secret}], "password": secret},
        {
            "task_suite": [{"intent": "x " + secret, "type": "click", "budget": secret}],
            "token": secret,
        },
        {"task_file": f"plans/{secret}.json", "secret": secret},
        {"plan_text": f"use {secret}", "password": secret},
        {**bodies["contents"], "max_cost": -1},
        {"task_suite": [{"intent": "{{secret.1}}", "type": "click"}], "password": secret},
        {"action": "resume", "run_id": secret, "user_input": secret},
    ]
    for body in refused:
        assert api.post(body).status_code in (400, 404), body


def _the_site_got_them(api: Recorder, site: Site, run_id: str, birds: Canaries) -> None:
    """The driver used the real values: the right password signed in, the query arrived."""
    steps = api.get(run_id, "result")["result"]["steps"]
    signed_in = [step for step in steps if step["type"] == "submit"]
    assert signed_in[0]["success"], steps
    queries = [visit["query"] for visit in site.requests() if visit["path"] == "/boats"]
    token, key = birds.tokens["step url token"], birds.tokens["step url api_key"]
    assert sum(token in query and key in query for query in queries) == 2, queries
    shown = json.dumps([step["intent"] for step in steps])
    assert "***" in shown and "{{" not in shown, shown


def test_what_turns_out_to_be_a_password_is_masked_from_then_on(
    guarded: LiveStack, caller: Recorder
) -> None:
    """The plan does not say that the field takes a password; the page does."""
    birds = Canaries()
    typed = birds.hatch("typed late")
    steps = [
        {
            "intent": f"Go to {guarded.demo_site}/account/login",
            "type": "navigate",
            "required": True,
        },
        {
            "intent": f"Put {typed} into the second box",
            "type": "fill_field",
            "required": True,
            "params": {"selector": "form input[autocomplete^=current]", "value": typed},
        },
        {"intent": f"Look for {typed}", "type": "detect_visible"},
    ]
    run_id = caller.accepted({"task_suite": steps, "about": typed})
    eventually(lambda: caller.get(run_id)["status"] in TERMINAL, 90, "the end of the run")
    caller.answers.clear()
    caller.read_all(run_id)
    intents = [step["intent"] for step in caller.get(run_id, "result")["result"]["steps"]]
    assert intents[1:] == ["Put *** into the second box", "Look for ***"]
    assert [answer for answer in caller.answers if birds.found_in(answer)] == []
    logs = [name for name, content in files(guarded.data_dir) if birds.found_in(content)]
    assert [name for name in logs if name.startswith(("logs", "tenants"))] == []
