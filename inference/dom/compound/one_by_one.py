"""The same click in several records, one a look: each may take its record out of the list."""

import re
from collections.abc import Sequence
from hashlib import blake2b

from inference.decisions import ActKind, DontKnowReason
from inference.dom.compound.asked import Answer, Asked, act, dont_know, plain
from inference.observation import Element
from inference.turns import COUNTED


def begun(asked: Asked) -> bool:
    """Whether some were clicked already."""
    return any(one.text.startswith(COUNTED) for one in asked.done)


def first_counted(asked: Asked, found: Sequence[Element], number: int) -> Answer:
    """The first of `number` of the controls found, which are counted now."""
    if number == 1:
        return act(ActKind.CLICK, found[0], "the only one asked for")
    marks = " ".join(_mark(asked, one) for one in found)
    return _next(asked, found, f"{COUNTED}{number} {marks}", 0)


def next_counted(asked: Asked, found: Sequence[Element]) -> Answer:
    """The next of those counted at the first look, by what their records said then."""
    before = [one.text for one in asked.done if one.text.startswith(COUNTED)]
    return _next(asked, found, before[0], len(before))


def _next(asked: Asked, found: Sequence[Element], text: str, at: int) -> Answer:
    """The next of the records counted at the first look, which an act may move or take away.

    `text` tells their number and what each of them said.
    """
    number, *marks = text.removeprefix(COUNTED).split()
    for part in (_whole, _letters):
        said = [part(mark) for mark in marks]
        same = [one for one in found if part(_mark(asked, one)) == said[at]]
        there, gone = said.count(said[at]), said[:at].count(said[at])
        if len(same) in (there, there - gone):
            return _act(text, same[gone] if len(same) == there else same[0], at)
        if same:
            break
    else:
        if len(found) == len(marks) - at > 0:
            return _act(text, found[0], at)
    why = f"{at} of {number} are done, the next can't be told among what is left"
    return dont_know(DontKnowReason.ABSENT, why, found)


def _act(text: str, target: Element, at: int) -> Answer:
    number = int(text.removeprefix(COUNTED).split()[0])
    why = f"number {at + 1} of {number}"
    return act(ActKind.CLICK, target, why, text=text, goes_on=at + 1 < number)


def _mark(asked: Asked, element: Element) -> str:
    """What the record around a control says, and its letters alone, as two short hashes."""
    text = plain(own_record(asked, element))
    parts = (text, re.sub(r"[\W\d_]+", "", text))
    return ".".join(blake2b(part.encode(), digest_size=4).hexdigest() for part in parts)


def _whole(mark: str) -> str:
    return mark.partition(".")[0]


def _letters(mark: str) -> str:
    return mark.partition(".")[2]


def own_record(asked: Asked, element: Element) -> str:
    """What the closest record around a control says that says more than the control."""
    for member in element.records:
        text = asked.scene.record(member).text
        if re.search(r"[^\W\d_]{2}", text) and plain(text) != plain(element.name):
            return text
    return ""
