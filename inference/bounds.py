"""What a model may do on a step's behalf, whatever a page says: the plan's hosts and secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from inference.decisions import ActKind
from plans.placeholders import PLACEHOLDER, SECRET, restored_text
from plans.sites import Hosts
from plans.urls import host_of

_WRITING: Final = (ActKind.FILL, ActKind.TYPE, ActKind.SELECT)
_PLAIN: Final = frozenset({"http", "https", "ws", "wss"})
_HARMLESS: Final = frozenset({"javascript", "mailto", "tel", "about", "blob", "data", ""})
_SCHEME: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")


@dataclass(frozen=True)
class Bounds:
    """The bounds of one step.

    `hosts` are those of the plan and the tenant's allowlist: where it has one, acts may lead to
    what it allows, but no secret is typed there. `secrets` are the run's by name; only those in
    `own` are the step's to use: those that it names itself, and what the user has answered it.
    """

    hosts: Hosts = field(default_factory=Hosts)
    secrets: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    own: frozenset[str] = frozenset()

    def objection(self, act: ActKind, text: str) -> str | None:
        """Why what a model wants to type can't be typed; None where it can."""
        names = {name for name in PLACEHOLDER.findall(text) if name.startswith(SECRET)}
        if not names or act is ActKind.INPUT:
            return None
        if act not in _WRITING or names - self.own:
            return "it wants to use a secret that the step does not name"
        return None

    def filled(self, text: str) -> str:
        """A text of a model with the step's own secrets in the place of their references."""
        own = {name: value for name, value in self.secrets.items() if name in self.own}
        return restored_text(text, own)

    def may_lead(self, here: str, href: str) -> bool:
        """Whether an act on a link may be done: where it leads, the run has business.

        What the link is called makes no difference: the page chooses its words.

        Args:
            here: the address of the page.
            href: where the link leads; empty for none.
        """
        if not href:
            return True
        match = _SCHEME.match(href)
        scheme = match[1].casefold() if match else ""
        if scheme not in _PLAIN:
            return scheme in _HARMLESS
        host = host_of(href)
        if host is None:
            return False
        if host == host_of(here) or self.hosts.name(host):
            return True
        allowed = self.hosts.allowlist
        return bool(allowed.patterns) and allowed.allows(host)
