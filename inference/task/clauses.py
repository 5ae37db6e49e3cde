"""A task in words cut into the small acts that it names, for when no model can be asked.

Only what is said plainly is read: values in quotes, and verbs that people use of pages. Each
clause is then grounded by the free tiers like a step of its own.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from plans.step import Frozen

MOST: Final = 30


class ClauseKind(StrEnum):
    """What a clause does."""

    SIGN_IN = "sign_in"
    """Fill in who to sign in as, and send it."""
    SET = "set"
    """Give the field `label` the value `value`, whatever kind of field it is."""
    SEARCH = "search"
    """Put `value` into the page's search field and send it."""
    GO = "go"
    """Open the address `value`."""
    PRESS = "press"
    """Press or choose what `text` names."""
    SUBMIT = "submit"
    """Send the form that was filled in; `text` says what that does."""


class Clause(Frozen):
    """One act; `text` is its own sentence, in the words of the task."""

    kind: ClauseKind
    text: str
    label: str = ""
    value: str = ""


_QUOTED: Final = re.compile(
    r"\"([^\"]*)\"|“([^”]*)”|„([^“”]*)[“”]|«([^»]*)»|(?<!\w)'([^']*)'(?!\w)"
)
_KEPT: Final = re.compile(r"\x02(\d+)\x03")
_VALUE: Final = r"\x02\d+\x03"
_VERB: Final = (
    r"(?:click|press|tap|open|fill|enter|type|write|put|set|change|update|select|choose|pick"
    r"|search|look|find|save|submit|send|sign|log|add|create|go|navigate|visit|export|download"
    r"|delete|remove|check|tick|uncheck|untick|confirm|mark|close|edit|show|view|apply|use|leave"
    r"|cancel|accept|switch|turn|expand|sort|filter|register|book|order|invite|assign|move)"
)
_CUT: Final = re.compile(
    rf"\s*(?:;|\.(?=\s)|,?\s*\b(?:and\s+)?then\b|,\s*and(?=\s+{_VERB}\b)|,(?=\s*{_VERB}\b)"
    rf"|\band(?=\s+{_VERB}\b))\s*",
    re.IGNORECASE,
)
_THE: Final = r"(?:the|its|their|a|an|this|his|her)\s+"
_LABEL: Final = r"(?P<label>[^\x02\x03,]{1,60}?)"
_FIELD: Final = r"(?:\s+(?:field|box|input|dropdown|menu|list|selector))?"

_SIGN_IN: Final = re.compile(r"^(?:please\s+)?(?:sign|log)\s*-?\s*in(?:to)?\b", re.IGNORECASE)
_SEARCH: Final = re.compile(
    rf"^(?:search|look|find)\b(?:.*?\bfor)?\s+(?P<value>{_VALUE})$|^search\s+.*?\bfor\s+"
    rf"(?P<plain>[^\x02\x03]+)$",
    re.IGNORECASE,
)
_GO: Final = re.compile(
    r"^(?:go|navigate|open|visit)\b(?:\s+to)?\s+(?P<value>https?://\S+)$", re.IGNORECASE
)
_SET_TO: Final = re.compile(
    rf"^(?:set|change|update|switch|edit|turn)\s+(?:{_THE})?{_LABEL}{_FIELD}\s+(?:to|as)\s+"
    rf"(?P<value>{_VALUE}|[^\x02\x03]+)$",
    re.IGNORECASE,
)
_PUT_INTO: Final = re.compile(
    rf"^(?:fill|enter|type|write|put|select|choose|pick)\s+(?:in\s+)?(?P<value>{_VALUE})\s+"
    rf"(?:in|into|as|from|for|under|on)\s+(?:{_THE})?{_LABEL}{_FIELD}$",
    re.IGNORECASE,
)
_FILL_WITH: Final = re.compile(
    rf"^fill\s+(?:in\s+|out\s+)?(?:{_THE})?{_LABEL}{_FIELD}\s+with\s+(?P<value>{_VALUE})$",
    re.IGNORECASE,
)
_WRITE: Final = re.compile(
    rf"^(?:write|enter|type|add|leave|choose|select|pick)\s+(?:{_THE})?{_LABEL}{_FIELD}\s*:?\s+"
    rf"(?P<value>{_VALUE})$",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(
    rf"(?:{_THE})?(?P<label>[^\x02\x03,:=]{{1,60}}?){_FIELD}\s*(?:is|as|to|of|=|:)?\s+"
    rf"(?P<value>{_VALUE})",
    re.IGNORECASE,
)
_HEAD: Final = re.compile(
    rf"^(?P<head>(?:create|add|register|book|order|invite|make|fill|enter)\b[^\x02\x03]*?)"
    rf"\s+(?:with|where|using|for|:)\s+(?=[^\x02\x03]*{_VALUE})",
    re.IGNORECASE,
)
_CHANGE: Final = re.compile(r"^(?:set|change|update|edit|fill(?:\s+(?:in|out))?|enter)\s+", re.I)
_IT: Final = re.compile(r"\b(?:it|them|this)\b", re.IGNORECASE)
_FILLED: Final = re.compile(r"^(?:save|submit|send|confirm|apply|create|update)\b", re.IGNORECASE)


def clauses_of(intent: str) -> tuple[Clause, ...]:
    """The acts that a task names, in order; 30 at most."""
    values: list[str] = []

    def keep(match: re.Match[str]) -> str:
        values.append(next(group for group in match.groups() if group is not None))
        return f"\x02{len(values) - 1}\x03"

    plain = _QUOTED.sub(keep, " ".join(intent.replace("\x02", "").replace("\x03", "").split()))
    found: list[Clause] = []
    thing = ""
    for part in _CUT.split(plain):
        text = part.strip(" ,.")
        if not text:
            continue
        for clause in _read(text, thing, values, bool(found)):
            found.append(clause)
            thing = clause.label or thing
    return tuple(found[:MOST])


def _read(text: str, thing: str, values: list[str], after: bool) -> Iterator[Clause]:
    """The clauses of one part; `thing` is what the part before was about."""
    said = _said(text, values)
    if _SIGN_IN.match(text):
        yield Clause(kind=ClauseKind.SIGN_IN, text=said)
        return
    if (match := _GO.match(said)) is not None:
        yield Clause(kind=ClauseKind.GO, text=said, value=match["value"])
        return
    if (match := _SEARCH.match(text)) is not None:
        value = _said(match["value"] or match["plain"] or "", values)
        yield Clause(kind=ClauseKind.SEARCH, text=said, value=value)
        return
    for pattern in (_SET_TO, _PUT_INTO, _FILL_WITH):
        if (match := pattern.match(text)) is not None:
            yield _set(match, said, values)
            return
    if (head := _HEAD.match(text)) is not None:
        pairs = list(_PAIR.finditer(_without_and(text[head.end() :])))
        yield from (_set(pair, _said(pair[0], values), values) for pair in pairs)
        yield Clause(kind=ClauseKind.SUBMIT, text=_said(head["head"], values))
        return
    if (match := _WRITE.match(text)) is not None:
        yield _set(match, said, values)
        return
    if (verb := _CHANGE.match(text)) is not None:
        pairs = list(_PAIR.finditer(_without_and(text[verb.end() :])))
        if pairs:
            yield from (_set(pair, _said(pair[0], values), values) for pair in pairs)
            return
    spoken = _IT.sub(f"the {thing}", said) if thing else said
    kind = ClauseKind.SUBMIT if after and _FILLED.match(text) else ClauseKind.PRESS
    yield Clause(kind=kind, text=spoken)


def _set(match: re.Match[str], said: str, values: list[str]) -> Clause:
    label = re.sub(r"^(?:and|with)\s+", "", match["label"].strip(), flags=re.IGNORECASE)
    label = re.sub(f"^{_THE}", "", label, flags=re.IGNORECASE)
    value = _said(match["value"], values).strip()
    return Clause(kind=ClauseKind.SET, text=said, label=label, value=value)


def _without_and(text: str) -> str:
    return re.sub(r",?\s+and\s+", ", ", text)


def _said(text: str, values: list[str]) -> str:
    """The text with its quoted values in their places; a value alone stands without quotes."""
    if (whole := _KEPT.fullmatch(text)) is not None:
        return values[int(whole[1])]
    return _KEPT.sub(lambda match: f'"{values[int(match[1])]}"', text).strip()
