"""Attempts to name a host outside the allowlist, through HTTP, in every shape of a plan.

The tenant may reach `good.example`, `*.wild.example` and `bücher.example`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

NOT_ALLOWED = "plan references host(s) not in tenant allowlist: "
NO_HOST = "(an address without a web host)"


@dataclass(frozen=True)
class Attempt:
    """An address and the host that it leads to. `told`: it can stand in a sentence as it is."""

    url: str
    host: str
    told: bool = True


EVIL = [
    Attempt("https://evil.example", "evil.example"),
    Attempt("https://evil.example/good.example", "evil.example"),
    # user-info
    Attempt("https://good.example@evil.example/", "evil.example"),
    Attempt("https://good.example:443@evil.example/", "evil.example"),
    Attempt("https://a:b@c:d@evil.example/", "evil.example"),
    Attempt("https://good.example%2F@evil.example/", "evil.example"),
    Attempt("https://good.example%23@evil.example", "evil.example"),
    Attempt("https://@evil.example", "evil.example"),
    # ports
    Attempt("https://evil.example:443/", "evil.example"),
    Attempt("https://evil.example:0080", "evil.example"),
    Attempt("https://good.example:80@evil.example:90/", "evil.example"),
    Attempt("https://good.example:99999", NO_HOST),
    Attempt("https://good.example:8a", NO_HOST),
    # query and fragment
    Attempt("https://evil.example?good.example", "evil.example"),
    Attempt("https://evil.example?@good.example", "evil.example"),
    Attempt("https://evil.example#@good.example/", "evil.example"),
    Attempt("https://evil.example#.good.example", "evil.example"),
    # names beside the patterns
    Attempt("https://good.example.evil.example", "good.example.evil.example"),
    Attempt("https://sub.good.example", "sub.good.example"),
    Attempt("https://xgood.example", "xgood.example"),
    Attempt("https://wild.example", "wild.example"),
    Attempt("https://wild.example.evil.example", "wild.example.evil.example"),
    Attempt("https://xwild.example", "xwild.example"),
    Attempt("https://good.example..", NO_HOST, told=False),
    # case and trailing dots
    Attempt("HTTPS://EVIL.EXAMPLE./", "evil.example"),
    Attempt("hTTp://eViL.eXaMpLe", "evil.example"),
    # unicode and punycode
    Attempt("https://\uff45\uff56\uff49\uff4c.example", "evil.example"),
    Attempt("https://evil\u3002example", "evil.example"),
    Attempt("https://good.example\u3002evil.example", "good.example.evil.example"),
    Attempt("https://e\u00advil.example", "evil.example"),
    Attempt("https://g\u043eod.example", "xn--god-sed.example"),
    Attempt("https://b\u00fccher.evil.example", "xn--bcher-kva.evil.example"),
    Attempt("https://xn--god-sed.example", "xn--god-sed.example"),
    Attempt("https://good\u200d.example", NO_HOST),
    Attempt("https://stra\u00dfe.example", "xn--strae-oqa.example"),
    # addresses
    Attempt("http://127.0.0.1/", "127.0.0.1"),
    Attempt("http://127.1", "127.0.0.1"),
    Attempt("http://2130706433/", "127.0.0.1"),
    Attempt("http://0x7f000001/", "127.0.0.1"),
    Attempt("http://0177.0.0.1/", "127.0.0.1"),
    Attempt("http://017700000001", "127.0.0.1"),
    Attempt("http://\u2460\u2461\u2466.0.0.1", "127.0.0.1"),
    Attempt("http://169.254.169.254/latest", "169.254.169.254"),
    Attempt("http://[::1]:80/", "::1"),
    Attempt("http://[::ffff:127.0.0.1]/", "127.0.0.1"),
    Attempt("http://[0:0:0:0:0:0:0:1]/", "::1"),
    Attempt("http://256.1.1.1/", NO_HOST),
    # slashes and backslashes
    Attempt("//evil.example/x", "evil.example"),
    Attempt("https:evil.example", "evil.example"),
    Attempt("https:/evil.example", "evil.example"),
    Attempt("https:///evil.example", "evil.example"),
    Attempt("https:\\\\evil.example", "evil.example"),
    Attempt("https:/\\evil.example", "evil.example"),
    Attempt("https://evil.example\\@good.example", "evil.example"),
    Attempt("\\\\evil.example", "evil.example"),
    Attempt("/\\evil.example", "evil.example"),
    Attempt("https://evil.example\\.good.example", "evil.example"),
    # encoded characters
    Attempt("https://%65vil.example", "evil.example"),
    Attempt("https://evil%2Eexample", "evil.example"),
    Attempt("https://good.example%2Eevil.example", "good.example.evil.example"),
    Attempt("https://good.example%00.evil.example", NO_HOST),
    Attempt("https://good.example%20.evil.example", NO_HOST),
    Attempt("https://good.example%5C@evil.example", "evil.example"),
    Attempt("https://good%zz.example", NO_HOST),
    # white space that a browser drops
    Attempt("ht\ntps://ev\til.example", "evil.example", told=False),
    Attempt(" \x01https://evil.example", "evil.example"),
    Attempt("https://good.example\t@evil.example", "evil.example", told=False),
    Attempt("/\t/evil.example", "evil.example", told=False),
    Attempt("https:\n//evil.example", "evil.example"),
    # other schemes
    Attempt("javascript:location='https://evil.example'", NO_HOST, told=False),
    Attempt("data:text/html,x", NO_HOST, told=False),
    Attempt("file:///etc/passwd", NO_HOST, told=False),
    Attempt("view-source:https://evil.example", NO_HOST, told=False),
    Attempt("blob:https://good.example/1", NO_HOST, told=False),
    Attempt("ftp://evil.example", NO_HOST, told=False),
    Attempt("ws://evil.example", "evil.example", told=False),
    # without a scheme
    Attempt("evil.example", "evil.example"),
    Attempt("evil.example:443/x", "evil.example"),
    Attempt("good.example@evil.example", "evil.example", told=False),
    Attempt("www.evil.example", "www.evil.example"),
]

GOOD = [
    "https://good.example",
    "http://good.example:8080/x?y=https://evil.example#z",
    "HTTPS://GOOD.EXAMPLE./",
    "https://user:pass-1@good.example/",
    "https://evil.example@good.example/",
    "https://a.wild.example",
    "https://a.b.c.WILD.example/x",
    "https://b\u00fccher.example",
    "https://B\u00dcCHER.example",
    "https://xn--bcher-kva.example",
    "https://good%2Eexample/",
    "good.example/x",
    "//good.example",
]


def shapes(url: str, folder: Path, *, told: bool) -> Iterator[tuple[str, dict[str, object]]]:
    """The address in every place of every shape; `told` adds those where it is in a sentence."""
    go = {"intent": "Open the page", "type": "navigate"}
    by_url, by_params = [{**go, "url": url}], [{**go, "params": {"url": url}}]
    yield "a step's url", {"task_suite": by_url}
    yield "a step's params", {"task_suite": by_params}
    yield "a later step", {"task_suite": [{"intent": "Wait", "type": "wait"}, *by_params]}
    yield "another step's url", {"task_suite": [{"intent": "x", "type": "click", "url": url}]}
    yield "a micro-plan", {"task_suite": {"_micro_plan": by_url}}
    yield "steps of an object", {"task_suite": {"steps": by_params, "name": "x"}}
    yield "a JSON text", {"task_file_contents": json.dumps(by_url)}
    task = {"task_id": "a", "intent": "Look"}
    yield "a base_url", {"task_suite": {"base_url": url, "tasks": [task]}}
    yield "a start_url", {"task_suite": {"tasks": [{**task, "start_url": url}]}}
    yield (
        "an input",
        {"task_suite": [{**go, "url": "{{where}}"}], "inputs": {"where": url}},
    )
    yield (
        "an input of the plan's own",
        {"task_suite": {"runtime": {"inputs": {"w": url}}, "steps": [{**go, "url": "{{w}}"}]}},
    )
    yield (
        "half of an input",
        {
            "task_suite": [{**go, "params": {"url": "{{a}}{{ b }}"}}],
            "inputs": {"a": url[: len(url) // 2], "b": url[len(url) // 2 :]},
        },
    )
    (folder / "mine" / "attempt.json").write_text(json.dumps({"steps": by_url}))
    yield "a micro file", {"micro": "mine/attempt.json"}
    yield "a task file", {"task_file": "plans/mine/attempt.json"}
    if not told:
        return
    sentence = f"Go to {url} and wait"
    yield "a navigate's intent", {"task_suite": [{"intent": sentence, "type": "navigate"}]}
    yield "a task's intent", {"task_suite": {"tasks": [{**task, "intent": sentence}]}}
    yield "words", {"plan_text": sentence}
    yield "words in a file", {"micro": "mine/attempt.txt"}
    yield (
        "an input in an intent",
        {
            "task_suite": [{"intent": "Go to {{w}} now", "type": "navigate"}],
            "inputs": {"w": url},
        },
    )


@pytest.fixture
def secrets(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "anthropic_api_key").write_text("sk-narrow")


def write_words(folder: Path, url: str) -> None:
    (folder / "mine" / "attempt.txt").write_text(f"Go to {url} and wait", newline="")


async def ask(client: httpx.AsyncClient, body: dict[str, object]) -> httpx.Response:
    return await client.post(
        "/v1/predict", json={**body, "dry_run": True}, headers={"X-Mantis-Token": "narrow-1"}
    )


@pytest.mark.parametrize("attempt", EVIL, ids=lambda attempt: ascii(attempt.url))
async def test_an_attempt_is_refused_in_every_shape(
    tenants: httpx.AsyncClient, plans_folder: Path, secrets: None, attempt: Attempt
):
    write_words(plans_folder, attempt.url)
    for place, body in shapes(attempt.url, plans_folder, told=attempt.told):
        answer = await ask(tenants, body)
        assert answer.status_code == 403, (place, answer.text)
        detail = answer.json()["detail"]
        assert detail.startswith(NOT_ALLOWED), place
        if place in ("a step's url", "a step's params", "a base_url", "a micro file"):
            assert detail == NOT_ALLOWED + attempt.host, place


@pytest.mark.parametrize("url", GOOD, ids=ascii)
async def test_what_is_allowed_is_allowed_in_every_shape(
    tenants: httpx.AsyncClient, plans_folder: Path, secrets: None, url: str
):
    write_words(plans_folder, url)
    for place, body in shapes(url, plans_folder, told=True):
        answer = await ask(tenants, body)
        assert answer.status_code == 200, (place, answer.text)


async def test_a_tenant_without_an_allowlist_may_name_any(tenants: httpx.AsyncClient):
    steps = [{"intent": "Go", "type": "navigate", "url": attempt.url} for attempt in EVIL]
    answer = await tenants.post(
        "/v1/predict",
        json={"task_suite": steps, "dry_run": True},
        headers={"X-Mantis-Token": "acme-1"},
    )
    assert answer.status_code == 200, answer.text


async def test_all_hosts_are_named_up_to_twenty(tenants: httpx.AsyncClient):
    steps = [
        {"intent": f"Go to https://h{number:02}.evil.example", "type": "navigate"}
        for number in range(25)
    ]
    few = (await ask(tenants, {"task_suite": steps[:2]})).json()["detail"]
    assert few == NOT_ALLOWED + "h00.evil.example, h01.evil.example"
    many = (await ask(tenants, {"task_suite": steps})).json()["detail"]
    assert many.endswith("h19.evil.example and 5 more")


async def test_what_only_the_run_will_know_is_left_to_its_network(tenants: httpx.AsyncClient):
    steps = [
        {"intent": "Ask", "type": "request_user_input", "params": {"prompt": "Where?"}},
        {"intent": "Go", "type": "navigate", "url": "{{user_input}}"},
        {"intent": "Go", "type": "navigate", "url": "https://{{user_input}}/x"},
        {"intent": "Go", "type": "navigate", "url": "/boats"},
        {"intent": "Go", "type": "navigate", "url": "about:blank"},
        {"intent": "Type https://evil.example", "type": "type_text", "params": {"value": "x"}},
    ]
    assert (await ask(tenants, {"task_suite": steps})).status_code == 200


async def test_a_secret_in_an_address_is_in_no_refusal(tenants: httpx.AsyncClient):
    steps = [
        {"intent": "Go to https://{{password}}.evil.example", "type": "navigate"},
        {"intent": "Go to https://user:sesame-canary@evil.example", "type": "navigate"},
        {"intent": "Go to https://sesame-canary.evil.example", "type": "navigate"},
    ]
    body = {"task_suite": steps, "inputs": {"password": "sesame-canary"}}
    answer = await ask(tenants, body)
    assert answer.status_code == 403
    assert "canary" not in answer.text
