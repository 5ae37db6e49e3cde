"""A condition in words: its negation taken off, its quoted text, its meaning words."""

import re
from dataclasses import dataclass

from inference.decisions import Check
from inference.extract.words import plain, stem
from plans.calls import Verdict

_NEGATIONS = (
    (re.compile(r"\b(?:does|do|did|should|must|will)(?:n't|n’t)\s+", re.I), ""),
    (
        re.compile(r"\b(is|are|was|were|has|have|does|do|can|should|must|will)(?:n't|n’t)\b", re.I),
        r"\1",
    ),
    (re.compile(r"\b(?:does|do|did|should|must|may|will)\s+not\s+", re.I), ""),
    (re.compile(r"\b(is|are|was|were|has|have|can|cannot|can)\s+not\b(?!\s+only)", re.I), r"\1"),
    (re.compile(r"\b(is|are)\s+no\s+longer\b", re.I), r"\1"),
    (re.compile(r"\b(ist|sind|wird|werden|hat)\s+nicht\b", re.I), r"\1"),
    (re.compile(r"\b(enthält|zeigt)\s+(.*?)\s*\bnicht\b", re.I), r"\1 \2"),
)
_QUOTED = re.compile(
    r"\"([^\"]+)\"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|‘([^’]+)’|(?<!\w)'([^']+)'(?!\w)|`([^`]+)`"
)
_FILLER = frozenset({
    "a", "an", "the", "this", "that", "is", "are", "be", "of", "to", "in", "on", "at", "for",
    "from", "with", "and", "or", "by", "it", "its", "as", "page", "site", "shows", "show",
    "showing", "shown", "displays", "display", "displayed", "visible", "lists", "list",
    "listed", "there", "has", "have", "contains", "contain", "user", "visitor", "currently",
    "now", "one", "web", "screen", "we", "you", "your", "his", "her", "their", "into", "der",
    "die", "das", "den", "dem", "des", "ein", "eine", "einer", "ist", "sind", "seite",
    "zeigt", "es", "gibt", "aus", "im", "von", "und", "mit", "fuer", "wird", "werden", "was",
    "were", "been", "who", "which", "s", "all", "any",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """`text` is the sentence as a positive one; `negated` whether its answer is turned round."""

    raw: str
    text: str
    negated: bool
    quoted: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Stems of the meaning words, quoted ones too."""
        return tuple(stem(w) for w in plain(self.text).split() if w not in _FILLER)

    def answer(self, truth: bool, evidence: str) -> Check:
        """The verdict on the sentence as it was written."""
        verdict: Verdict = "holds" if truth != self.negated else "fails"
        return Check(verdict=verdict, evidence=evidence)


def parse_clause(sentence: str) -> Clause:
    """Take a sentence apart."""
    text = " ".join(sentence.split()).strip().rstrip(".")
    negated = False
    for pattern, positive in _NEGATIONS:
        changed = pattern.sub(positive, text)
        if changed != text:
            text, negated = " ".join(changed.split()), not negated
    quoted = tuple(next(g for g in m.groups() if g) for m in _QUOTED.finditer(text))
    return Clause(sentence, text, negated, quoted)


def undecided(why: str) -> Check:
    """The answer where the page does not show it either way."""
    return Check(verdict="undecided", evidence=why)
