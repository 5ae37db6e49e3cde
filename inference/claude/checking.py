"""Gates and `verify`: whether a condition holds on the page."""

import re
from typing import Final, Literal

from inference.asking import CheckAsk, Judged, Seen
from inference.claude.page import escaped, line, listed, page_block
from inference.claude.prompt import Block, Prompt, picture_block, picture_tokens, text_block, user
from inference.claude.reading import read
from inference.claude.sending import Sent
from inference.claude.trust import speaks_to_models
from inference.claude.wording import question, system
from inference.extract.words import concepts, plain, stems
from inference.settings import ModelSettings
from plans.refusals import short
from plans.step import Frozen

SCHEMA: Final[Block] = {
    "type": "object",
    "properties": {
        "seen_in": {"type": "string", "enum": ["text", "picture", "absence"]},
        "evidence": {"type": "string"},
        "verdict": {"type": "string", "enum": ["holds", "fails", "undecided"]},
    },
    "required": ["seen_in", "evidence", "verdict"],
    "additionalProperties": False,
}
_MOST_TOKENS: Final = 2048
_MOST_TEXT: Final = 40_000
_MOST_QUICK_TEXT: Final = 8_000
_MOST_QUICK_WORDS: Final = 14
_MOST_EVIDENCE: Final = 300

_HARDER: Final = re.compile(
    r"\b(?:and|or|nor|but|if|unless|when|while|except|only|all|every|each|any|none|most|least"
    r"|than|between|before|after|above|below|left|right|next to|sorted|order(?:ed)? by|same"
    r"|different|match(?:es)?|compare[sd]?|cheap\w*|expensive|low\w*|high\w*|first|last|second"
    r"|third|colou?r\w*|red|green|blue|yellow|orange|grey|gray|picture|image|photo|icon|logo"
    r"|chart|graph|map|drawing|looks?|und|oder|nicht|kein\w*|alle|jede[rs]?|als|nur)\b"
    r"|\bno(?:t|ne)?\b|n't\b",
    re.IGNORECASE,
)
"""Words of conditions that join, compare, count out, negate, or are about the picture."""


class _Answer(Frozen):
    seen_in: Literal["text", "picture", "absence"]
    evidence: str
    verdict: Literal["holds", "fails", "undecided"]


def is_quick(ask: CheckAsk) -> bool:
    """Whether the quick model is asked: a short plain condition on a page of little text.

    Plain: at most 14 words, no word that joins, compares, counts out, negates, or asks what
    something looks like; and the page's text is there, 8,000 characters of it at most.
    """
    condition = ask.condition
    return (
        0 < len(ask.look.text) <= _MOST_QUICK_TEXT
        and len(condition.split()) <= _MOST_QUICK_WORDS
        and _HARDER.search(condition) is None
    )


def check_prompt(ask: CheckAsk, settings: ModelSettings) -> Prompt:
    """The question as it is sent."""
    look = ask.look
    page = page_block(look, elements=listed(look), most_text=_MOST_TEXT)
    tried = "; ".join(line(one, 200) for one in ask.said)
    text = question(
        "check_question",
        page=page,
        condition=escaped(ask.condition),
        said=f"Rules that read the page could not decide it: {tried}." if tried else "",
    )
    picture = look.picture
    return Prompt(
        model=settings.claude_quick_model if is_quick(ask) else settings.claude_model,
        system=system("check"),
        messages=(user(*([picture_block(picture)] if picture else []), text_block(text)),),
        max_tokens=_MOST_TOKENS,
        schema=SCHEMA,
        sizes={picture.key: picture_tokens(picture)} if picture else {},
    )


def judged(ask: CheckAsk, sent: Sent) -> Judged:
    """The verdict; undecided where it rests on a quote that the page does not have.

    Raises:
        Malformed: the answer is of another form.
    """
    answer = read(_Answer, sent)
    evidence = short(answer.evidence.replace("&lt;", "<"), _MOST_EVIDENCE)
    if answer.verdict == "undecided":
        return Judged(verdict="undecided", evidence=evidence)
    if answer.seen_in == "text" and not _quoted(ask, answer.evidence):
        return Judged(
            verdict="undecided",
            evidence=f"Claude says '{answer.verdict}', but what it quotes is not on the page",
        )
    return Judged(verdict=answer.verdict, evidence=evidence)


def _quoted(ask: CheckAsk, quote: str) -> bool:
    """Whether the page has the words of a quote one after another.

    Lines that speak to models bear nothing out, and a single word only where it is about the
    condition: a page may order any verdict, and has the word for it then.
    """
    wanted = plain(quote.replace("&lt;", "<").strip(" \"'“”„«»…"))
    if not wanted or (" " not in wanted and not _is_about(wanted, ask.condition)):
        return False
    names = (" ".join(_texts(one)) for one in ask.look.elements)
    said = (*ask.look.text.splitlines(), ask.look.title, ask.look.url, *names)
    lines = [line for line in said if not speaks_to_models(line)]
    shown = (*lines, " ".join(lines))
    return any(f" {wanted} " in f" {plain(one)} " for one in shown)


def _texts(seen: Seen) -> tuple[str, ...]:
    return (seen.name, seen.text, seen.value, seen.placeholder, *seen.options)


def _is_about(word: str, condition: str) -> bool:
    return bool({*stems(word)} & {*stems(condition)}) or bool(concepts(word) & concepts(condition))
