"""The condition under which a step is taken at all: a variable's truth, or its opposite."""

import re
from collections.abc import Mapping
from typing import Self

from plans.errors import PlanError
from plans.step import Frozen

_GUARD = re.compile(r"(?P<negation>!|not\s)?\s*(?P<name>[^\s!][^\s]{0,127})")


class Guard(Frozen):
    """`name` must be true, or with `negated` must not be; an unknown variable is false."""

    name: str
    negated: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name`, `!name` or `not name`; the name may stand in `{{ }}`.

        Raises:
            PlanError: anything else.
        """
        plain = text[:256].replace("{{", " ").replace("}}", " ").strip()
        match = _GUARD.fullmatch(plain)
        if match is None or len(text) > 256:
            raise PlanError("a guard is a variable's name, or '!' or 'not' and the name")
        return cls(name=match["name"], negated=match["negation"] is not None)

    def admits(self, variables: Mapping[str, bool]) -> bool:
        """Whether a step with this guard is taken."""
        return variables.get(self.name, False) is not self.negated
