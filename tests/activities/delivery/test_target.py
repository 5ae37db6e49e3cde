import pytest

from activities.delivery.errors import BadTarget
from activities.delivery.target import read_target, shown_url


def test_a_url_in_its_parts() -> None:
    target = read_target("https://Hooks.Example.com/in?token=abc#part")
    assert (target.scheme, target.host, target.port) == ("https", "hooks.example.com", 443)
    assert target.authority == "hooks.example.com"
    assert target.path == b"/in?token=abc"
    assert target.shown == "https://hooks.example.com"


def test_ports_addresses_and_names_of_other_scripts() -> None:
    assert read_target("http://[2606:4700::1111]:8080/").host == "2606:4700::1111"
    assert read_target("http://[2606:4700::1111]:8080/").authority == "[2606:4700::1111]:8080"
    assert read_target("http://münchen.example").host == "xn--mnchen-3ya.example"
    assert read_target("http://example.com").path == b"/"
    assert read_target("http://example.com:80/").port == 80


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "//example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://[::1/",
        "http://example.com/\r\nX-Injected: 1",
        "http://" + "a" * 70000,
        "http://\ud800/",
        "javascript:alert(1)",
    ],
)
def test_what_a_webhook_can_not_go_to(url: str) -> None:
    with pytest.raises(BadTarget):
        read_target(url)
    assert shown_url(url) == "unreadable URL"


def test_user_info_path_and_query_are_not_shown() -> None:
    url = "https://user:pa55@hooks.example.com:8443/secret-path?token=t0ken"
    target = read_target(url)
    for text in (target.shown, shown_url(url), repr(target)):
        assert "hooks.example.com:8443" in text
        for secret in ("user", "pa55", "secret-path", "t0ken", target.authorization):
            assert secret not in text
