"""Contract, section 3: plan shapes, options, the answer, and the artifacts."""

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.contract.live.conftest import (
    NAVIGATE,
    TITLE,
    Caller,
    Document,
    Door,
    Tenants,
    waiting,
)
from tests.e2e.live import LiveStack, Site

pytestmark = pytest.mark.stack

ISO_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
RUN_ID = re.compile(r"\d{8}_\d{6}_[0-9a-f]{8}")
HANDLE = [
    "status", "mode", "model", "run_id", "created_at", "updated_at", "payload", "profile_id",
    "workflow_id", "status_path", "result_path", "csv_path", "events_path",
]  # fmt: skip
WORDS = "Open example.com and read its title."


def dry(caller: Caller, **body: object) -> Document:
    """A plan as it is understood."""
    answer = caller.post({"dry_run": True, **body})
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


SHAPES: list[tuple[str, object]] = [
    ("task_suite", {"tasks": [{"task_id": "a", "intent": "Open the list"}]}),
    ("task_suite", {"_micro_plan": [NAVIGATE]}),
    ("task_suite", {"steps": [NAVIGATE]}),
    ("task_suite", [NAVIGATE]),
    ("task_file_contents", json.dumps([NAVIGATE])),
    ("task_file", "mine/suite.json"),
    ("micro", "mine/bare.json"),
]


@pytest.mark.parametrize(("shape", "value"), SHAPES)
def test_each_plan_shape_is_understood(acme: Caller, shape: str, value: object):
    """
    > One plan shape, looked for in this order: `task_suite` (an object with `tasks`, an object with
    > `_micro_plan` or `steps`, or a bare array of steps), `task_file_contents` (the same as a JSON
    > string), `task_file` (path), `micro` (path to a JSON or plain-text plan; plain text is a
    > `plan_text`), `plan_text`.
    """
    seen = dry(acme, **{shape: value})
    assert seen["shape"] == shape
    assert "tasks" in seen["plan"] or len(seen["plan"]["steps"]) == 1


def test_plain_text_is_a_plan_text(tenants: Tenants, secrets_dir: Path):
    """> `micro` (path to a JSON or plain-text plan; plain text is a `plan_text`), `plan_text`."""
    (secrets_dir / "smart_key").write_text("sk-test")
    for body in ({"micro": "mine/words.txt"}, {"plan_text": WORDS}):
        assert dry(tenants["smart"], **body)["plan"]["text"] == WORDS
    (secrets_dir / "smart_key").unlink()


def test_of_several_shapes_the_first_wins_and_the_log_says_so(acme: Caller):
    """> Of several the first wins, and the log says so."""
    body: Document = {
        "plan_text": WORDS,
        "micro": "mine/full.json",
        "task_file": "mine/suite.json",
        "task_file_contents": json.dumps([NAVIGATE, TITLE]),
        "task_suite": [NAVIGATE],
    }
    for shape in ("task_suite", "task_file_contents", "task_file", "micro"):
        assert dry(acme, **body)["shape"] == shape
        run_id = acme.submit(**body)
        log = acme.get(f"/v1/runs/{run_id}/logs").text
        assert f"taken from {shape}" in log and "plan_text" in log
        del body[shape]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("mine/bare.json", 200),
        ("plans/mine/bare.json", 200),
        ("mine/link.json", 200),
        ("top.json", 400),
        ("/etc/hostname.json", 400),
        ("mine/../mine/bare.json", 400),
        ("../plan.json", 400),
        ("mine/out.json", 400),
        ("mine/bare.yaml", 400),
    ],
)
def test_paths_name_files_in_subfolders_of_the_plan_folders(acme: Caller, path: str, status: int):
    """
    > Paths name `.json` or `.txt` files in subfolders of the plan folders (`MANTIS_PLANS_PATH`,
    > default `plans`; a leading `plans/` may be written or left out): anything absolute, with `..`,
    > or a link leading out is 400.
    """
    for shape in ("micro", "task_file"):
        assert acme.post({shape: path, "dry_run": True}).status_code == status


def test_a_plan_files_runtime_is_beaten_by_the_callers_options(acme: Caller):
    """
    > A plan file is a bare array of steps or `{"runtime": {…}, "steps": […]}` with any other keys
    > kept as metadata; the caller's options beat the plan's `runtime`.
    """
    assert dry(acme, micro="mine/bare.json")["max_cost"] == 25
    seen = dry(acme, micro="mine/full.json")
    assert seen["max_cost"] == 3 and seen["payload"]["perception"] == "as_planned"
    assert seen["plan"]["metadata"]["owner"] == "us"
    assert dry(acme, micro="mine/full.json", max_cost=2)["max_cost"] == 2


def test_plan_text_is_accepted_at_once(tenants: Tenants, secrets_dir: Path):
    """> `plan_text` is accepted at once; decomposing it is the run's first step;"""
    (secrets_dir / "smart_key").write_text("sk-test")
    handle = tenants["smart"].handle(plan_text=WORDS)
    assert handle["status"] == "queued"
    tenants["smart"].wait(handle["run_id"])
    (secrets_dir / "smart_key").unlink()


def test_detached_false_blocks_and_answers_the_result(acme: Caller):
    """> `detached` | true | false blocks and answers with what `action: result` would give"""
    assert acme.handle()["mode"] == "detached"
    answer = acme.post({"task_suite": [NAVIGATE], "detached": False}).json()
    assert answer["status"] == "succeeded" and answer["result_ready"] is True
    assert answer == acme.act("result", answer["run_id"]).json()


def test_one_run_at_a_time_for_each_profile(acme: Caller, stack: LiveStack):
    """
    > `profile_id` | none | the browser profile (cookies, logins) of this tenant to use and keep.
    > One run at a time per profile: the next one stays `queued` until it is free. None: a fresh
    > profile, thrown away
    """
    first = acme.submit(task_suite=waiting(60), profile_id="shared")
    acme.wait_until(first, "running")
    second = acme.submit(profile_id="shared")
    third = acme.submit(profile_id="shared")
    assert acme.wait(acme.submit())["status"] == "succeeded"
    assert [acme.status(run)["status"] for run in (second, third)] == ["queued", "queued"]
    acme.cancel(first)
    assert acme.wait(second)["status"] == acme.wait(third)["status"] == "succeeded"
    started = [acme.status(run)["started_at"] for run in (first, second, third)]
    assert started == sorted(started)
    assert acme.status(third)["started_at"] >= acme.status(second)["finished_at"]
    kept = stack.data_dir / "tenants" / "acme" / "profiles"
    assert [folder.name for folder in kept.iterdir()] == ["shared"]


class CookieSite:
    """A page that gives each visitor a lasting cookie and notes those it is sent."""

    def __init__(self) -> None:
        seen: list[str] = []

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/":
                    seen.append(self.headers.get("Cookie", ""))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Set-Cookie", f"visit=n{len(seen)}; Max-Age=3600; Path=/")
                self.end_headers()
                self.wfile.write(b"<title>A page</title><h1>A page</h1>")

            def log_message(self, format: str, *args: object) -> None:
                return

        self.seen = seen
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_a_profile_keeps_its_cookies_and_a_fresh_one_has_none(acme: Caller):
    """
    > the browser profile (cookies, logins) of this tenant to use and keep.

    > None: a fresh profile, thrown away
    """
    site = CookieSite()
    steps = [{"intent": f"Go to {site.url}", "type": "navigate", "required": True}]
    for options in ({"profile_id": "jar"}, {"profile_id": "jar"}, {}, {}):
        assert acme.wait(acme.submit(task_suite=steps, **options))["status"] == "succeeded"
    site.close()
    assert site.seen == ["", "visit=n1", "", ""]


def test_the_workflow_id_is_the_start_of_the_plans_signature(acme: Caller):
    """
    > `workflow_id` | first 12 hex digits of the plan's signature | the checkpoint's name for this
    > tenant.
    """
    seen = dry(acme, task_suite=[NAVIGATE])
    assert seen["workflow_id"] == seen["signature"][:12]
    assert re.fullmatch(r"[0-9a-f]{12}", seen["workflow_id"])
    assert dry(acme, task_suite=[NAVIGATE], workflow_id="mine")["workflow_id"] == "mine"
    assert dry(acme, task_suite=[NAVIGATE, TITLE])["workflow_id"] != seen["workflow_id"]


def test_state_key_fills_what_is_not_given(acme: Caller):
    """
    > `state_key` | "" | older name: fills `profile_id` and `workflow_id` where those are not given
    """
    seen = dry(acme, task_suite=[NAVIGATE], state_key="old")
    assert seen["profile_id"] == seen["workflow_id"] == "old"
    seen = dry(acme, task_suite=[NAVIGATE], state_key="old", profile_id="p", workflow_id="w")
    assert (seen["profile_id"], seen["workflow_id"]) == ("p", "w")


def test_resume_state_without_a_run_to_go_on_from_starts_fresh(acme: Caller):
    """> None, or the newest one succeeded: start fresh and say so in the log."""
    run_id = acme.submit(resume_state=True, workflow_id="never-seen")
    assert acme.wait(run_id)["status"] == "succeeded"
    assert "fresh start" in acme.get(f"/v1/runs/{run_id}/logs").text


def test_inputs_fill_the_plans_names(acme: Caller, stack: LiveStack):
    """
    > `inputs` | {} | values for `{{name}}` in the plan; a name the plan uses and nobody gives is
    > 400. `serve --demo-site` presets `demo_site`
    """
    step = {"intent": "Go to {{where}}/boats?visitor={{who}}", "type": "navigate"}
    answer = acme.post({"task_suite": [step], "inputs": {"who": "x"}})
    assert answer.status_code == 400 and "where" in answer.json()["detail"]
    inputs = {"where": stack.demo_site, "who": "inputs-test"}
    assert acme.wait(acme.submit(task_suite=[step], inputs=inputs))["status"] == "succeeded"
    assert Site(stack.demo_site).requests("inputs-test")
    assert dry(acme, task_suite=[NAVIGATE])["payload"]["inputs"]["demo_site"] == stack.demo_site


def test_limits_of_money_and_time_are_the_smallest_of_all(tenants: Tenants, acme: Caller):
    """
    > `max_cost` / `max_time_minutes` | 25.0 / 60 | > 0, else 400; effective value = min(server,
    > tenant, request).
    """
    seen = dry(acme, task_suite=[NAVIGATE])
    assert (seen["max_cost"], seen["max_time_minutes"]) == (25, 60)
    seen = dry(acme, task_suite=[NAVIGATE], max_cost=99, max_time_minutes=999)
    assert (seen["max_cost"], seen["max_time_minutes"]) == (25, 60)
    seen = dry(tenants["poor"], task_suite=[NAVIGATE], max_cost=20)
    assert (seen["max_cost"], seen["max_time_minutes"]) == (1.5, 7)
    seen = dry(tenants["poor"], task_suite=[NAVIGATE], max_cost=0.5, max_time_minutes=1)
    assert (seen["max_cost"], seen["max_time_minutes"]) == (0.5, 1)
    for name in ("max_cost", "max_time_minutes"):
        for value in (0, -1, "much", True):
            assert acme.post({"task_suite": [NAVIGATE], name: value}).status_code == 400


def test_a_place_for_the_proxy_has_no_effect_and_the_log_says_so(acme: Caller):
    """
    > `proxy_city`, `proxy_state` | none | geo of the upstream proxy; without one configured:
    > accepted, and the log says that it has no effect
    """
    run_id = acme.submit(proxy_city="Miami", proxy_state="FL")
    assert "no effect" in acme.get(f"/v1/runs/{run_id}/logs").text


def test_recordings_are_accepted_and_not_there_yet(acme: Caller):
    """
    > `record_video`, `video_format`, `video_fps` | false, mp4, 5 | mp4, webm or gif, else 400; fps
    > clamped to 1..30. While this build cannot record: accepted, `video.error` is
    > `recording-not-available`
    """
    plain = dry(acme, task_suite=[NAVIGATE])["payload"]
    assert (plain["record_video"], plain["video_format"], plain["video_fps"]) == (False, "mp4", 5)
    for given, used in ((0, 1), (-5, 1), (31, 30), (900, 30), (12, 12)):
        seen = dry(acme, task_suite=[NAVIGATE], video_fps=given)
        assert seen["payload"]["video_fps"] == used
    assert acme.post({"task_suite": [NAVIGATE], "video_format": "avi"}).status_code == 400
    for kind in ("mp4", "webm", "gif"):
        assert dry(acme, task_suite=[NAVIGATE], video_format=kind)
    result = acme.wait(acme.submit(record_video=True))
    assert result["result"]["video"]["error"] == "recording-not-available"


@pytest.mark.parametrize("url", ["ftp://a.test/x", "a.test/hook", "http://", "javascript:1", 7])
def test_a_callback_url_must_be_http(acme: Caller, url: object):
    """> `callback_url` | tenant's | webhook of this run; http(s)."""
    assert acme.post({"task_suite": [NAVIGATE], "callback_url": url}).status_code == 400
    assert dry(acme, task_suite=[NAVIGATE], callback_url="https://a.test/hook?x=1")


def test_rows_are_held_to_the_extraction_schema(acme: Caller):
    """
    > `extraction_schema` | none | JSON Schema of one record: rows are validated against it, missing
    > stays null
    """
    schema = {
        "type": "object",
        "properties": {"make": {"type": "string"}, "wingspan": {"type": "number"}},
        "required": ["make"],
    }
    steps = [
        NAVIGATE,
        {"intent": "Click the title of the first boat listing", "type": "click"},
        {"intent": "Extract the boat", "type": "extract_data"},
    ]
    result = acme.wait(acme.submit(task_suite=steps, extraction_schema=schema))
    (row,) = result["result"]["rows"]
    assert row["make"] and row["wingspan"] is None and "year" not in row
    assert acme.post({"task_suite": steps, "extraction_schema": {"type": 5}}).status_code == 400


def test_perception_is_auto_unless_said(acme: Caller):
    """> `perception` | `auto` (`MANTIS_PERCEPTION`) | section 10"""
    assert dry(acme, task_suite=[NAVIGATE])["payload"]["perception"] == "auto"
    seen = dry(acme, task_suite=[NAVIGATE], perception="as_planned")
    assert seen["payload"]["perception"] == "as_planned"
    assert acme.post({"task_suite": [NAVIGATE], "perception": "psychic"}).status_code == 400


def test_a_dry_run_starts_nothing(acme: Caller):
    """
    > `dry_run` | false | validate, clamp, and answer with the plan as understood and its estimated
    > cost; nothing starts
    """
    before = acme.get("/v1/runs", limit=1).json()["runs"]
    loop = {"intent": "Again", "type": "loop", "loop_target": 0, "loop_count": 999}
    seen = dry(acme, task_suite=[NAVIGATE, loop], max_cost=99)
    assert seen["dry_run"] is True and seen["max_cost"] == 25
    assert seen["plan"]["steps"][1]["loop_count"] == 50
    assert isinstance(seen["estimated_cost"], float)
    assert acme.get("/v1/runs", limit=1).json()["runs"] == before
    assert acme.post({"task_suite": [], "dry_run": True}).status_code == 400


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("a b/c", "a_b_c"),
        ("../../etc", "_.._etc"),
        ("..hidden", "hidden"),
        ("x" * 300, "x" * 128),
        ("naïve", "na_ve"),
        ("A-z_0.9", "A-z_0.9"),
    ],
)
def test_identifiers_are_cut_to_what_is_safe(acme: Caller, given: str, used: str):
    """
    > Identifiers are cut to 128 characters of `[A-Za-z0-9_.-]` (anything else becomes `_`, leading
    > dots go) and live under the tenant's own folder, so no caller can name another tenant's.
    """
    seen = dry(acme, task_suite=[NAVIGATE], profile_id=given, workflow_id=given)
    assert seen["profile_id"] == seen["workflow_id"] == used


def test_two_tenants_profiles_of_one_name_have_nothing_in_common(
    tenants: Tenants, acme: Caller, stack: LiveStack
):
    """> live under the tenant's own folder, so no caller can name another tenant's."""
    other = tenants["other"]
    first = acme.submit(task_suite=waiting(60), profile_id="same-name")
    acme.wait_until(first, "running")
    assert other.wait(other.submit(profile_id="same-name"))["status"] == "succeeded"
    acme.cancel(first)
    for tenant in ("acme", "other"):
        assert (stack.data_dir / "tenants" / tenant / "profiles" / "same-name").is_dir()


def test_unknown_fields_are_accepted_and_echoed(acme: Caller):
    """> Unknown fields are accepted and echoed."""
    payload = acme.handle(campaign="spring", nested={"a": [1, None]})["payload"]
    assert payload["campaign"] == "spring" and payload["nested"] == {"a": [1, None]}


def test_secrets_show_as_stars_wherever_they_stand(acme: Caller):
    """
    > Secrets (`auth.*`, `user_input`, fields called password, token, secret or api_key) are taken
    > out at the door and replaced by references; a value typed into a password or code field is
    > treated the same from then on; every occurrence of such a value, in intents too, shows as
    > `"***"` in all that leaves the service.
    """
    secret = "correct-horse-battery"
    for field in ("password", "token", "secret", "api_key", "user_input"):
        handle = acme.handle(
            task_suite=[NAVIGATE, {"intent": f"Say {secret}", "type": "wait",
                                   "params": {"seconds": 0}}],
            **{field: secret},
        )  # fmt: skip
        run_id = handle["run_id"]
        seen = json.dumps(handle) + json.dumps(acme.wait(run_id))
        for part in ("status", "logs", "events", "artifacts/result.json"):
            seen += acme.get(f"/v1/runs/{run_id}/{part}").text
        assert secret not in seen
        assert handle["payload"][field] == "***" and "Say ***" in seen
    suite = {"tasks": [{"task_id": "a", "intent": f"Log in with {secret}"}],
             "auth": {"user_id": "ann@example.com", "password": secret}}  # fmt: skip
    handle = acme.handle(task_suite=suite)
    seen = json.dumps(handle) + json.dumps(acme.wait(handle["run_id"]))
    assert secret not in seen and "ann@example.com" not in seen
    typed = "typed-into-a-field"
    fill = {"intent": "Fill the password field", "type": "fill_field",
            "params": {"label": "Password", "value": typed}}  # fmt: skip
    handle = acme.handle(task_suite=[NAVIGATE, fill])
    assert typed not in json.dumps(handle) + json.dumps(acme.wait(handle["run_id"]))


def test_the_answer_has_every_field(acme: Caller):
    """
    > Answer, 200, every field always there: `{"status":"queued","mode":"detached","model":"holo3",
    > "run_id":"YYYYMMDD_HHMMSS_xxxxxxxx","created_at","updated_at","payload":{…the request with
    > defaults and clamped values…},"profile_id","workflow_id","status_path","result_path",
    > "csv_path","events_path"}`.
    """
    handle = acme.handle(max_cost=99)
    assert sorted(handle) == sorted(HANDLE)
    assert (handle["status"], handle["mode"], handle["model"]) == ("queued", "detached", "holo3")
    assert RUN_ID.fullmatch(handle["run_id"])
    payload = handle["payload"]
    assert payload["max_cost"] == 25 and payload["max_time_minutes"] == 60
    assert payload["task_suite"] == [NAVIGATE] and payload["detached"] is True
    assert handle["profile_id"] is None


def test_times_are_iso_with_milliseconds(acme: Caller, succeeded: str):
    """> Times are ISO 8601 UTC with ms and `Z`."""
    status = acme.status(succeeded)
    for name in ("created_at", "updated_at", "started_at", "finished_at"):
        assert ISO_MS.fullmatch(status[name])


def test_the_paths_are_keys_of_files_that_are_there_at_the_end(acme: Caller, stack: LiveStack):
    """
    > The `*_path` values (and `video.path`) are keys in the artifact store,
    > `tenants/<tenant>/runs/<run_id>/{status.json,result.json,leads.csv,events.log}`; the files are
    > there when the run is terminal (`MANTIS_DATA_DIR`, default `data`).
    """
    handle = acme.handle()
    run_id = handle["run_id"]
    folder = f"tenants/acme/runs/{run_id}"
    names = {"status": "status.json", "result": "result.json", "csv": "leads.csv",
             "events": "events.log"}  # fmt: skip
    for kind, name in names.items():
        assert handle[f"{kind}_path"] == f"{folder}/{name}"
    acme.wait(run_id)
    for kind in names:
        assert (stack.data_dir / handle[f"{kind}_path"]).is_file()
    written = json.loads((stack.data_dir / handle["result_path"]).read_text())
    assert written["status"] == "succeeded" and written["run_id"] == run_id


def test_the_gates_stand_in_their_order(tenants: Tenants):
    """> Order of the gates: JSON, schema, caps, allowlist, idempotency, rate, concurrency."""
    listed = tenants["listed"]
    stranger = {"intent": "Go to https://stranger.test/", "type": "navigate"}
    assert listed.raw(b'{"task_suite": [{"type": "fly"}], ').json()["detail"].find("JSON") >= 0
    schema = listed.post({"task_suite": [{**stranger, "type": "fly"}] * 201})
    assert schema.status_code == 400 and "fly" in schema.json()["detail"]
    caps = listed.post({"task_suite": [stranger] * 201})
    assert caps.status_code == 400 and "200" in caps.json()["detail"]
    good = {"intent": "Go to https://example.com/", "type": "navigate"}
    assert listed.post({"task_suite": [good]}, key="gates").status_code == 200
    assert listed.post({"task_suite": [stranger]}, key="gates").status_code == 403
    slow = tenants["slow"]
    while slow.post({"task_suite": [NAVIGATE], "dry_run": True}).status_code != 429:
        pass
    assert slow.post({"task_suite": []}).status_code == 400
    two = tenants["two"]
    running = [two.submit(task_suite=waiting(60)) for _ in range(2)]
    replay = {"task_suite": waiting(60)}
    keyed = two.post(replay, key="full")
    assert keyed.status_code == 429
    for run_id in running:
        two.cancel(run_id)


def test_a_browser_reaches_nothing_outside_the_allowlist(tenants: Tenants, stack: LiveStack):
    """
    > While the run goes on, the browser itself reaches nothing else; with or without an allowlist
    > it reaches no private, loopback, link-local or metadata address unless the operator allows it
    > (`MANTIS_ALLOW_PRIVATE_HOSTS`, a list of host:port).
    """
    listed = tenants["listed"]
    port = stack.demo_site.rpartition(":")[2]
    allowed = {**NAVIGATE, "intent": f"Go to http://127.0.0.1:{port}/boats"}
    assert listed.wait(listed.submit(task_suite=[allowed]))["status"] == "succeeded"
    link = CookieSite()
    unknown = {
        "intent": "Go on",
        "type": "navigate",
        "required": True,
        "params": {"url": f"http://localhost:{link.server.server_port}/{{{{found}}}}"},
    }
    assert listed.post({"task_suite": [unknown], "inputs": {"found": ""}}).status_code == 403
    link.close()
    free = tenants["acme-1"]
    for host in ("10.0.0.1", "169.254.169.254", "[::1]:1", "192.168.1.1"):
        blocked = {"intent": f"Go to http://{host}/", "type": "navigate", "required": True}
        result = free.wait(free.submit(task_suite=[blocked]))
        assert result["error"] == "navigation_blocked", host


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("example.com", True),
        ("EXAMPLE.com", True),
        ("example.com.", True),
        ("example.com:8443", True),
        ("user:pass@example.com", True),
        ("www.example.com", False),
        ("example.com.evil.com", False),
        ("evil.com/example.com", False),
        ("evil.com?example.com", False),
        ("evil.com#example.com", False),
        ("example.com@evil.com", False),
        ("a.shop.example", True),
        ("a.b.shop.example", True),
        ("shop.example", False),
        ("xshop.example", False),
    ],
)
def test_a_host_must_match_exactly_or_by_a_star(tenants: Tenants, host: str, allowed: bool):
    """
    > **Allowlist.** A tenant with `allowed_domains`: every host that the plan names (navigate URLs
    > in intent, `url` or `params`;

    > `base_url`, `start_url`;

    > URLs in task intents; what `plan_text` decomposes into) must match an exact name or
    > `*.example.com` (any depth of subdomain; not `example.com` itself, not `example.com.evil.com`;
    > parsed as a URL, so user-info, ports, fragments and `?` cannot fool it).
    """
    url = f"https://{host}/"
    task = {"task_id": "a", "intent": "Read the page"}
    shapes: list[Document] = [
        {"task_suite": [{"intent": f"Go to {url}", "type": "navigate"}]},
        {"task_suite": [{"intent": "Go", "type": "navigate", "url": url}]},
        {"task_suite": [{"intent": "Go", "type": "navigate", "params": {"url": url}}]},
        {"task_suite": {"base_url": url, "tasks": [task]}},
        {"task_suite": {"tasks": [{**task, "start_url": url}]}},
        {"task_suite": {"tasks": [{**task, "intent": f"Open {url}"}]}},
        {"task_suite": [{"intent": "Go to {{u}}", "type": "navigate"}], "inputs": {"u": url}},
        {"task_file_contents": json.dumps([{"intent": "Go", "type": "navigate", "url": url}])},
    ]
    for body in shapes:
        answer = tenants["listed"].post({**body, "dry_run": True})
        assert answer.status_code == (200 if allowed else 403), body


def test_caps_come_from_the_environment(open_door: Callable[..., Door]):
    """
    > **Caps** (environment, with default): `MANTIS_MAX_STEPS_PER_PLAN` 200 (400 above it),
    > `MANTIS_MAX_LOOP_ITERATIONS` 50 (silently clamps `loop_count`), `MANTIS_MAX_RUN_STEPS` 20000
    > (executed steps of one run, nested loops included), `MANTIS_MAX_RUNTIME_MINUTES` 60,
    > `MANTIS_MAX_COST_USD` 25.0.
    """
    door = open_door(
        MANTIS_API_TOKEN="t",
        MANTIS_MAX_STEPS_PER_PLAN="3",
        MANTIS_MAX_LOOP_ITERATIONS="4",
        MANTIS_MAX_RUN_STEPS="5",
        MANTIS_MAX_RUNTIME_MINUTES="6",
        MANTIS_MAX_COST_USD="7",
    )
    caller = door.caller("t")
    go = {"intent": "Go to https://example.com/", "type": "navigate"}
    assert caller.post({"task_suite": [go] * 4}).status_code == 400
    loop = {"intent": "Again", "type": "loop", "loop_target": 0, "loop_count": 99}
    seen = dry(caller, task_suite=[go, go, loop], max_cost=50, max_time_minutes=50)
    assert seen["plan"]["steps"][2]["loop_count"] == 4
    assert (seen["max_cost"], seen["max_time_minutes"], seen["max_steps"]) == (7, 6, 5)
