import ipaddress

import pytest

from activities.holder.addresses import (
    Blocked,
    BlockReason,
    Destination,
    PrivateHosts,
    parse_authority,
    resolve,
)


def test_an_authority_is_a_host_and_a_port() -> None:
    assert parse_authority("Example.COM:8080", None) == Destination("example.com", 8080)
    assert parse_authority("example.com.", 80) == Destination("example.com", 80)
    assert parse_authority("[::1]:443", None) == Destination("::1", 443)
    assert parse_authority("[::1]", 80).authority == "[::1]:80"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":80",
        "a:0",
        "a:65536",
        "a:b",
        "a@b:80",
        "a b:80",
        "a\\b:80",
        "[::1:80",
        "a:80:90",
        "::1",
    ],
)
def test_what_is_no_authority_is_refused(text: str) -> None:
    with pytest.raises(Blocked) as caught:
        parse_authority(text, None)
    assert caught.value.reason is BlockReason.BAD_REQUEST


def test_private_hosts_are_named_as_the_url_names_them() -> None:
    hosts = PrivateHosts(["127.0.0.1:8000", "Intranet.test:*", "[::1]:9000"])
    assert hosts.allows(Destination("127.0.0.1", 8000))
    assert hosts.allows(Destination("intranet.test", 1))
    assert hosts.allows(Destination("::1", 9000))
    assert not hosts.allows(Destination("127.0.0.1", 8001))
    assert not hosts.allows(Destination("localhost", 8000))


@pytest.mark.parametrize("entry", ["127.0.0.1", ":80", "a:", "a:x", ""])
def test_an_unreadable_private_host_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match="neither host:port nor host"):
        PrivateHosts([entry])


async def test_localhost_names_are_loopback_without_asking_anybody() -> None:
    for name in ("localhost", "foo.localhost"):
        assert all(address.is_loopback for address in await resolve(Destination(name, 80)))


async def test_odd_spellings_of_an_address_are_that_address() -> None:
    for spelling in ("2130706433", "0x7f.1", "0177.0.0.1", "127.1"):
        addresses = await resolve(Destination(spelling, 80))
        assert addresses == (ipaddress.ip_address("127.0.0.1"),)


async def test_a_name_without_address_is_not_resolved() -> None:
    with pytest.raises(Blocked) as caught:
        await resolve(Destination("nowhere.invalid", 80))
    assert caught.value.reason is BlockReason.NAME_NOT_RESOLVED
