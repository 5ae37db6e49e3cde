"""URLs as a browser reads them: which host one really leads to, and which one a step means."""

import ipaddress
import re
from unicodedata import category, normalize
from urllib.parse import unquote_to_bytes

from plans.step import Step, StepType

_TRIM = "".join(map(chr, range(0x21)))
_DROPPED = re.compile(r"[\t\r\n]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_PORT_FOLLOWS = re.compile(r"\d{1,5}(?:[/?#]|$)")
_OWN_PATH = re.compile(r"[/\\](?![/\\])")
_WEB = frozenset({"http", "https", "ws", "wss"})
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|%\"`{}*]")
_NUMBER = re.compile(r"(?:0[xX][0-9A-Fa-f]*|\d+)")
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_IGNORED = re.compile(
    "[\u00ad\u034f\u180b-\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_JOINERS = re.compile("[\u200c\u200d]")
_KEPT = frozenset("ßς")
_UNSURE = frozenset({"Cn", "Co", "Cs", "Cc", "Cf", "Zs"})
_TEXT_URL = re.compile(r"(?i)\bhttps?:[/\\]+[^\s<>\"'`]+")
_TLDS = (
    "com|org|net|edu|gov|mil|int|info|biz|xyz|online|site|shop|store|tech|cloud|news|blog|club|io"
    "|dev|app|ai|co|eu|de|uk|fr|es|pt|nl|lu|ch|dk|fi|se|cz|sk|hu|ro|gr|ru|ua|ie|ca|br|mx|ar|cl|za"
    "|au|nz|jp|kr|cn|tw|hk|sg|test|example|local|localhost|internal"
)
"""Endings that tell a host from a file's name or a sentence without a space."""
_TEXT_HOST = re.compile(
    r"(?i)(?<![\w@.\-])(?:www\.[\w\-]+(?:\.[\w\-]+)+"
    rf"|(?:[\w\-]+\.)+(?:{_TLDS}|xn--[a-z0-9\-]+|[^\W\d_\x00-\x7f]{{2,}})(?![\w.\-])"
    r"|(?:\d{1,3}\.){3}\d{1,3}(?![\w.\-])|localhost(?=[:/]\S))"
    r"(?::\d+)?(?:[/?#][^\s<>\"'`]*)?"
)
_MAX_HOST = 1024
_TAIL = ".,;:!?)]}'\"»”’"


def normalise_host(host: str) -> str | None:
    """A host as a browser would ask for it, or None when a browser would refuse it.

    So is one that no name server can know (with an empty label). Lower case,
    percent-decoded, punycode, without a trailing dot; IPv4 in any of its spellings as four
    decimal parts; IPv6 compressed, without brackets.
    """
    if len(host) > _MAX_HOST:
        return None
    if host.startswith("[") and host.endswith("]"):
        return _ipv6(host[1:-1])
    if ":" in host:
        return _ipv6(host)
    try:
        text = unquote_to_bytes(host.encode()).decode()
    except UnicodeError:
        return None
    ascii_host = _to_ascii(_DOTS.sub(".", text).removesuffix("."))
    if not ascii_host or len(ascii_host) > 253 or _FORBIDDEN.search(ascii_host):
        return None
    if "" in ascii_host.split("."):
        return None
    last = ascii_host.rsplit(".", 1)[-1]
    return _ipv4(ascii_host) if _NUMBER.fullmatch(last) else ascii_host


def _to_ascii(host: str) -> str | None:
    """A host in lower-case ASCII, by the mapping of UTS 46 as browsers apply it.

    None where that is not sure: joiners, and characters that this Python doesn't know.
    """
    if host.isascii():
        return host.lower()
    text = _folded(_folded(_IGNORED.sub("", host)))
    if _JOINERS.search(text) or any(category(char) in _UNSURE for char in text):
        return None
    return ".".join(map(_label, text.split(".")))


def _folded(text: str) -> str:
    """Compatibility forms and case folded, but for two letters that IDNA 2008 keeps."""
    kept = (char if char in _KEPT else char.casefold() for char in text.replace("ẞ", "ß"))
    return normalize("NFKC", "".join(kept))


def _label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


def _ipv6(host: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return None
    if address.scope_id is not None:
        return None
    mapped = address.ipv4_mapped
    return address.compressed if mapped is None else str(mapped)


def _ipv4(host: str) -> str | None:
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    *high, low = numbers
    if any(number > 255 for number in high) or low >= 256 ** (5 - len(numbers)):
        return None
    value = low + sum(number << 8 * (3 - place) for place, number in enumerate(high))
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int:
    if len(part) > 32:
        raise ValueError(part)
    if part[:2] in ("0x", "0X"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if len(part) > 1 and part.startswith("0") else 10)


def split_url(url: str) -> tuple[str, str, str] | None:
    """Take a web URL apart as a browser would: scheme, host, and port with the rest.

    A URL without scheme is read as https. None for anything but http, https, ws and wss,
    for a path of the page's own site, and for a host that a browser refuses.
    """
    text = _DROPPED.sub("", url.strip(_TRIM))
    if _OWN_PATH.match(text):
        return None
    scheme, rest = "https", text
    match = _SCHEME.match(text)
    if match and not _PORT_FOLLOWS.match(text, match.end()):
        scheme, rest = match[1].lower(), text[match.end() :]
        if scheme not in _WEB:
            return None
    rest = rest.lstrip("/\\")
    cut = re.search(r"[/\\?#]", rest)
    authority, path = (rest[: cut.start()], rest[cut.start() :]) if cut else (rest, "")
    where = authority.rpartition("@")[2]
    host, colon, port = where, "", ""
    if ":" in where and not where.endswith("]"):
        host, colon, port = where.rpartition(":")
        if port and not (port.isascii() and port.isdigit() and int(port[:9]) <= 65535):
            return None
    normal = normalise_host(host)
    return None if normal is None else (scheme, normal, (colon + port if port else "") + path)


def host_of(url: str) -> str | None:
    """The host that a URL leads to, normalised; None when it leads to no web host."""
    parts = split_url(url)
    return None if parts is None else parts[1]


def is_web_url(url: str) -> bool:
    """Whether a text is a whole http(s) URL that leads to a host."""
    match = _SCHEME.match(url)
    return bool(match) and match[1].lower() in ("http", "https") and host_of(url) is not None


def urls_in(text: str) -> tuple[str, ...]:
    """The web addresses in a text, in order: those with a scheme, else bare host names."""
    found = _TEXT_URL.findall(text) or _TEXT_HOST.findall(text)
    return tuple(_trimmed(url) for url in found)


def addresses_in(text: str) -> tuple[str, ...]:
    """All web addresses in a text: those with a scheme, and the bare hosts beside them."""
    found = (*_TEXT_URL.findall(text), *_TEXT_HOST.findall(_TEXT_URL.sub(" ", text)))
    return tuple(_trimmed(url) for url in found)


def _trimmed(url: str) -> str:
    """Without the sentence's punctuation, and without brackets that close nothing in it."""
    unopened = {end: url.count(end) - url.count(start) for start, end in ("()", "[]", "{}")}
    end = len(url)
    while end and url[end - 1] in _TAIL:
        last = url[end - 1]
        if last in unopened:
            if unopened[last] <= 0:
                break
            unopened[last] -= 1
        end -= 1
    return url[:end]


def navigate_url(step: Step) -> str | None:
    """Where a navigate step leads: `url`, `params.url`, or the first URL in its intent."""
    for url in (step.url, step.params.url):
        if url is not None and url.strip():
            return with_scheme(url)
    found = urls_in(step.intent)
    return with_scheme(found[0]) if found else None


def with_scheme(url: str) -> str:
    """The URL, with a scheme put before one that names a host without one.

    That is https, and http for localhost and bare addresses, as browsers choose. A path
    such as `/boats` stays one: it is relative to the page that is open.
    """
    text = _DROPPED.sub("", url.strip(_TRIM))
    match = _SCHEME.match(text)
    if _OWN_PATH.match(text) or (match and not _PORT_FOLLOWS.match(text, match.end())):
        return text
    rest = text.lstrip("/\\")
    host = host_of(rest) or ""
    local = host == "localhost" or ":" in host or host[-1:].isdigit()
    return f"{'http' if local else 'https'}://{rest}"


def is_relative(url: str) -> bool:
    """Whether a URL names neither a scheme nor a host, so that it lies below another."""
    text = _DROPPED.sub("", url.strip(_TRIM))
    return not _SCHEME.match(text) and not (text[:1] in ("/", "\\") and text[1:2] in ("/", "\\"))


def is_own_path(url: str) -> bool:
    """Whether a URL is a path of the site that is open, such as `/boats`."""
    return _OWN_PATH.match(_DROPPED.sub("", url.strip(_TRIM))) is not None


def step_urls(step: Step) -> tuple[str, ...]:
    """Every URL that a step names as a place to go to."""
    named = [url for url in (step.url, step.params.url) if url]
    return (*named, *(addresses_in(step.intent) if step.type is StepType.NAVIGATE else ()))
