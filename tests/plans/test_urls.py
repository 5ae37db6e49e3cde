"""Hosts as a browser reads them, and the allowlist that nothing may fool."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from plans.allowlist import Allowlist, hosts_of
from plans.caps import Caps
from plans.parse import parse_submission
from plans.plan import PlanText
from plans.step import Step
from plans.urls import host_of, navigate_url, normalise_host, urls_in


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com", "example.com"),
        ("HTTP://User:pw@Example.COM.:8080/x?y#z", "example.com"),
        ("https://good.com@evil.com/", "evil.com"),
        ("https://good.com:80@evil.com:90/", "evil.com"),
        ("https://good.com\\@evil.com/", "good.com"),
        ("https:\\\\evil.com", "evil.com"),
        ("https:evil.com", "evil.com"),
        ("https:///evil.com", "evil.com"),
        ("https://evil.com#@good.com", "evil.com"),
        ("https://evil.com?@good.com", "evil.com"),
        ("//host/x", "host"),
        ("/\\host/x", "host"),
        ("/\t/host/x", "host"),
        ("/boats", None),
        (" \thttps://ev\nil.com/ ", "evil.com"),
        ("https://good.com%2eevil.com", "good.com.evil.com"),
        ("https://good.com。evil.com", "good.com.evil.com"),
        ("http://%65xample.com", "example.com"),
        ("http://bücher.de", "xn--bcher-kva.de"),
        ("http://BÜCHER.de", "xn--bcher-kva.de"),
        ("http://straße.de", "xn--strae-oqa.de"),
        ("https://пример.рф/", "xn--e1afmkfd.xn--p1ai"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://017700000001", "127.0.0.1"),
        ("http://127.1", "127.0.0.1"),
        ("http://①②⑦.0.0.1", "127.0.0.1"),
        ("http://1.2.3.999/", None),
        ("http://1.2.3.4.5/", None),
        ("http://[::1]:80/", "::1"),
        ("http://[0:0::1]/", "::1"),
        ("http://[::ffff:127.0.0.1]/", "127.0.0.1"),
        ("http://[::1", None),
        ("http://[fe80::1%eth0]/", None),
        ("example.com:80/x", "example.com"),
        ("example.com/x", "example.com"),
        ("localhost:3000", "localhost"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("data:text/html,x", None),
        ("blob:https://evil.com/x", None),
        ("about:blank", None),
        ("http://ex ample.com", None),
        ("https://h:99999", None),
        ("https://h:x", None),
        ("http://", None),
        ("", None),
    ],
)
def test_the_host_of_a_url(url: str, host: str | None) -> None:
    assert host_of(url) == host


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_a_clean_host_or_none(text: str) -> None:
    for found in (host_of(text), host_of("https://" + text), normalise_host(text)):
        if found is not None:
            assert found.isascii()
            assert not set(found) & set("/\\@#? \t\r\n%")
            assert found == found.lower()
            assert normalise_host(found) == found


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (
            "Go to https://a.com/x, then (https://b.com/y) now.",
            ("https://a.com/x", "https://b.com/y"),
        ),
        ("Open https://en.wikipedia.org/wiki/A_(b).", ("https://en.wikipedia.org/wiki/A_(b)",)),
        ("Open example.com and wait", ("example.com",)),
        ("Navigate to www.foo.bar/baz?q=1.", ("www.foo.bar/baz?q=1",)),
        ("Visit http:\\\\evil.com", ("http:\\\\evil.com",)),
        ("See https://a.com/x" + ")" * 9, ("https://a.com/x",)),
        ("See [https://a.com/x[1]]", ("https://a.com/x[1]",)),
        ('Open "HTTPS://A.com/b"', ("HTTPS://A.com/b",)),
        ("Open file.txt or e.g. this", ()),
        ("Go to page 2.5 and mail joe@example.com", ()),
    ],
)
def test_urls_in_texts(text: str, urls: tuple[str, ...]) -> None:
    assert urls_in(text) == urls


def step(**fields: JsonValue) -> Step:
    return Step.model_validate({"intent": "go on", "type": "navigate", **fields})


@pytest.mark.parametrize(
    ("given_step", "url"),
    [
        (step(url="https://a.com", params={"url": "https://b.com"}), "https://a.com"),
        (step(params={"url": "https://b.com"}, intent="Go to https://c.com"), "https://b.com"),
        (step(intent="Go to https://c.com/x."), "https://c.com/x"),
        (step(intent="Go to c.com"), "https://c.com"),
        (step(url="localhost:80/x"), "http://localhost:80/x"),
        (step(url="127.0.0.1:80"), "http://127.0.0.1:80"),
        (step(url="//a.com/x"), "https://a.com/x"),
        (step(url="javascript:x"), "javascript:x"),
        (step(url="/boats"), "/boats"),
        (step(), None),
    ],
)
def test_where_a_navigate_step_leads(given_step: Step, url: str | None) -> None:
    assert navigate_url(given_step) == url


def test_patterns_allow_exact_names_and_subdomains() -> None:
    allowlist = Allowlist(patterns=("*.example.com", "good.com", "https://full.org/x", "1.2.3.4"))
    assert allowlist.allows("a.example.com")
    assert allowlist.allows("a.b.EXAMPLE.com.")
    assert allowlist.allows("good.com")
    assert allowlist.allows("full.org")
    assert allowlist.allows("16909060")
    for host in (
        "example.com",
        "example.com.evil.com",
        "xexample.com",
        "sub.good.com",
        "good.com.evil.com",
        "1.2.3.5",
        "::1",
        "",
        "not a host",
    ):
        assert not allowlist.allows(host), host
    assert allowlist.offending(["z.com", "good.com", "a.com", "z.com"]) == ["a.com", "z.com"]


def test_no_patterns_allow_all_and_broken_ones_none() -> None:
    assert Allowlist().allows("anything.example")
    assert not Allowlist(patterns=("*", "bad host", "*.")).allows("anything.example")


class NoFiles:
    def read_plan_file(self, path: str) -> str:
        raise AssertionError(path)


def test_the_hosts_that_a_plan_names() -> None:
    body: JsonValue = {
        "task_suite": [
            {"intent": "Go to {{site}}/x", "type": "navigate"},
            {"intent": "Open https://two.example/?u=https://no.example", "type": "navigate"},
            {"intent": "go", "type": "navigate", "params": {"url": "https://u@three.example:8/"}},
            {"intent": "go", "type": "navigate", "url": "https://{{found}}/x"},
            {"intent": "Type https://value.example", "type": "type_text", "out_var": "found"},
        ]
    }
    plan = parse_submission(body, NoFiles(), Caps()).content
    hosts = hosts_of(plan, {"site": "https://one.example"})
    assert hosts == {"one.example", "two.example", "three.example"}


def test_the_hosts_that_a_suite_and_a_text_name() -> None:
    body: JsonValue = {
        "task_suite": {
            "base_url": "https://base.example/crm",
            "tasks": [
                {"task_id": "a", "intent": "Open {{shop}} now", "start_url": "/contacts"},
                {"task_id": "b", "intent": "Look", "start_url": "//start.example/x"},
                {"task_id": "c", "intent": "Look", "start_url": "/\\{{other}}/x"},
                {"task_id": "d", "intent": "Look", "start_url": "leads/new"},
            ],
        }
    }
    suite = parse_submission(body, NoFiles(), Caps()).content
    hosts = hosts_of(suite, {"shop": "https://shop.example", "other": "other.example"})
    assert hosts == {"base.example", "shop.example", "start.example", "other.example"}
    assert hosts_of(PlanText(text="Read https://t.example."), {}) == {"t.example"}
