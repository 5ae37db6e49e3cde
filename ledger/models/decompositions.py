"""Plans in words, and the steps that a model made of them. Times are microseconds."""

from pydantic import JsonValue

from plans.step import Frozen


class NewDecomposition(Frozen):
    """Steps that a model made of a plan in words.

    `words` is the plan's `plans.words.words_key`; `plan` is the document of the plan as
    decomposed, before any clamping.
    """

    tenant_id: str
    words: str
    model: str
    prompt_version: str
    plan: JsonValue


class Decomposition(NewDecomposition):
    """The same as kept."""

    created_at: int
