"""A page as Claude is told of it: a marked block of data that no text of the page can close."""

from collections.abc import Iterable
from string import Template
from typing import Final

from inference.asking import Look, Picture, Seen
from inference.marking import visible
from inference.observation import Box

_OPENING = str.maketrans({"<": "&lt;", "＜": "&lt;", "﹤": "&lt;"})
_LONGEST_NAME = 120
_LONGEST_VALUE = 80
_MOST_OPTIONS = 30
MOST_ELEMENTS: Final = 250

_BLOCK = Template(
    """<page>
<address>$url</address>
<title>$title</title>
$parts</page>"""
)


def escaped(text: str) -> str:
    """A text that opens and closes no mark of a prompt, with nothing in it that can't be seen.

    The Messages API has no tokens that a text could fake, as templates of servers have
    (`inference.marking.harmless`): that no mark opens is enough.
    """
    return visible(text).translate(_OPENING)


def line(text: str, most: int = _LONGEST_NAME) -> str:
    """An escaped text on one line, cut short."""
    text = " ".join(escaped(text).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def page_block(
    look: Look, *, elements: Iterable[Seen] = (), links: Iterable[Seen] = (), most_text: int = 0
) -> str:
    """The page as a block of data.

    Args:
        look: the page.
        elements: what can be acted on, listed by number with its place in the picture.
        links: links listed with where they lead.
        most_text: characters of the page's text at most.
    """
    listed = [element_line(one, look) for one in elements]
    leading = list(dict.fromkeys(_link_line(one) for one in links if one.href))
    parts = _part("elements", listed) + _part("links", leading)
    text = escaped(look.text[:most_text]).strip()
    if text and most_text:
        cut = "\n[cut here: the page goes on]" if len(look.text) > most_text else ""
        parts += f"<text>\n{text}{cut}\n</text>\n"
    return _BLOCK.substitute(url=line(look.url, 500), title=line(look.title, 300), parts=parts)


def element_line(seen: Seen, look: Look) -> str:
    """`[12] button "Search" at 640,20 …`: what an element is, for answers to name it by number."""
    name = seen.name or seen.text
    number = f"[{seen.ref}]" if seen.ref >= 0 else "(no number)"
    said = [number, line(seen.role or "element", 40), f'"{line(name)}"']
    if look.picture is not None:
        x, y = in_picture(seen.box, look, look.picture)
        said.append(f"at {x},{y}")
    if seen.record:
        said.append(f'in "{line(seen.record, 60)}"')
    if seen.text and seen.name and seen.text != seen.name:
        said.append(f'text "{line(seen.text)}"')
    if seen.value:
        said.append(f'value "{line(seen.value, _LONGEST_VALUE)}"')
    if seen.placeholder:
        said.append(f'placeholder "{line(seen.placeholder, _LONGEST_VALUE)}"')
    if seen.checked is not None:
        said.append("checked" if seen.checked else "not checked")
    if seen.disabled:
        said.append("disabled")
    if seen.ref < 0:
        said.append(f"of {seen.box.width:.0f} by {seen.box.height:.0f}: answer a point in it")
    elif not seen.interactive:
        said.append("not a control")
    if seen.options:
        options = [f'"{line(one, _LONGEST_VALUE)}"' for one in seen.options[:_MOST_OPTIONS]]
        more = ["…"] if len(seen.options) > _MOST_OPTIONS else []
        said.append("options " + " | ".join([*options, *more]))
    return " ".join(said)


def listed(look: Look) -> tuple[Seen, ...]:
    """The elements that are worth listing, in page order; of too many the controls first."""
    ranked = sorted(look.elements, key=lambda one: not one.interactive)
    kept = {one.ref for one in ranked[:MOST_ELEMENTS]}
    return tuple(one for one in look.elements if one.ref in kept)


def in_picture(box: Box, look: Look, picture: Picture) -> tuple[int, int]:
    """The centre of a box in the picture's own pixels."""
    x = (box.x + box.width / 2) * picture.width / max(1.0, look.width)
    y = (box.y + box.height / 2) * picture.height / max(1.0, look.height)
    return round(x), round(y)


def _link_line(seen: Seen) -> str:
    return f'"{line(seen.name or seen.text)}" leads to {line(seen.href, 500)}'


def _part(mark: str, lines: list[str]) -> str:
    return f"<{mark}>\n" + "\n".join(lines) + f"\n</{mark}>\n" if lines else ""
