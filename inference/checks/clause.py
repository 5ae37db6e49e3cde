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
    (re.compile(r"\bno\s+longer\s+", re.I), ""),
    (re.compile(r"\b(is|are)\s+(?:missing|absent|gone|invisible)$", re.I), r"\1 visible"),
    (re.compile(r"\bnicht mehr\b\s*", re.I), ""),
    (re.compile(r"\b(ist|sind|wird|werden|hat)\s+nicht\b", re.I), r"\1"),
    (re.compile(r"\b(enthält|zeigt)\s+(.*?)\s*\bnicht\b", re.I), r"\1 \2"),
)
_ODD = re.compile(
    r"\b(?:no|not|never|none|nothing|nobody|nowhere|neither|nor|without|lacks?|lacking|missing"
    r"|absent|gone|hidden|invisible|disappear\w*|vanish\w*|removed|cannot|fail(?:s|ed)? to|unable"
    r"|stop\w*|hardly|barely|rarely|zero|empty|free of|instead|rather|than the|other than|except"
    r"|besides|only|just|exclusively|but|unless|if|when(?:ever)?|because|false|wrong|untrue"
    r"|kein\w*|nicht|nie|niemals|niemand|ohne|fehl(?:t|en)|leer|nur|wenn|falls|außer|statt|weder"
    r"|ne|pas|sans|aucun\w*|jamais|sin|nunca|ning[uú]n\w*|nadie|non|senza|nessun\w*|mai|niet|geen"
    r"|zonder|não|sem|nenhum\w*|bez|inte|ingen|ikke)\b|\bn['’]|n['’]t\b",
    re.I,
)
_VAGUE = re.compile(
    r"\b(?:about|around|nearly|roughly|approximately|almost|circa|ca\.|etwa|ungefähr|fast|some)\s+"
    r"[$€£]?\d"
    r"|\b(?:first|second|third|last|previous(?:ly)?|earlier|later|before|yesterday|recently|soon|will"
    r"|once|twice|always|sometimes|most(?!\s+\d)|many|several|few|both|half|majority)\b",
    re.I,
)
_QUANTIFIED = re.compile(
    r"\b(?:all|every|each|any|some|at least one|one of|(?:any|some)(?:thing|body|one)|alle[ns]?"
    r"|jede[rsnm]?|mindestens ein\w*|einige|todos|todas|cada|tous|toutes|chaque|alguno?s?)\b",
    re.I,
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

    @property
    def bare(self) -> str:
        """The sentence as a positive one, quoted texts left out."""
        return _QUOTED.sub(" ", self.text)

    @property
    def odd(self) -> bool:
        """Whether words are left that turn a meaning round, or narrow it."""
        return _ODD.search(self.bare) is not None

    @property
    def vague(self) -> bool:
        """Whether it says how much, how often or when in words that no rule measures."""
        return _VAGUE.search(self.bare) is not None

    @property
    def quantified(self) -> bool:
        """Whether it speaks of all, some or any of several things."""
        return _QUANTIFIED.search(self.bare) is not None

    def rest(self, *known: str) -> tuple[str, ...]:
        """Its meaning words that are not among the known ones, stems compared; quotes left out."""
        stems = {stem(w) for text in known for w in plain(text).split()}
        words = (w for w in plain(self.bare).split() if w not in _FILLER)
        return tuple(w for w in words if stem(w) not in stems)

    def answer(
        self, truth: bool, evidence: str, element: str = "", *, absence: bool = False
    ) -> Check:
        """The verdict on the sentence as it was written."""
        verdict: Verdict = "holds" if truth != self.negated else "fails"
        return Check(verdict=verdict, evidence=evidence, element=element, absence=absence)


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


_JOINED = re.compile(
    r"(?:\s*;\s*|\s*,?\s+)(and|or|und|oder|but|aber|while|whereas|yet|sowie)\s+", re.I
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|shows?|lists?|contains?|says?|asks?|offers?|does|do|can"
    r"|ist|sind|war|hat|haben|zeigt|enthält|includes?|displays?|ends?|starts?|equals)\b|n['’]t\b",
    re.I,
)


def parts_of(sentence: str) -> tuple[str, tuple[str, ...]] | None:
    """How a sentence joins others (and, or, mixed), and those; None for a single sentence."""
    hidden = _QUOTED.sub(lambda m: "\x00" * len(m[0]), sentence)
    cuts = list(_JOINED.finditer(hidden))
    if not cuts or not all(c[1].lower() in _KINDS for c in cuts):
        return None
    starts, ends = [0, *(c.end() for c in cuts)], [*(c.start() for c in cuts), len(hidden)]
    spans = list(zip(starts, ends, strict=True))
    if not all(_VERB.search(hidden[start:end]) for start, end in spans):
        return None
    kinds = {_KINDS[c[1].lower()] for c in cuts}
    joined = kinds.pop() if len(kinds) == 1 else "mixed"
    return joined, tuple(sentence[start:end] for start, end in spans)


_KINDS = {
    "and": "and", "und": "and", "but": "and", "aber": "and", "while": "and", "whereas": "and",
    "sowie": "and", "yet": "and", "or": "or", "oder": "or",
}  # fmt: skip


def undecided(why: str) -> Check:
    """The answer where the page does not show it either way."""
    return Check(verdict="undecided", evidence=why)
