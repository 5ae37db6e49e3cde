"""The sites that a plan names: where models may go, and where secrets may be typed."""

import pytest

from plans.sites import Hosts

PLAN = {
    "base_url": "{{site}}/crm",
    "tasks": [
        {"intent": "Open http://127.0.0.1:9000/x", "start_url": "https://www.shop.test/a"},
        {"intent": "Look", "verify": {"type": "url_contains", "value": "http://evil.test"}},
    ],
    "session_name": "http://evil.test",
}
HOSTS = Hosts.of(PLAN, {"site": "https://crm.test"}, ())


@pytest.mark.parametrize(
    ("url", "visit", "own"),
    [
        ("https://crm.test/anything", True, True),
        ("http://crm.test/", True, False),
        ("https://CRM.test:443/", True, True),
        ("https://crm.test:8443/", False, False),
        ("https://my.crm.test/", True, False),
        ("https://www.shop.test/", True, True),
        ("https://shop.test/", True, False),
        ("http://127.0.0.1:9000/", True, True),
        ("http://127.0.0.1:9001/", False, False),
        ("http://localhost:9000/", False, False),
        ("http://evil.test/", False, False),
        ("https://evilcrm.test/", False, False),
        ("https://crm.test.evil.test/", False, False),
        ("https://crm.test@evil.test/", False, False),
        ("javascript:alert(1)", False, False),
        ("data:text/html,x", False, False),
        ("file:///etc/passwd", False, False),
        ("blob:https://crm.test/1", False, False),
        ("about:blank", False, False),
        ("", False, False),
    ],
)
def test_addresses(url: str, visit: bool, own: bool) -> None:
    assert (HOSTS.may_visit(url), HOSTS.own(url)) == (visit, own)


def test_a_tenants_allowlist_opens_and_closes() -> None:
    hosts = Hosts.of(PLAN, {"site": "https://crm.test"}, ("crm.test", "*.login.test"))
    assert hosts.may_visit("https://sso.login.test/") and not hosts.own("https://sso.login.test/")
    assert hosts.own("https://crm.test/") and not hosts.may_visit("https://www.shop.test/")


def test_addresses_without_a_scheme_take_the_plans() -> None:
    plain = Hosts.of({"base_url": "http://old.test/"}, {}, ())
    assert plain.addressed("old.test/a") == "http://old.test/a"
    assert plain.addressed("new.test/a") == "https://new.test/a"
    assert plain.names == ("old.test",)


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("crm.test", True),
        ("my.crm.test", True),
        ("shop.test", True),
        ("127.0.0.1", True),
        ("0.0.1", False),
        ("1.127.0.0.1", False),
        ("test", False),
        ("evilcrm.test", False),
        ("crm.test.evil.test", False),
        ("evil.test", False),
    ],
)
def test_hosts_are_named_whole(host: str, named: bool) -> None:
    assert HOSTS.name(host) is named
    assert not Hosts().name(host) and not Hosts().may_visit(f"https://{host}/")
