"""A page as the checks see it: texts, states of controls, marks of being signed in."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from inference.content import Content, Flag
from inference.extract.tree import Tree
from inference.extract.words import name_words, plain

_ON = frozenset({"on", "active", "selected", "checked", "current", "applied", "chosen", "act"})
_CHIP = frozenset({"chip", "tag", "pill", "badge", "applied", "facet", "token", "filter"})
_TRUE = frozenset({"true", "page", "step", "location", "date", "time"})
_INPUTS = frozenset({"button", "submit", "reset"})


@dataclass(frozen=True, slots=True)
class State:
    """Something that can be on or off: a filter, an option, a tab, a switch.

    `on` None: it can't be told from the page.
    """

    name: str
    kind: str
    on: bool | None
    node: int
    group: str = ""


class Page:
    """The parts of a page that conditions speak of, each looked up once."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.tree = Tree(content)

    @cached_property
    def text(self) -> str:
        """All visible text with values of fields, lines parted by newlines."""
        values = [
            node.attrs["value"]
            for node in self.tree.nodes
            if node.tag in ("input", "textarea", "select") and "value" in node.attrs
        ]
        return "\n".join((self.tree.visible_text, *values))

    def shows(self, text: str) -> bool:
        """Whether a text stands on the page, spaces and case aside."""
        squeezed = " ".join(self.text.split()).casefold()
        return " ".join(text.split()).casefold() in squeezed

    def finds(self, text: str) -> bool | None:
        """Whether a text stands in a line of the page, words and numbers not cut.

        None where it stands there only as a part of a word or number, over several lines, or
        where people may not read it: in a placeholder, an alternative text, an option.
        """
        wanted = " ".join(text.split()).casefold()
        if not wanted:
            return None
        if any(_whole(line, wanted) for line in self._folded):
            return True
        return None if wanted in self._all_said else False

    def where(self, text: str) -> str:
        """A short path of the element in whose line a text stands; "" where none has it."""
        wanted = " ".join(text.split()).casefold()
        for node, line in self.tree.lines:
            if _whole(" ".join(line.split()).casefold(), wanted):
                return self.tree.path(node)
        return ""

    @cached_property
    def _folded(self) -> tuple[str, ...]:
        return tuple(" ".join(line.split()).casefold() for line in self.text.split("\n"))

    @cached_property
    def _all_said(self) -> str:
        """All that the page says in any way, seen or not."""
        attributes = ("placeholder", "value", "label", "title", "alt")
        texts = [self.text, self.tree.text(self.tree.whole, quiet=True)]
        for node in self.tree.nodes:
            texts += [node.text, *(node.attrs.get(key, "") for key in attributes)]
        return " ".join(" ".join(texts).split()).casefold()

    def shows_words(self, text: str) -> str | None:
        """The line that has the words of `text` one after another."""
        wanted = f" {plain(text)} "
        lines = self.text.split("\n")
        return next((line for line in lines if wanted in f" {plain(line)} "), None)

    @cached_property
    def commands(self) -> tuple[tuple[str, int], ...]:
        """Links and buttons with their words, in plain form."""
        return tuple(self._commands())

    def _commands(self) -> Iterator[tuple[str, int]]:
        for index, node in enumerate(self.tree.nodes):
            pressed = node.flags & Flag.CURSOR and self._is_leaf(index)
            if node.tag == "a" or self.tree.is_action(index) or pressed:
                name = self.tree.text(self.tree.scope(index)) or node.text
                if node.tag == "input":
                    name = node.attrs.get("value", "")
                if name:
                    yield plain(name), index

    def _is_leaf(self, index: int) -> bool:
        return all(self.tree.nodes[c].tag == "#text" for c in self.tree.children[index])

    @cached_property
    def states(self) -> tuple[State, ...]:
        """Everything on the page that is on or off."""
        return tuple(self._states())

    def _states(self) -> Iterator[State]:
        for index, node in enumerate(self.tree.nodes):
            if node.tag == "input" and node.attrs.get("type") in ("checkbox", "radio"):
                name = node.attrs.get("label") or node.text
                on = node.attrs.get("checked") == "true"
                yield State(name, node.attrs["type"], on, index, node.attrs.get("name", ""))
            elif node.tag == "select" and "value" in node.attrs:
                label = node.attrs.get("label") or node.text
                yield State(node.attrs["value"], "option", True, index, label)
            elif node.tag != "#text":
                state = self._marked(index)
                if state is not None:
                    yield state

    def _marked(self, index: int) -> State | None:
        node = self.tree.nodes[index]
        name = node.text or self.tree.text(self.tree.scope(index))
        if not name or len(name) > 80:
            return None
        role = node.attrs.get("role", "")
        for key in ("checked", "selected", "pressed", "current"):
            if key in node.attrs:
                kind = role or ("toggle" if key == "pressed" else "current")
                return State(name, kind, node.attrs[key] in _TRUE, index)
        words = set(name_words(node.cls))
        if words & _ON and self.tree.nodes[index].width < 700:
            return State(name, "class", True, index)
        if words & _CHIP and self.tree.is_action(index) and re.search(r"[×✕✖]|remove", name):
            return State(re.sub(r"[×✕✖]|remove", "", name).strip(), "chip", True, index)
        return None

    @cached_property
    def dialogs(self) -> tuple[int, ...]:
        """Elements that say of themselves that they are dialogs."""
        return self._outermost(self._is_dialog)

    @cached_property
    def floating(self) -> tuple[int, ...]:
        """Fixed boxes of some size that may lie over the page, dialogs or not."""
        return self._outermost(self._floats)

    def _outermost(self, mark: Callable[[int], bool]) -> tuple[int, ...]:
        found: list[int] = []
        for index in range(len(self.tree.nodes)):
            if mark(index) and not (found and index in self.tree.scope(found[-1])):
                found.append(index)
        return tuple(found)

    def _is_dialog(self, index: int) -> bool:
        node = self.tree.nodes[index]
        named = node.attrs.get("role") in ("dialog", "alertdialog") or node.tag == "dialog"
        return named or node.attrs.get("modal") == "true"

    def _floats(self, index: int) -> bool:
        node = self.tree.nodes[index]
        return bool(node.flags & Flag.FIXED) and node.width * node.height > 20_000

    @cached_property
    def signed_in(self) -> tuple[bool, str] | None:
        """Whether somebody is logged in, with the mark of it; None where nothing tells."""
        outs = [name for name, _ in self.commands if _SIGN_OUT.fullmatch(name)]
        if outs:
            return True, f"the page offers {outs[0]!r}"
        ins = [name for name, _ in self.commands if _SIGN_IN.fullmatch(name)]
        if ins:
            return False, f"the page offers {ins[0]!r}"
        return None

    def inputs(self) -> Iterator[tuple[int, str]]:
        """Visible fields to type in, with all that names them, in plain words."""
        for index, node in enumerate(self.tree.nodes):
            if node.tag not in ("input", "textarea", "select") or node.attrs.get("type") in _INPUTS:
                continue
            around = " ".join(
                node.attrs.get(key, "") for key in ("label", "placeholder", "name", "id", "type")
            )
            yield index, plain(f"{node.text} {around}")


def _whole(line: str, wanted: str) -> bool:
    """Whether a text stands in a line on its own: no word or number goes on before or after it."""
    at = line.find(wanted)
    while at >= 0:
        before, after = line[:at], line[at + len(wanted) :]
        cut = _joins(before[-2:], wanted[0], before=True) or _joins(
            after[:2], wanted[-1], before=False
        )
        if not cut:
            return True
        at = line.find(wanted, at + 1)
    return False


def _joins(beside: str, sign: str, *, before: bool) -> bool:
    if not beside or not sign.isalnum():
        return False
    near = beside[-1] if before else beside[0]
    far = beside[0] if before else beside[-1]
    split = sign.isdigit() and near in ".,'’" and len(beside) == 2 and far.isdigit()
    return near.isalnum() or split


_SIGN_OUT = re.compile(r"(?:log ?out|sign ?out|log off|sign off|abmelden|ausloggen)(?: \w+){0,2}")
_SIGN_IN = re.compile(
    r"(?:log ?in|sign ?in|log on|anmelden|einloggen|my account log in|"
    r"sign in register|log in sign up|"
    r"login register|log in or register|sign in or register|sign in join|log in register)"
)
