"""The parsers of addresses on any text: no exception, no time, no host that isn't one."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from plans.allowlist import Allowlist, is_pattern
from plans.step import Step
from plans.urls import (
    addresses_in,
    host_of,
    is_own_path,
    is_web_url,
    navigate_url,
    step_urls,
    urls_in,
    with_scheme,
)

PARTS = st.sampled_from(
    [
        *["https://", "http:", "//", "\\\\", "/", "@", ":", ".", "..", "?", "#", "%", "%2e", "%00"],
        *["good.example", "evil.example", "*.", "[::1]", "[", "]", "127.0.0.1", "0x7f", "www."],
        *["\t", "\n", " ", "\u3002", "\u200d", "\u00ad", "ß", "xn--", "{{x}}", "(", ")", "\ud7ff"],
        *["com", "localhost", ":80", "-", "_"],
    ]
)
ADDRESSES = st.lists(PARTS | st.text(max_size=6), max_size=12).map("".join)


@settings(max_examples=400, deadline=2000)
@given(ADDRESSES)
def test_any_text_is_read(text: str) -> None:
    host = host_of(text)
    assert host is None or (
        host.isascii() and host and host_of(f"https://{bracketed(host)}") == host
    )
    assert isinstance(is_own_path(text), bool)
    assert is_web_url(text) in (True, False)
    for found in (*urls_in(text), *addresses_in(text)):
        assert found in text
    assert set(urls_in(text)) <= set(addresses_in(text))


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@settings(max_examples=300, deadline=2000)
@given(ADDRESSES)
def test_where_a_step_leads_is_among_what_it_names(text: str) -> None:
    for step in (
        Step.model_validate({"intent": text, "type": "navigate"}),
        Step.model_validate({"intent": "go", "type": "navigate", "url": text}),
        Step.model_validate({"intent": text, "type": "navigate", "params": {"url": text}}),
    ):
        led = navigate_url(step)
        if led is not None:
            named = {host_of(url) for url in step_urls(step)}
            assert host_of(led) in named
            assert host_of(with_scheme(led)) == host_of(led)


@settings(max_examples=300, deadline=2000)
@given(ADDRESSES, ADDRESSES)
def test_an_allowlist_allows_no_host_that_is_not_below_its_patterns(
    pattern: str, address: str
) -> None:
    allowlist = Allowlist(patterns=(pattern,))
    host = host_of(address)
    if host is None or not allowlist.allows(host):
        return
    assert is_pattern(pattern)
    named = host_of(pattern.strip().removeprefix("*."))
    if pattern.strip().startswith("*."):
        assert named is not None and host.endswith(f".{named}") and host != named
    else:
        assert host == named


def test_long_texts_are_read_in_little_time() -> None:
    long = 200_000
    texts = [
        "a." * (long // 2),
        "https://" + "a" * long,
        "https://" * (long // 8),
        "https://a.com/" + ")" * long,
        "https://a.com/" + "([{" * (long // 3),
        "1." * (long // 2),
        "a@" * (long // 2),
        "www." * (long // 4),
        "%2e" * (long // 3),
        "-" * long + ".com",
        "ß." * (long // 2),
        "localhost:" * (long // 10),
        "xn--" * (long // 4) + ".",
        "\u200d" * long,
        "/\\" * (long // 2),
        ":" * long,
    ]
    for text in texts:
        started = time.process_time()
        for read in (host_of, urls_in, addresses_in, with_scheme, is_pattern, is_web_url):
            read(text)
        assert time.process_time() - started < 2, text[:20]
