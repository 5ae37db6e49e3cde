"""The visible content of a page as plain data, captured by `activities.browser.content`.

`content.js` walks the composed tree (shadow roots, slots) of one frame and gives its
visible nodes in document order; frames are spliced in under their iframe's node.
"""

from importlib import resources
from typing import Final, NamedTuple

from pydantic import Field, TypeAdapter

from inference.dom.script import SEEING
from plans.step import Frozen
from plans.well_formed import well_formed_json

_READ = resources.files("inference").joinpath("content.js").read_text(encoding="utf-8").rstrip()
SCRIPT: Final = f"""(given) => {{
{SEEING}
const read =
{_READ};
const json = read(given.frames);
const doubted = sampled();
return {{ json, suspects: doubted, roots: given.roots || [], kinds: kindsOf(doubted) }};
}}"""
"""A function of {frames, roots, without}; `activities.browser.content` runs it in each frame."""


class Flag:
    """What a node looks like: bits of `Node.flags`, plain ints for the many tests of them."""

    BLOCK: Final = 1
    """Starts a line of its own."""
    STRIKE: Final = 2
    """Its text is struck through."""
    BOLD: Final = 4
    SR: Final = 8
    """There for screen readers or machines only."""
    FIXED: Final = 16
    """Fixed or sticky: may lie over the page."""
    CURSOR: Final = 32
    """The pointer shows that it can be clicked."""


class Node(NamedTuple):
    """An element, or a piece of text (`tag` "#text", its `text` not trimmed).

    For elements `text` is the accessible name where the markup gives one (aria-label,
    alt, title). `parent` is an index into the nodes, -1 for the body. Box in CSS pixels of
    the top viewport; text nodes have none. `attrs` holds the few attributes that matter,
    states among them (checked, selected, pressed, expanded, current, disabled), `value` and
    `label` of controls, absolute `href`.
    """

    parent: int
    tag: str
    text: str
    cls: str
    attrs: dict[str, str]
    x: int
    y: int
    width: int
    height: int
    flags: int
    size: int


class Content(Frozen):
    """What a page shows. `json_ld` holds the script texts, `meta` OpenGraph and the like.

    `complete` is False where a visible frame could not be read, or the page has more than is
    taken of one frame (40,000 nodes, 2 million characters).
    """

    url: str
    canonical: str = ""
    title: str = ""
    lang: str = ""
    json_ld: tuple[str, ...] = ()
    meta: dict[str, str] = Field(default_factory=dict[str, str])
    nodes: tuple[Node, ...] = ()
    width: int = 0
    height: int = 0
    complete: bool = True


_CONTENT = TypeAdapter(Content)


def parse_content(text: str) -> Content:
    """Read what `content.js` returned for one frame.

    Raises:
        pydantic.ValidationError: where the text is something else.
    """
    return _CONTENT.validate_json(well_formed_json(text))


def splice_frames(content: Content, frames: dict[int, Content | None]) -> Content:
    """Put the content of child frames under their iframe's nodes, boxes moved along.

    `frames` maps the place that an iframe's node names in `frame` to what was read there,
    None where it could not be read.
    """
    if not frames:
        return content
    nodes: list[Node] = []
    moved: dict[int, int] = {-1: -1}
    complete = content.complete
    scripts = list(content.json_ld)
    for index, node in enumerate(content.nodes):
        moved[index] = len(nodes)
        nodes.append(node._replace(parent=moved[node.parent]))
        if "frame" not in node.attrs:
            continue
        inner = frames.get(int(node.attrs["frame"]))
        if inner is None:
            complete = complete and node.width * node.height < 400
            continue
        complete = complete and inner.complete
        scripts.extend(inner.json_ld)
        base, home = len(nodes), moved[index]
        nodes.extend(
            child._replace(
                parent=home if child.parent < 0 else child.parent + base,
                x=child.x + node.x,
                y=child.y + node.y,
            )
            for child in inner.nodes
        )
    return content.model_copy(
        update={"nodes": tuple(nodes), "complete": complete, "json_ld": tuple(scripts)}
    )
