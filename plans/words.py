"""Plans in words: what tells one from another when they are decomposed."""

from collections.abc import Iterable

from pydantic import JsonValue

from plans.plan import PlanText, sign


def words_key(content: PlanText, names: Iterable[str]) -> str:
    """SHA-256 in hex of a plan in words, and of the names of the inputs it may use.

    Plans with the same key, decomposed by the same model with the same prompt, come to the
    same steps.
    """
    known: list[JsonValue] = [*sorted(set(names))]
    return sign({"plan_text": content.text, "names": known})
