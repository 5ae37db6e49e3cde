"""Take the fingerprint of an element, where something tells it apart that does not vary."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from inference.dom.intent import Intent
from inference.dom.scene import WIDE
from inference.dom.words import STOP, tokens, words_of
from inference.memory.accounting import VARYING, comparing
from inference.memory.locator import ANY, Fingerprint
from inference.memory.naming import VALUE, Naming, fold, shape
from inference.memory.pages import link_kind
from inference.observation import Element, Membership, Observation
from plans.placeholders import reference

_LONGEST_NAME: Final = 80
_MOST_HINTS: Final = 12
_CONTROLS: Final = frozenset(
    {"button", "tab", "menuitem", "radio", "checkbox", "switch", "option", "combobox"}
)
AROUND: Final = ("heading", "group", "column", "href")
"""What is around an element; it may differ between pages of one kind."""
_OWN: Final = ("role", "name", "label", "anchor")
PART: Final = " | "
"""Between the parts of an anchor."""


class NoIdentity(Exception):
    """Nothing tells the element apart that will be the same the next time; says what varies."""


def fingerprint(
    observation: Observation, element: Element, intent: Intent, naming: Naming
) -> Fingerprint:
    """The fingerprint of an element that an intent means.

    Raises:
        NoIdentity: its name varies with the data, or only its place among the like tells it.
    """
    if intent.ordinal is not None:
        raise NoIdentity("it is counted in its list")
    word = comparing(element, intent, naming, item=_is_item(observation, element))
    if word is not None:
        raise NoIdentity(f"what is meant by {word!r} varies")
    name = _stable_name(element, intent)
    label = "" if name else fold(element.after if _checkable(element) else element.before)
    label = "" if _numbers(label) - _numbers(intent.text) else label
    hints = hint_tokens(element)
    if not (name or label or hints):
        raise NoIdentity("it has no name")
    return Fingerprint(
        tag=element.tag,
        role=element.role,
        type=element.type if element.tag == "input" else "",
        name=naming.named(name),
        placeholder=naming.named(fold(element.placeholder)),
        href=link_kind(element.href, naming) if element.role == "link" else "",
        hints=tuple(naming.named(hint) for hint in hints),
        label=naming.named(label),
        heading=naming.named(shape(element.heading)),
        group=naming.named(shape(element.group)),
        region=region_of(element),
        frame=frame_of(observation, element),
        column=naming.named(shape(element.column)),
        anchor=_anchor(observation, element, intent, naming),
        alone=not any(
            other.ref != element.ref and _called_alike(other, element)
            for other in observation.elements
        ),
    )


def filled(kept: Fingerprint, naming: Naming) -> Fingerprint:
    """The fingerprint with this run's values in the place of their names."""
    texts = {
        field: fold(naming.filled(text)) if field in ("name", "label", "placeholder", "anchor")
        else shape(naming.filled(text)) if field in ("heading", "group", "column") and text != ANY
        else naming.filled(text)
        for field, text in kept.model_dump(exclude={"hints", "alone", "fields"}).items()
    }  # fmt: skip
    hints = tuple(naming.filled(hint) for hint in kept.hints)
    places = tuple(
        one.model_copy(update={"label": shape(naming.filled(one.label))}) for one in kept.fields
    )
    return Fingerprint(**texts, hints=hints, alone=kept.alone, fields=places)


def merged(old: Fingerprint, new: Fingerprint) -> Fingerprint:
    """What two right acts have in common; `ANY` where what is around the element differed.

    The new one as it is where the elements themselves differ, or only what is around them
    tells them from others.
    """
    before, after = old.model_dump(), new.model_dump()
    if not (old.alone and new.alone) or any(before[field] != after[field] for field in _OWN):
        return new
    differing = [field for field in AROUND if before[field] != after[field]]
    return new.model_copy(update=dict.fromkeys(differing, ANY))


def hint_tokens(element: Element) -> tuple[str, ...]:
    """What the markup calls an element, without what looks made up by a machine."""
    found = [
        token
        for token in dict.fromkeys(element.hints.split())
        if not any(character.isdigit() for character in token) and len(token) < 40
    ]
    return tuple(found[:_MOST_HINTS])


def _stable_name(element: Element, intent: Intent) -> str:
    name = fold(element.name)
    if len(name) > _LONGEST_NAME:
        raise NoIdentity("its name is a text")
    if _numbers(name) - _numbers(f"{intent.text} {intent.value} {intent.label}"):
        raise NoIdentity("the number in its name varies")
    return name


def _numbers(text: str) -> set[str]:
    return {token for token in tokens(text) if any(sign.isdigit() for sign in token)}


def _checkable(element: Element) -> bool:
    return element.role in ("checkbox", "radio", "switch")


def region_of(element: Element) -> str:
    """The landmark around it, and whether it lies in a dialog or overlay."""
    return f"{element.region}/layer" if element.layer else element.region


def frame_of(observation: Observation, element: Element) -> str:
    """The site of the element's frame, "" where it is that of the page."""
    if not 0 < element.frame < len(observation.frames):
        return ""
    top, own = urlsplit(observation.frames[0]), urlsplit(observation.frames[element.frame])
    if (own.scheme, own.netloc) == (top.scheme, top.netloc):
        return ""
    return own.netloc.rpartition("@")[2].casefold() or f"{own.scheme}:"


def records_of(observation: Observation, element: Element) -> list[Membership]:
    """The records around an element that are things, not parts of the layout."""
    return [
        member
        for member in element.records
        if len(observation.groups[member.group].records) > 1
        and len(observation.groups[member.group].records[member.ordinal].text) < WIDE
    ]


def _anchor(observation: Observation, element: Element, intent: Intent, naming: Naming) -> str:
    """What of the intent singles out the element's record, "" where nothing has to.

    Raises:
        NoIdentity: it is one of a list, and the intent does not say which.
    """
    anchor: list[str] = []
    for member in records_of(observation, element):
        records = observation.groups[member.group].records
        own = records[member.ordinal].text
        if _repeated(observation, element, member):
            others = [one.text for at, one in enumerate(records) if at != member.ordinal]
            telling = _telling(own, others, intent, naming)
            if not telling:
                raise NoIdentity("the intent does not say which of the like it means")
            anchor += telling
        elif (
            any(sign.isalnum() for sign in element.name)
            and _has_counterparts(observation, element, member)
            and not _said(intent) & _words(element.name)
            and not _is_control(element, own, intent)
        ):
            raise NoIdentity("its name is that of one item of a list")
    return PART.join(dict.fromkeys(anchor))


def _telling(own: str, others: Sequence[str], intent: Intent, naming: Naming) -> list[str]:
    """Names of values, and words of the intent, that this record has and no other."""
    text = f"{intent.text} {intent.label}"
    names = [
        name
        for name, value in naming.values.items()
        if name != VALUE and says(text, value) and says(own, value)
    ]
    named = [name for name in names if not any(says(one, naming.values[name]) for one in others)]
    if named:
        return [reference(name) for name in named]
    words = {word for word in tokens(text) if word not in STOP and says(own, word)}
    return sorted(word for word in words if not any(says(one, word) for one in others))


def says(text: str, part: str) -> bool:
    """Whether a text has these words in a row."""
    wanted = fold(part)
    if not wanted:
        return False
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", fold(text)) is not None


def _repeated(observation: Observation, element: Element, member: Membership) -> bool:
    """Whether other records of the group hold an element that is called the same."""
    return any(
        _called_alike(other, element)
        and any(
            one.group == member.group and one.ordinal != member.ordinal for one in other.records
        )
        for other in observation.elements
    )


def _called_alike(one: Element, other: Element) -> bool:
    """Whether both have the same role and name.

    Where they have no name, what the markup calls them and the drawing on them stand for one.
    """
    if one.role != other.role or fold(one.name) != fold(other.name):
        return False
    return bool(fold(one.name)) or hint_tokens(one) == hint_tokens(other)


def _has_counterparts(observation: Observation, element: Element, member: Membership) -> bool:
    """Whether the other records have as many things of its kind: then its name may be data."""
    counts = Counter(
        one.ordinal
        for other in observation.elements
        if other.role == element.role
        for one in other.records
        if one.group == member.group
    )
    size = len(observation.groups[member.group].records)
    own = counts.pop(member.ordinal, 0)
    return 2 * sum(count == own for count in counts.values()) >= size - 1


def _is_item(observation: Observation, element: Element) -> bool:
    """Whether it is one of the things that a record of a list says, not all of it."""
    return any(
        fold(observation.groups[one.group].records[one.ordinal].text) != fold(element.name)
        for one in records_of(observation, element)
    )


def _is_control(element: Element, record: str, intent: Intent) -> bool:
    """Whether it is one of the controls of a bar, not an item: it is all that its record says."""
    if element.role not in _CONTROLS or VARYING.search(intent.text):
        return False
    return fold(record) in (fold(element.name), "")


def _said(intent: Intent) -> set[str]:
    return _words(f"{intent.text} {intent.value} {intent.label}")


def _words(text: str) -> set[str]:
    """Stems of a text, without words that tell nothing."""
    plain = " ".join(word for word in tokens(text) if word not in STOP)
    return set(words_of(plain).stems)
