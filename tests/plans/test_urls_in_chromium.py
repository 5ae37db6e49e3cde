"""Which host an address leads to, as Chromium itself says, beside what `plans.urls` says.

An address of which we name a host must lead to no other one. One of which we name none (no
allowlist lets it past) leads nowhere that a name server knows, or holds characters that this
Python is too old for.
"""

import ipaddress
import random
import re
import shutil
import unicodedata

import pytest
from playwright.async_api import async_playwright

from plans.urls import host_of, with_scheme

SCHEMES = [
    *["http://", "https://", "HTTPS://"] * 4,
    *["http:", "https:/", "http:\\\\", "https:/\\", "https:///", "//", "\\\\", "/\\", "ws://"],
    *[
        "",
        "ht\ttp://",
        "h\nttps://",
        " https://",
        "\x01http://",
        "http:\t//",
        "https:@",
        "http:////",
    ],
    *["ftp://", "file://", "javascript:", "data:", "about:", "view-source:http://", "blob:http://"],
]
USERS = [
    *[""] * 8,
    *["u@", "u:p@", "good.com@", "good.com:80@", "@", "@@", "a%40b@", "good.com\\@", "good.com/@"],
    *["good.com#@", "good.com?@", "u:p:q@", "good.com%2f@", "[@", "%5c@", "\t@", "good.com%23@"],
]
HOSTS = [
    *["good.com", "EVIL.com.", "evil.com", "localhost", "a_b.com", "-a.com", "a..b", "x.y.z.w"],
    *["1.2.3.4", "2130706433", "0x7f.1", "017700000001", "127.1", "0.0.0.0", "256", "4294967295"],
    *["4294967296", "0x", "1e3", "09", "08.1", "1.2.3.08", "1.2.3.4.", "1.2.3", "1.2.3.4.5"],
    *["0xa9fea9fe", "169.254.43518", "127.0.0.1.nip.io", "①②⑦.0.0.1", "1.2.3.4a"],
    *["[::1]", "[::ffff:1.2.3.4]", "[::ffff:7f00:1]", "[fe80::1]", "[1::2::3]", "[::1%25eth0]"],
    *["[v1.x]", "[0:0:0:0:0:0:13.1.68.3]", "[::127.0.0.1]", "[1:2:3:4:5:6:7:8]", "::1"],
    *["bücher.de", "BÜCHER.de", "straße.de", "ς.gr", "ẞ.de", "пример.рф", "日本語。jp", "ﷺ.com"],
    *["xn--bcher-kva.de", "xn--e1afmkfd.xn--p1ai", "xn--a.com", "xn--.com", "xn--ls8h.la"],
    *["evil。com", "ｅｖｉｌ．com", "ev\u00adil.com", "e\u200dvil.com", "evil\u200c.com", "☃.net"],
    *["💩.la", "İ.com", "K.com", "ſ.com", "Ⅷ.com", "\ufb01.com", "l·l.cat", "A\u030a.com", "Ꮔ.com"],
    *["\u0301a.com", "אב1.com", "a\u0660", "\ufeffevil.com", "evil\ufe0f.com", "a\u2024com", "ᵂ~a"],
    *["evil\u2060.com", "a\uff0fb.com", "a\u2100.com", "0\U000e0159177.1", "ᶦΩ.com", "ºẞ.de"],
    *["ev%69l.com", "evil%2ecom", "evil%00.com", "%e2%91%a0.com", "evil.com%20", "evil%2f.com"],
    *["%", "%zz", "a|b", "a^b", 'a"b', "a<b", "a b", "a!b.com", "a'b.com", "a;b.com", "a=b", "a~b"],
]
PORTS = [*[""] * 6, ":80", ":", ":0", ":65535", ":65536", ":8a", ":+80", ":-1", ":８０", ":080"]
TAILS = [
    "",
    "/",
    "/x",
    "?a",
    "#f",
    "\\x",
    "/@evil.com",
    "?@evil.com",
    "#@evil.com",
    ";x",
    "\\@e.com",
]
TAILS += [" ", "\t", "/../x", "&x"]

_IN_CHROMIUM = """addresses => addresses.map(address => {
  try {
    const url = new URL(address);
    return ['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) ? url.hostname : null;
  } catch {
    return null;
  }
})"""
_KNOWN_TO_NO_SERVER = re.compile(r"[^a-z0-9.\-_]|\.\.|^\.|^$")


def addresses(count: int, seed: int) -> list[str]:
    """Each host once, plainly, and many mixtures of all parts."""
    chance = random.Random(seed)
    mixed = [f"https://{host}" for host in HOSTS]
    while len(mixed) < count:
        host = chance.choice(HOSTS)
        if chance.random() < 0.3:
            host = f"{chance.choice(HOSTS)}.{host}"
        if chance.random() < 0.1:
            place, code = chance.randrange(len(host) + 1), chance.randrange(0x2FFF)
            host = host[:place] + chr(code) + host[place:]
        parts = (chance.choice(SCHEMES), chance.choice(USERS), host, chance.choice(PORTS))
        mixed.append("".join(parts) + chance.choice(TAILS))
    return mixed


def newer_than_this_python(text: str) -> bool:
    return any(unicodedata.category(char) == "Cn" for char in text)


def as_we_write(hostname: str) -> str:
    host = hostname.strip("[]").removesuffix(".")
    if ":" not in host:
        return host
    address = ipaddress.IPv6Address(host)
    return str(address.ipv4_mapped or address)


@pytest.mark.browser
async def test_no_address_leads_to_another_host_than_we_say() -> None:
    tried = addresses(6000, seed=20)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = await browser.new_page()
        sent = [with_scheme(address) for address in tried]
        hostnames: list[str | None] = await page.evaluate(_IN_CHROMIUM, sent)
        await browser.close()
    elsewhere: list[tuple[str, str | None, str]] = []
    unnamed: list[tuple[str, str]] = []
    agreed = 0
    for address, hostname in zip(tried, hostnames, strict=True):
        if hostname is None:
            continue
        host, real = host_of(address), as_we_write(hostname)
        if host == real:
            agreed += 1
        elif host is not None:
            elsewhere.append((address, host, real))
        elif not _KNOWN_TO_NO_SERVER.search(real) and not newer_than_this_python(address):
            unnamed.append((address, real))
    assert elsewhere == []
    assert unnamed == []
    assert agreed > 2000
