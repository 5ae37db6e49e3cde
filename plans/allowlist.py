"""Which hosts a plan names, and which of them a tenant may reach."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from pydantic import JsonValue

from plans.errors import OutsideAllowlist
from plans.placeholders import fill_step, fill_text, names_in
from plans.plan import Plan, PlanText
from plans.step import Frozen
from plans.suite import TaskSuite
from plans.urls import (
    addresses_in,
    host_of,
    is_own_path,
    is_relative,
    is_web_url,
    normalise_host,
    step_urls,
)

MOST_NAMED = 20
"""How many hosts outside the allowlist a refusal names."""

NO_HOST = "(an address without a web host)"
"""What stands for an address of which no host can be told."""


class Allowlist(Frozen):
    """Hosts a tenant may reach: exact names or `*.example.com` (any subdomain, not itself).

    Without patterns everything is allowed. A pattern that is no host allows nothing.
    """

    patterns: tuple[str, ...] = ()

    def allows(self, host: str) -> bool:
        """Whether a host, as it stands in a URL, may be reached."""
        if not self.patterns:
            return True
        normal = normalise_host(host)
        if normal is None:
            return False
        exact, suffixes = _compiled(self.patterns)
        return normal in exact or (normal.endswith(suffixes) if suffixes else False)

    def offending(self, hosts: Iterable[str]) -> list[str]:
        """Those of the hosts that are not allowed, sorted."""
        return sorted(host for host in set(hosts) if not self.allows(host))

    def check(self, hosts: Iterable[str]) -> None:
        """Refuse hosts that are not allowed.

        Raises:
            OutsideAllowlist: it names the first of them.
        """
        strangers = self.offending(hosts)
        if not strangers:
            return
        more = len(strangers) - MOST_NAMED
        named = ", ".join(strangers[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        raise OutsideAllowlist(f"plan references host(s) not in tenant allowlist: {named}")


def is_pattern(text: str) -> bool:
    """Whether a pattern can allow anything at all."""
    return _read(text) is not None


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    read = [name for name in map(_read, patterns) if name is not None]
    suffixes = tuple(name for name in read if name.startswith("."))
    return frozenset(read).difference(suffixes), suffixes


def _read(pattern: str) -> str | None:
    """The host that a pattern names, or `.suffix` for `*.suffix`; None where it is neither."""
    text = pattern.strip()
    if text.startswith("*."):
        suffix = normalise_host(text[2:])
        return None if suffix is None or _is_address(suffix) else f".{suffix}"
    return host_of(text) if is_web_url(text) else normalise_host(text)


def _is_address(host: str) -> bool:
    return ":" in host or host.rsplit(".", 1)[-1].isdigit()


def hosts_of(
    content: Plan | TaskSuite | PlanText, inputs: Mapping[str, JsonValue]
) -> frozenset[str]:
    """The hosts that a plan names, after filling in the inputs.

    An address that leads to no web host (another scheme, a host that a browser refuses) is
    `NO_HOST`, which no allowlist allows. A URL whose host hangs on what only the run will
    know names none here: the run's own network enforces the allowlist again.
    """
    hosts = (_host(fill_text(url, inputs)) for url in _urls(content, inputs))
    return frozenset(host for host in hosts if host is not None)


def _host(url: str) -> str | None:
    text = url.strip()
    host = host_of(text)
    if host is not None or not text or text.lower() == "about:blank":
        return host
    return None if is_own_path(text) or names_in(text) else NO_HOST


def _urls(content: Plan | TaskSuite | PlanText, inputs: Mapping[str, JsonValue]) -> Iterator[str]:
    match content:
        case Plan(steps=steps):
            for step in steps:
                yield from step_urls(fill_step(step, inputs))
        case TaskSuite(tasks=tasks, base_url=base_url):
            yield base_url
            for task in tasks:
                start = fill_text(task.start_url or "", inputs)
                if not (base_url and is_relative(start)):
                    yield start
                yield from addresses_in(fill_text(task.intent, inputs))
        case PlanText(text=text):
            yield from addresses_in(fill_text(text, inputs))
