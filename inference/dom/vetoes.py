"""What forbids an answer that the words of a page speak for."""

import re
from collections.abc import Iterable
from typing import Final

from inference.decisions import Question
from inference.dom.intent import Intent
from inference.dom.scene import label_of
from inference.dom.units import QUOTED, Unit
from inference.dom.words import (
    CLOSE_MARKS,
    GENERIC_NOUNS,
    PLAIN_VERBS,
    STOP,
    STRONG,
    likeness,
    phrases,
    stem,
    tokens,
    words_of,
)
from inference.observation import Element, Observation
from inference.risk import heavy
from plans.step import StepType

_FORBIDS: Final = re.compile(
    r"^\W*(?:please\s+|bitte\s+)?(?:you\s+)?(?:(?:must|should|shall|may)\s+)?"
    r"(?:do\s+not|don\s?['’]?\s?t|never|not|cannot|can['’]t|mustn['’]t|avoid|refrain"
    r"|nicht|niemals|nie|keinesfalls|ne|n['’]|non|não|niet"
    r"|no\s+(?:hag|puls|elimin|borr|abr|seleccion|env[ií]|compr|cancel)\w+)(?:\b|(?<=['’]))"
    r"|^\W*(?:bitte\s+)?\w+(?:\s+sie)?\s+(?:nicht|niemals|niet)\s+(?:auf|den|die|das|op|de|het)\b"
    r"|\b(?:nicht|niemals)(?:\s+(?P<act>\w+))?\W*$",
    re.IGNORECASE,
)
_WITHOUT: Final = re.compile(
    r"\b(?:without|ohne|sans|sin|senza|sem|zonder)\s+(?P<what>[^,;.()\"“”]+)", re.IGNORECASE
)
_DENIES: Final = re.compile(
    r"\b(?:without|not|no|don['’]?t|never|ohne|nicht|kein\w*|sans|ne|sin|senza|sem|zonder)\b", re.I
)
_JOINS: Final = re.compile(r"\s(?:and|und|et|y|e|en)\s|\s?[&+]\s?", re.IGNORECASE)
_MOST: Final = re.compile(
    r"(?<!at )\b(?:highest|lowest|most|least|largest|smallest|biggest|greatest|fewest|longest"
    r"|shortest|best|worst|fastest|slowest|newest|latest|oldest|earliest|cheapest|höchste\w*|niedrigste\w*"
    r"|größte\w*|kleinste\w*|meiste\w*|wenigste\w*|längste\w*|kürzeste\w*|neueste\w*|älteste\w*)\b",
    re.IGNORECASE,
)
_SORTS: Final = re.compile(
    r"\b(?:sort\w*|order(?:ed)?\s+by|arrange|rank|header|heading|first|trier|ordenar)\b|^\W*order\b",
    re.IGNORECASE,
)
_SORTER: Final = re.compile(r"(?:^|[\s_-])(?:sort\w*|columnheader)(?:$|[\s_-])", re.IGNORECASE)
_BARE: Final = frozenset({"cancel", "close", "confirm", "delete", "suspend", "unsubscribe"})
"""Concepts of acts that mean another thing with each thing they are done to."""
_ALL: Final = frozenset({"all", "both", "every", "everything", "alle", "alles", "beide"})
_SWEEPING: Final = frozenset({"accept", "reject", "cookies", "filter", "search", "close"})
"""Concepts of acts for which it is all the same that a name says "all"."""
_AROUND: Final = frozenset(
    stem(word)
    for words in (
        "dialog dialogue window modal popup pop overlay panel banner box menu drawer sheet toast",
        "button link icon notice message tab fenster meldung hinweis fenêtre ventana finestra x",
    )
    for word in words.split()
)
"""Stems that only say where an act is offered."""
_FEW: Final = 6
"""Words of a name that says what is done, not all that a card holds."""


def forbids(question: Question, observation: Observation) -> bool:
    """Whether the intent says what must not be done, and is no control's own name."""
    text = QUOTED.sub(" ", question.intent)
    found = _FORBIDS.search(text)
    if found is None or (found["act"] and not _is_act(found["act"])):
        return False
    said = tokens(question.intent)
    return not any(one.interactive and tokens(one.name) == said for one in observation.elements)


def _is_act(word: str) -> bool:
    return stem(word) in PLAIN_VERBS or bool(words_of(word).concepts & STRONG)


def objection(question: Question, intent: Intent, target: Element, *, weighed: bool) -> str:
    """What the target's name says that the intent forbids or does not ask for; "" for nothing.

    `weighed`: the target was chosen by its words alone, not by the page's structure.
    """
    name = label_of(target)
    if question.step.type not in (StepType.CLICK, StepType.SUBMIT):
        return ""
    if _excluded(question.intent, name):
        return f"{name!r} does what is not to be done"
    most = _MOST.search(QUOTED.sub(" ", question.intent))
    if most and not _SORTS.search(question.intent):
        if _sorts(target):
            return f"{name!r} heads a column"
        if weighed and not words_of(name).stems & words_of(most.group()).stems:
            return f"can't tell that {name!r} is the {most.group()}"
    if words_of(name).count > _FEW:
        return ""
    if added := _added(_asked(question, intent), intent.units, name):
        return f"{name!r} adds {added!r}"
    return ""


def _asked(question: Question, intent: Intent) -> str:
    """All that the step says, as written and as read."""
    return " ".join((question.intent, intent.text, intent.label, intent.value))


def _excluded(text: str, name: str) -> bool:
    """Whether the name says what the intent wants left out: "without saving"."""
    found = _WITHOUT.search(QUOTED.sub(" ", text))
    if found is None or _DENIES.search(name):
        return False
    said, words = words_of(name), [w for w in tokens(found["what"]) if w not in STOP]
    return any(
        stem(form) in said.stems or words_of(form).concepts & said.concepts & STRONG
        for word in words[:3]
        for form in (word, re.sub("ing$", "e", word), re.sub("ing$", "", word))
    )


def _sorts(target: Element) -> bool:
    return target.role == "columnheader" or bool(_SORTER.search(target.hints)) or (
        bool(target.column) and target.column.strip() == target.name.strip()
    )  # fmt: skip


def _added(text: str, units: Iterable[Unit], name: str) -> str:
    """The first word of the name that makes it a heavier act than the intent asks for."""
    asked = words_of(text)
    bare = _bare(units)
    known = _known(asked.concepts, name)
    joined = _JOINS.search(name)
    tail = tokens(name[joined.end() :])[:1] if joined else []
    for word in tokens(name):
        concepts = words_of(word).concepts
        root = stem(word)
        if root in asked.stems or concepts & asked.concepts or word in STOP or word in known:
            continue
        widens = word in _ALL and not asked.concepts & _SWEEPING
        if widens or heavy(concepts) or (word in tail and concepts & STRONG):
            return word
        if bare and root not in _AROUND and root not in PLAIN_VERBS:
            return word
    return ""


def _known(asked: frozenset[str], name: str) -> frozenset[str]:
    """Words of the name that only together say what is asked for: "place order"."""
    return frozenset(
        word
        for phrase in phrases(name)
        if len(phrase.words) > 1 and phrase.concepts & asked
        and not any(words_of(one).concepts & phrase.concepts & asked for one in phrase.words)
        for word in phrase.words
    )  # fmt: skip


def other_part(intent: Intent, observation: Observation, target: Element) -> str:
    """The part of the page that the intent names where the target is in another: "shipping"."""
    own = words_of(f"{label_of(target)} {target.group} {target.heading} {target.layer}")
    part = target.group.strip()
    if not part:
        return ""
    for unit in intent.units:
        if unit.weight < 0.9 or unit.strong or likeness(unit.phrase, own) >= 0.75:
            continue
        for one in observation.elements:
            if one.group.strip() not in ("", part) and _names_part(unit, one.group):
                return one.group
    return ""


def _names_part(unit: Unit, group: str) -> bool:
    words = words_of(group)
    return words.count <= _FEW and likeness(unit.phrase, words) >= 0.85


def _bare(units: Iterable[Unit]) -> bool:
    """Whether the intent names one of the acts that need a thing, and no thing."""
    acts = False
    for unit in units:
        stems = set(unit.phrase.stems)
        if unit.phrase.concepts & _BARE:
            acts = True
        elif not (stems <= _AROUND or (unit.verb and stems <= PLAIN_VERBS)):
            return False
    return acts


def named_nowhere(intent: Intent, observation: Observation) -> str:
    """A text that the intent puts in quotes and that nothing on the page says; "" for none.

    A mark such as "x" is a picture, which its button need not say.
    """
    for quoted in intent.quoted:
        if quoted.strip() in CLOSE_MARKS:
            continue
        stems = words_of(quoted).stems
        if stems and not any(stems <= words_of(text).stems for text in _texts(observation)):
            return quoted
    return ""


def _texts(observation: Observation) -> Iterable[str]:
    for one in observation.elements:
        yield f"{one.name} {one.text} {one.before} {one.after} {one.value} {one.placeholder}"
        yield f"{one.description} {one.hints} {one.column} {one.heading} {one.group} {one.layer}"
        yield " ".join(one.options)
    for block in observation.blocks:
        yield block.text
    for group in observation.groups:
        yield group.heading
        for record in group.records:
            yield record.text
    for notice in observation.notices:
        yield notice.text


def says_generic(intent: Intent, element: Element) -> bool:
    """Whether the element says all words that stand before its kind: "the Leave table button"."""
    own = words_of(f"{label_of(element)} {element.text} {element.placeholder} {element.before}")
    found = _BEFORE_KIND.search(QUOTED.sub(" ", intent.text))
    if found is None:
        return True
    words = [word for word in tokens(found["words"]) if word not in STOP]
    return all(
        stem(word) in own.stems or stem(word) in _KIND_WORDS or word[0].isdigit()
        for word in words
        if stem(word) in GENERIC_NOUNS or stem(word) in PLAIN_VERBS
    )


_BEFORE_KIND: Final = re.compile(
    r"\b(?:the|an?|den|die|das|der|dem)\s+(?P<words>(?:[\w'-]+\s+){1,4}?)"
    r"(?:button|link|tab|checkbox|radio|slider|switch|toggle|dropdown|textbox|field|knopf"
    r"|schaltfläche|feld)\b",
    re.IGNORECASE,
)
_KIND_WORDS: Final = frozenset(
    stem(word)
    for words in (
        "button link field box checkbox tab icon option dropdown drop area control text textbox",
        "input radio slider switch toggle only single page form element screen one select combobox",
    )
    for word in words.split()
)
"""Stems that say of which kind a control is, or where it stands, and not which."""


def does_something(intent: Intent, element: Element) -> bool:
    """Whether the name begins with an act of its own that the intent does not say."""
    first = next(phrases(label_of(element)), None)
    act = first.concepts & STRONG if first is not None else frozenset[str]()
    return bool(act) and not act & words_of(intent.text).concepts
