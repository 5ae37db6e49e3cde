"""What a model may do on a step's behalf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.bounds import Bounds
from inference.decisions import ActKind
from plans.allowlist import Allowlist
from plans.sites import Hosts

HERE = "https://www.shop.example/list"
BOUNDS = Bounds(
    hosts=Hosts.of({"intent": "Open www.shop.example, then http://10.0.0.7"}, {}, ()),
    secrets={"secret.1": "hunter2", "secret.2": "other", "secret.answer.p1.0": 42},
    own=frozenset({"secret.1", "secret.answer.p1.0"}),
)


@pytest.mark.parametrize(
    ("href", "may"),
    [
        ("", True),
        ("https://www.shop.example/x", True),
        ("https://login.shop.example/", True),
        ("http://10.0.0.7:8080/", True),
        ("https://evil.example/", False),
        ("https://shop.example.evil.example/", False),
        ("https://notshop.example/", False),
        ("https://www.shop.example@evil.example/", False),
        ("https://110.0.0.7/", False),
        ("https://example/", False),
        ("https://op.example/", False),
        ("javascript:void(0)", True),
        ("file:///etc/passwd", False),
        ("chrome://settings", False),
        ("https://[broken", False),
    ],
)
def test_links_lead_where_the_plan_has_business(href: str, may: bool) -> None:
    assert BOUNDS.may_lead(HERE, href) is may


def test_a_tenants_allowlist_opens_hosts_to_acts_but_not_to_secrets() -> None:
    allowed = Allowlist(patterns=("*.okta.example",))
    bounds = Bounds(hosts=Hosts(BOUNDS.hosts.sites, allowed))
    assert bounds.may_lead(HERE, "https://acme.okta.example/")
    assert not bounds.may_lead(HERE, "https://evil.example/")
    assert not bounds.hosts.own("https://acme.okta.example/")


def test_only_the_steps_own_secrets_are_typed() -> None:
    assert BOUNDS.objection(ActKind.FILL, "{{secret.1}}") is None
    assert BOUNDS.objection(ActKind.FILL, "code {{secret.answer.p1.0}}") is None
    assert BOUNDS.objection(ActKind.FILL, "{{secret.2}}") is not None
    assert BOUNDS.objection(ActKind.TYPE, "{{ secret.2 }} and {{secret.1}}") is not None
    assert BOUNDS.objection(ActKind.PRESS, "{{secret.1}}") is not None
    assert BOUNDS.objection(ActKind.CLICK, "{{secret.1}}") is not None
    assert BOUNDS.objection(ActKind.INPUT, "{{secret.2}}") is None
    assert BOUNDS.objection(ActKind.FILL, "plain {{name}}") is None
    assert BOUNDS.filled("{{secret.1}} {{secret.2}}") == "hunter2 {{secret.2}}"
    assert BOUNDS.filled("{{secret.answer.p1.0}}") == "42"


@given(st.text(max_size=60))
def test_no_text_fills_in_a_secret_that_is_not_the_steps_own(text: str) -> None:
    for piece in (text, f"{text}{{{{secret.2}}}}", f"{{{{{text}}}}}"):
        assert "other" not in BOUNDS.filled(piece) or "other" in piece


def test_a_plan_that_names_no_host_opens_none() -> None:
    assert not Bounds().hosts.own("https://shop.example/")
    assert Bounds().may_lead(HERE, f"{HERE}#x")
    assert not Bounds().may_lead(HERE, "https://evil.example/")
