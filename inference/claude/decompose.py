"""Plans in words into micro-plans."""

import hashlib
from collections.abc import Sequence
from typing import Final

from inference.asking import Pictures
from inference.claude.client import ClaudeModel
from inference.claude.page import line
from inference.claude.prompt import Prompt, assistant, text_block, user
from inference.claude.reading import read
from inference.claude.sending import Sent, answered
from inference.claude.wording import question, system
from inference.tally import Tally
from plans.caps import Caps
from plans.decomposition import SCHEMA, PlannedPlan, planned
from plans.errors import PlanError
from plans.json_text import canonical_json
from plans.plan import Plan
from plans.prices import Usage
from plans.step import Frozen

_MOST_TOKENS: Final = 16_000
_MOST_NAMES: Final = 200
_READING: Final = "1"
"""Changes with what `plans.decomposition` makes of an answer."""


def digest() -> str:
    """What `PROMPT_VERSION` has to be."""
    templates = question("decompose_question", inputs="", most="", text="")
    templates += question("decompose_repair", error="")
    said = canonical_json([_READING, system("decompose"), templates, SCHEMA])
    return hashlib.sha256(said.encode()).hexdigest()[:12]


class Decomposition(Frozen):
    """A plan in words as a micro-plan, and what it took.

    `plan` None: the answers of `tries` requests made no plan, `refusal` says why.
    """

    plan: Plan | None
    refusal: str = ""
    usage: Usage
    tries: int = 1


def most(text: str, names: Sequence[str], model: ClaudeModel, caps: Caps) -> int:
    """What decomposing may cost at most, micro-dollars, the repair included.

    Raises:
        UnknownPrice: the table of prices has none for the model.
    """
    prompt = _prompt(text, names, model, caps)
    answer = assistant("x" * _MOST_TOKENS * 2)
    prices = model.prices
    return prompt.most(prices) + prompt.followed_by(answer).most(prices)


async def decompose(
    text: str,
    names: Sequence[str],
    model: ClaudeModel,
    caps: Caps,
    tally: Tally | None = None,
) -> Decomposition:
    """Make a micro-plan of a plan in words.

    An answer that is no plan is given back once, with what is wrong with it.

    Args:
        text: the plan, secrets in it as references.
        names: the inputs of the run, which it may use as `{{name}}`.
        model: the tenant's.
        caps: the caps in force.
        tally: counts each request as its answer comes.

    Raises:
        ModelError: the planner gave no answer; its `usage` holds all requests.
    """
    prompt, sender = _prompt(text, names, model, caps), model.sender(planning=True)
    tally = tally or Tally()
    sent = await sender.whole(prompt, _NoPictures(), tally)
    try:
        return Decomposition(plan=_read(sent, text, names, caps), usage=sent.usage)
    except PlanError as error:
        wrong = error.message
    repair = text_block(question("decompose_repair", error=line(wrong, 500)))
    again = prompt.followed_by(answered(sent), user(repair))
    second = await sender.whole(again, _NoPictures(), tally)
    try:
        return Decomposition(plan=_read(second, text, names, caps), usage=second.usage, tries=2)
    except PlanError as error:
        refusal = f"the plan in words could not be made into steps: {error.message}"
        return Decomposition(plan=None, refusal=refusal, usage=second.usage, tries=2)


def _prompt(text: str, names: Sequence[str], model: ClaudeModel, caps: Caps) -> Prompt:
    known = ", ".join(f"{{{{{line(name)}}}}}" for name in names[:_MOST_NAMES])
    asked = question(
        "decompose_question",
        inputs=f"Inputs of the run: {known}." if known else "The run has no inputs.",
        most=str(caps.max_steps_per_plan),
        text=text.strip(),
    )
    return Prompt(
        model=model.settings.claude_planner_model,
        system=system("decompose"),
        messages=(user(text_block(asked)),),
        max_tokens=_MOST_TOKENS,
        schema=SCHEMA,
        effort="medium",
    )


def _read(sent: Sent, text: str, names: Sequence[str], caps: Caps) -> Plan:
    return planned(read(PlannedPlan, sent), text, names, caps)


class _NoPictures(Pictures):
    """There are none in a plan in words."""

    async def read(self, key: str) -> bytes:
        raise KeyError(key)
