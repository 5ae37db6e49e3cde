"""The sites that a plan names: where models may go on its behalf, and type its secrets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import JsonValue

from plans.allowlist import Allowlist
from plans.placeholders import fill_text, texts_in
from plans.urls import addresses_in, host_of, normalise_host, with_scheme

_DEFAULT = {"http": 80, "https": 443}
_NOT_ADDRESSES = frozenset({"verify", "metadata", "session_name"})


@dataclass(frozen=True)
class Site:
    """A host with its port; `secure`: the plan names it by https alone."""

    host: str
    port: int
    secure: bool


@dataclass(frozen=True)
class Hosts:
    """The sites that the plan names, and the tenant's allowlist, where there is one.

    A model goes only to those, and types secrets only on the plan's own.
    """

    sites: frozenset[Site] = frozenset()
    allowlist: Allowlist = field(default_factory=Allowlist)

    @classmethod
    def of(
        cls, plan: JsonValue, inputs: Mapping[str, JsonValue], patterns: tuple[str, ...]
    ) -> "Hosts":
        """Those of a plan as the ledger holds it.

        Each is a whole host that a text of the caller's names; what pages said plays no part.
        """
        found = (_site(fill_text(text, inputs)) for text in _addresses(plan, inputs))
        return cls(frozenset(one for one in found if one), Allowlist(patterns=patterns))

    @property
    def names(self) -> tuple[str, ...]:
        """What people and models read: hosts, with ports that are not the usual ones."""
        usual = _DEFAULT.values()
        shown = {one.host if one.port in usual else f"{one.host}:{one.port}" for one in self.sites}
        return tuple(sorted({*shown, *self.allowlist.patterns}))

    def name(self, host: str) -> bool:
        """Whether the plan names a host, by whatever port, or the site that it belongs to."""
        return any(one.host == host or _is_under(host, one) for one in self.sites)

    def may_visit(self, url: str) -> bool:
        """Whether a model may go to this address."""
        site = _site(url)
        if site is None:
            return False
        if self.allowlist.patterns:
            return self.allowlist.allows(site.host)
        return any(_same(one, site) or _is_below(site, one) for one in self.sites)

    def own(self, url: str) -> bool:
        """Whether a secret may be typed on a page of this address.

        Not on one that the plan names by https and that came without.
        """
        site = _site(url)
        if site is None:
            return False
        plain = site.port != _DEFAULT["https"] and not with_scheme(url).startswith("https:")
        return any(_same(one, site) and not (plain and one.secure) for one in self.sites)

    def addressed(self, url: str) -> str:
        """An address as a model writes it, with the scheme that the plan uses for its host."""
        full = with_scheme(url)
        site = _site(full)
        if site is None or "://" in url or not full.startswith("https:"):
            return full
        plain = any(one.host == site.host and not one.secure for one in self.sites)
        return f"http:{full.removeprefix('https:')}" if plain else full


def _addresses(value: JsonValue, inputs: Mapping[str, JsonValue]) -> Iterator[str]:
    """Every web address in the texts of a plan, those of its verify clauses left out."""
    match value:
        case dict():
            for name, inner in value.items():
                if name not in _NOT_ADDRESSES:
                    yield from _addresses(inner, inputs)
        case list():
            for inner in value:
                yield from _addresses(inner, inputs)
        case str():
            for text in texts_in(value):
                yield from addresses_in(fill_text(text, inputs))
        case _:
            return


def _site(url: str) -> Site | None:
    full = with_scheme(url)
    host = host_of(full)
    normal = None if host is None else normalise_host(host)
    if normal is None:
        return None
    try:
        parts = urlsplit(full)
        scheme = parts.scheme.lower()
        port = parts.port or _DEFAULT.get(scheme, 0)
    except ValueError:
        return None
    secure = scheme == "https" and "://" in url
    return Site(normal, port, secure) if scheme in _DEFAULT else None


def _is_below(site: Site, named: Site) -> bool:
    """Whether a host belongs to the site of one that is named: `shop.example.com` and its own."""
    return _is_under(site.host, named) and {site.port, named.port} <= set(_DEFAULT.values())


def _is_under(host: str, named: Site) -> bool:
    base = named.host.removeprefix("www.")
    by_name = "." in base and ":" not in base and not base.replace(".", "").isdigit()
    return by_name and (host == base or host.endswith(f".{base}"))


def _same(one: Site, other: Site) -> bool:
    usual = _DEFAULT.values()
    ports = one.port == other.port or (one.port in usual and other.port in usual)
    return one.host == other.host and ports
