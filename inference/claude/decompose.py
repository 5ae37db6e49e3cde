"""Plans in words into micro-plans."""

from collections.abc import Sequence
from typing import Final

from inference.claude.client import ClaudeModel
from plans.caps import Caps
from plans.plan import Plan
from plans.prices import Usage
from plans.step import Frozen

PROMPT_VERSION: Final = "1"
"""Part of the cache's key: changes with the prompt, the schema or what is made of an answer."""


class Decomposition(Frozen):
    """A plan in words as a micro-plan, and what it took.

    `plan` None: the answers of `tries` requests made no plan, `refusal` says why.
    """

    plan: Plan | None
    refusal: str = ""
    usage: Usage
    tries: int = 1


def most(text: str, names: Sequence[str], model: ClaudeModel) -> int:
    """What decomposing may cost at most, micro-dollars, the repair included."""
    raise NotImplementedError


async def decompose(
    text: str, names: Sequence[str], model: ClaudeModel, caps: Caps
) -> Decomposition:
    """Make a micro-plan of a plan in words; `names` are the inputs it may use as `{{name}}`.

    Raises:
        ModelError: the planner gave no answer; its `usage` holds all tries.
    """
    raise NotImplementedError
