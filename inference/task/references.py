"""How a model names a run's secrets without knowing them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from plans.occurrences import MASK
from plans.placeholders import PLACEHOLDER, SECRET
from plans.suite import Auth
from plans.task import AUTH_PASSWORD, AUTH_USER

_WHOLE: Final = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


@dataclass(frozen=True)
class References:
    """The names that a model may write, each with the ledger's name of the secret.

    `auth.user_id` and `auth.password` stand for those of the suite; every other secret of the
    run goes by its own name.
    """

    names: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, auth: Auth) -> "References":
        """Those of a task, its `auth` as the plan holds it: with references."""
        pairs = ((AUTH_USER, auth.user_id), (AUTH_PASSWORD, auth.password))
        found = {name: whole[1] for name, text in pairs if (whole := _WHOLE.fullmatch(text))}
        return cls(found)

    def shown(self, text: str) -> str:
        """A text with references of the ledger, as a model reads it."""
        own = {secret: name for name, secret in reversed(tuple(self.names.items()))}

        def said(match: re.Match[str]) -> str:
            return f"{{{{{own.get(match[1], match[1])}}}}}"

        return PLACEHOLDER.sub(said, text)

    def without(self, text: str) -> str:
        """A text that is not the model's own, its look-alikes of these names as `***`."""
        return PLACEHOLDER.sub(lambda match: MASK if match[1] in self.names else match[0], text)

    def named(self, text: str) -> tuple[str, ...]:
        """The names of secrets that a text of a model writes, as the ledger knows them."""
        found = (self.names.get(name, name) for name in PLACEHOLDER.findall(text))
        return tuple(dict.fromkeys(name for name in found if name.startswith(SECRET)))

    def unknown(self, text: str) -> tuple[str, ...]:
        """Names that a text of a model writes and that stand for nothing."""
        names: Iterable[str] = PLACEHOLDER.findall(text)
        return tuple(
            name for name in names if name not in self.names and not name.startswith(SECRET)
        )

    def is_password(self, secret: str) -> bool:
        """Whether this is the password of the suite."""
        return self.names.get(AUTH_PASSWORD) == secret

    def filled(self, text: str, values: Mapping[str, str]) -> str:
        """The text with values, by the ledger's names, in the place of references."""

        def value(match: re.Match[str]) -> str:
            secret = self.names.get(match[1], match[1])
            return values.get(secret, match[0])

        return PLACEHOLDER.sub(value, text)
