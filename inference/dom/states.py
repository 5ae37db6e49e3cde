"""States of controls, and what makes a text say the contrary of what is asked for."""

import re
from collections.abc import Callable
from typing import Final

from inference.decisions import Check
from inference.dom.units import QUOTED
from inference.dom.words import tokens
from inference.observation import Element, Observation

_POLAR: Final = frozenset({"out", "off"})
"""Little words that turn what they stand by: in stock, out of stock."""
_PREFIXES: Final = ("un", "in", "im", "ir", "il", "dis", "non", "mis", "de")
_MAYBE: Final = re.compile(
    r"\b(?:could|can|may|might|must|should|would|will|shall|once|if|when|until|unless|before|after"
    r"|please|to be|almost|nearly|soon|yet|how|why|whether|si|cuando|quand|wenn|falls|sobald|kann"
    r"|können|bitte|muss|soll\w*|wird|werden)\b|\?",
    re.I,
)
_BAD: Final = re.compile(
    r"\b(?:errors?|invalid|incorrect|wrong|fail\w*|unable|denied|problem\w*|fehler\w*|ungültig\w*"
    r"|danger|could not|cannot|can[’']t|couldn[’']t|required|erreur|échec|inválid\w*|errore)\b",
    re.I,
)
_GOOD: Final = re.compile(r"\b(?:success\w*|thank\w*|welcome|congrat\w*|erfolg\w*)\b", re.I)
_ERROR: Final = re.compile(r"\b(?:errors?|fehler\w*)\b", re.I)
_WARNING: Final = re.compile(r"\b(?:warn\w*|alerts?)\b", re.I)
_SUCCESS: Final = re.compile(r"\bsuccess\w*\b", re.I)
_REPORT: Final = re.compile(
    r"((?:\w+\s+){0,2}?\w+)\s+(?:(?:is|was|are|were|has been|have been)\s+)?"
    r"(\w{2,}ed|sent|paid|done|made|sold|lost)[.!?\s]*",
    re.I,
)
_BEING: Final = r"(?:\s+(?:is|was|are|were|has been|have been))?(?:\s+successfully)?"
_PARTICIPLE: Final = re.compile(r"\b(?:\w{2,}ed|sent|paid|done|made|sold|lost)\b", re.I)
_SAYS_HOW: Final = re.compile(r"(?:ed|able|ible|valid|correct|active|complete|sufficient|secure)$")
_SAYING: Final = re.compile(r"\b(?:saying|says?|telling|that|whether)\b", re.I)
_ASKED: Final = re.compile(
    r"^\s*(?:(?:check|verify|detect|see|look)\b\s*(?:for|if|whether|that)?\s*)?"
    r"(?:(?:is|are|was|were|has|have|does|do)\s+)?(?:there\s+)?(?:the|an?|your|my)?\s*",
    re.I,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n")
_CONTROL: Final = re.compile(
    r"\b(?:buttons?|links?|check ?box(?:es)?|fields?|inputs?|tabs?|menus?|dropdowns?|toggles?"
    r"|switch(?:es)?|radios?|options?|sections?|accordions?|schaltfläche|knopf|bouton|botón)\b",
    re.I,
)
_STATE: Final = re.compile(
    r"\b(enabled|disabled|gr[ea]yed out|checked|ticked|unchecked|unticked|selected|unselected"
    r"|deselected|expanded|collapsed)\b",
    re.I,
)
_NEGATED: Final = re.compile(r"\b(?:no|not|never|nicht|kein\w*|no longer)\b|n[’']t\b", re.I)
_AROUND: Final = re.compile(
    r"\b(?:is|are|the|an?|there|check|see|detect|verify|look|for|if|whether|that|visible|shown"
    r"|displayed|present|available|on|page|currently|now|does|appear|be|state|in|its)\b|[?.!,:]",
    re.I,
)
_BEFORE: Final = re.compile(
    r"^\W*(?:(?:is|are|the|an?|there|check|see|detect|verify|look|for|if|whether|that)\b\s*)+", re.I
)
_BEHIND: Final = re.compile(
    r"(?:\b(?:is|are|be|currently|visible|shown|displayed|on the page|in the state|appears?)\b"
    r"[\s?.!,:]*)+$|[\s?.!,:]+$",
    re.I,
)
_ROLES: Final = frozenset({
    "button", "link", "checkbox", "radio", "switch", "tab", "option", "menuitem", "textbox",
    "combobox", "searchbox", "spinbutton", "listbox", "slider", "menuitemcheckbox",
    "menuitemradio", "treeitem",
})  # fmt: skip

_READ: Final[dict[str, Callable[[Element], bool | None]]] = {
    "enabled": lambda one: not one.disabled and (None if one.readonly else True),
    "disabled": lambda one: one.disabled or (None if one.readonly else False),
    "checked": lambda one: one.checked,
    "selected": lambda one: one.checked if one.selected is None else one.selected,
    "expanded": lambda one: one.expanded,
}
_SAME: Final = {"ticked": "checked"}
_OPPOSITE: Final = {
    "unchecked": "checked", "unticked": "checked", "unselected": "selected",
    "deselected": "selected", "collapsed": "expanded",
}  # fmt: skip


def control_state(observation: Observation, intent: str) -> Check | None:
    """Whether the one control that the intent names is in the state it says.

    None where the intent speaks of no state. Undecided where not one control alone has
    exactly the name, or the page does not tell its state.
    """
    bare = QUOTED.sub(" ", intent)
    states = [word.casefold() for word in _STATE.findall(bare)]
    if not states:
        return None
    quoted = [next(filter(None, match.groups())) for match in QUOTED.finditer(intent)]
    if len(states) > 1 or len(quoted) > 1 or _NEGATED.search(bare):
        return _undecided("which state of which control is meant can't be told")
    rest = _CONTROL.sub(" ", _STATE.sub(" ", bare))
    if not quoted and not _CONTROL.search(bare):
        return _undecided("the intent names no control whose state it means")
    if quoted and _AROUND.sub(" ", rest).strip():
        return _undecided("the intent says more than the state of a control")
    name = " ".join(tokens(quoted[0] if quoted else _BEFORE.sub("", _BEHIND.sub("", rest))))
    named = [
        one
        for one in observation.elements
        if one.role in _ROLES and not one.hidden and " ".join(tokens(one.name)) == name
    ]
    if len(named) != 1 or not name:
        return _undecided(f"{len(named)} controls are called {name!r}")
    if observation.truncated or observation.unread_frames:
        return _undecided("the page could not be read in full")
    return _state_of(named[0], states[0])


def _state_of(element: Element, word: str) -> Check:
    word = "disabled" if word.startswith("gr") else _SAME.get(word, word)
    read = _READ[_OPPOSITE.get(word, word)](element)
    if read is None:
        return _undecided(f"the state of {element.name!r} can't be read")
    holds = read != (word in _OPPOSITE)
    evidence = f"{element.name!r} is {'' if holds else 'not '}{word}"
    return Check(verdict="holds" if holds else "fails", evidence=evidence, element=element.path)


def contrary(asked: str, text: str, hints: str) -> str | None:
    """What keeps a text with all the words asked for from saying just that; None for nothing."""
    told = f" {' '.join(tokens(text))} "
    for match in QUOTED.finditer(asked):
        if f" {' '.join(tokens(next(filter(None, match.groups()))))} " not in told:
            return "the words in quotes don't stand there together"
    wanted, said = frozenset(tokens(asked)), frozenset(tokens(text))
    if (wanted & _POLAR) != (said & _POLAR) or opposed(asked, text):
        return "the one is said of the other side"
    if {one.casefold() for one in _MAYBE.findall(text)} - {
        one.casefold() for one in _MAYBE.findall(asked)
    }:
        return "it is said of what may be"
    good, bad = _GOOD.search(f"{text} {hints}"), _BAD.search(f"{text} {hints}")
    if _ERROR.search(asked) and (good or not bad):
        return "no error is said"
    if (_WARNING.search(asked) and good) or (_SUCCESS.search(asked) and bad):
        return "it is a message of another kind"
    return _reported(QUOTED.sub(" ", asked), text)


def opposed(asked: str, text: str) -> bool:
    """Whether one has a word with a prefix that turns it, and the other the same without."""
    wanted, said = frozenset(tokens(asked)), frozenset(tokens(text))
    return _turns(wanted, said) or _turns(said, wanted)


def _turns(words: frozenset[str], others: frozenset[str]) -> bool:
    return any(
        f"{prefix}{word}" in others
        for word in words
        if len(word) >= 4
        for prefix in _PREFIXES
        if prefix == "un" or _SAYS_HOW.search(word)
    )


def _reported(bare: str, text: str) -> str | None:
    """Where it is asked whether something was done: no sentence of the text says just so."""
    asked = _SAYING.split(bare)[-1]
    match = _REPORT.fullmatch(_ASKED.sub("", asked, count=1).strip())
    if match is None:
        return None
    told = re.compile(
        rf"\b{re.escape(match[1])}(?:\s+#?[\w-]*\d[\w-]*)?{_BEING}\s+{re.escape(match[2])}\b", re.I
    )
    for sentence in _SENTENCE.split(text):
        rest, times = told.subn(" ", sentence)
        if times and not _PARTICIPLE.search(rest):
            return None
    return "no sentence of it says just so"


def _undecided(why: str) -> Check:
    return Check(verdict="undecided", evidence=why)
