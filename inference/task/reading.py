"""A page in words, for the agent: its elements with references, and its text."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from inference.dom.words import Phrase, hint_words, likeness, phrases, words_of
from inference.observation import Element, Notice, Observation, Rect

MOST_CHARACTERS: Final = 50_000
MOST_FOUND: Final = 20
_LONGEST: Final = 160
_MOST_OPTIONS: Final = 25
_LEAST: Final = 0.5

Filter = Literal["all", "interactive"] | None
NameOf = Callable[[Element], str]
"""The reference of an element."""


@dataclass(frozen=True)
class _Line:
    y: float
    x: float
    text: str


def read_page(
    observation: Observation, ref_of: NameOf, kind: Filter = None, within: Rect | None = None
) -> str:
    """The page as lines, one an element or a text, from top to bottom.

    `kind` None: what is in view; "all": all of it; "interactive": controls and links in view.
    `within`: only what lies there. Cut at 50,000 characters.
    """
    shown = [one for one in observation.elements if _wanted(one, observation, kind, within)]
    lines = [_Line(one.box.y, one.box.x, element_line(one, ref_of(one))) for one in shown]
    if kind != "interactive":
        lines += _texts(observation, kind, within, {_folded(one.name) for one in shown})
    lines.sort(key=lambda line: (round(line.y / 8), line.x))
    left = 0 if kind == "all" or within else len(observation.elements) - len(shown)
    told = _capped([line.text for line in lines])
    if left > 0 and kind is None:
        told.append(f"({left} more elements out of view: scroll, or read with filter all)")
    if observation.truncated:
        told.append("(this page is too large to be read in full: scroll and read on)")
    return "\n".join(told)


def find(observation: Observation, ref_of: NameOf, query: str) -> str:
    """Up to 20 elements that a description fits, best first."""
    wanted = list(phrases(query[:_LONGEST]))
    scored = [(_score(one, wanted), one) for one in observation.elements if not one.hidden]
    best = sorted((one for one in scored if one[0] >= _LEAST), key=lambda one: -one[0])
    found = [element_line(one, ref_of(one)) for _, one in best[:MOST_FOUND]]
    return "\n".join(found) if found else "Nothing on the page fits this description."


def element_line(element: Element, ref: str) -> str:
    """One element: role, name, what it holds, its state, its reference."""
    parts = [element.role or element.tag, f'"{_cut(element.name or element.text)}"']
    holds = element.role in ("textbox", "searchbox", "combobox", "spinbutton", "slider")
    if element.type == "password":
        parts.append("password field" + (", filled" if element.value else ", empty"))
    elif holds or element.value:
        parts.append(f'value="{_cut(element.value)}"')
    if element.placeholder:
        parts.append(f'placeholder="{_cut(element.placeholder)}"')
    if element.options:
        parts.append("options: " + " | ".join(map(_cut, element.options[:_MOST_OPTIONS])))
    if element.href:
        parts.append(f"href={_cut(element.href)}")
    states = {
        "checked": element.checked is True,
        "not checked": element.checked is False,
        "expanded": element.expanded is True,
        "disabled": element.disabled,
        "read-only": element.readonly,
        "covered": element.covered,
    }
    parts += [state for state, there in states.items() if there]
    return " ".join([*parts, f"[{ref}]"])


def _wanted(element: Element, observation: Observation, kind: Filter, within: Rect | None) -> bool:
    if element.hidden or (kind == "interactive" and not element.interactive):
        return False
    if within is not None:
        return _inside(element.box, within)
    return kind == "all" or _in_view(element.box, observation)


def _texts(
    observation: Observation, kind: Filter, within: Rect | None, named: set[str]
) -> Iterable[_Line]:
    seen: set[str] = set()
    for notice in observation.notices:
        inside = (
            _inside(notice.box, within)
            if within is not None
            else kind == "all" or _in_view(notice.box, observation)
        )
        key = _folded(notice.text)
        if not inside or not key or key in named or key in seen:
            continue
        seen.add(key)
        yield _Line(notice.box.y, notice.box.x, _text_line(notice))


def _text_line(notice: Notice) -> str:
    kind = notice.kind if notice.kind in ("alert", "status") else "text"
    over = " (in a dialog)" if notice.layer else ""
    return f'{kind} "{" ".join(notice.text.split())[:500]}"{over}'


def _score(element: Element, wanted: list[Phrase]) -> float:
    """Mean likeness of the description's words, each to the best of what the element says."""
    if not wanted:
        return 0.0
    sources = [
        (1.0, words_of(f"{element.name} {element.text}")),
        (0.9, words_of(f"{element.placeholder} {element.role} {element.description}")),
        (0.7, hint_words(element.hints)),
        (0.5, words_of(f"{element.before} {element.heading} {element.column}")),
    ]
    said = sum(max(w * likeness(one, words) for w, words in sources) for one in wanted)
    return said / len(wanted) + (0.05 if element.interactive else 0.0)


def _in_view(box: Rect, observation: Observation) -> bool:
    down = box.y + box.height > -1 and box.y < observation.height
    return down and box.x + box.width > -1 and box.x < observation.width


def _inside(box: Rect, outer: Rect) -> bool:
    x, y = box.x + box.width / 2, box.y + box.height / 2
    return outer.x <= x <= outer.x + outer.width and outer.y <= y <= outer.y + outer.height


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _capped(lines: list[str]) -> list[str]:
    size = 0
    for at, line in enumerate(lines):
        size += len(line) + 1
        if size > MOST_CHARACTERS:
            return [*lines[:at], "(cut: narrow it down with ref, or scroll and read again)"]
    return lines
