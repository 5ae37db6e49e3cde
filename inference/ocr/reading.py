"""Texts in pictures, and how a look at a page takes them in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from inference.decisions import Decision, DontKnow, Point
from inference.observation import Element, Notice, Observation, Picture, Rect
from inference.risk import threshold
from plans.step import Step, StepType

ROLE: Final = "image text"
"""The role of an element that is only a text in a picture."""
INSTALL: Final = "text in pictures was not read: install the ocr extra"
"""What a don't-know says where pictures are in view and nothing can read them."""
MOST_PICTURES: Final = 6
"""Pictures that are read at one look."""
LEAST_SURE: Final = 0.6
"""Texts that the reader is less sure of are left out."""
READ_FOR: Final = frozenset({StepType.CLICK, StepType.SUBMIT, StepType.FILTER})
"""Steps whose target may be a text in a picture."""


@dataclass(frozen=True, slots=True)
class PictureText:
    """A line of text in a picture: `box` in pixels of the picture, `confidence` from 0 to 1."""

    text: str
    confidence: float
    box: Rect


class PictureReader(Protocol):
    """Finds the texts in a picture. Takes a second or so: call it off the event loop."""

    def read(self, png: bytes) -> Sequence[PictureText]:
        """The texts of a PNG, in no certain order; none where it has none."""
        ...


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """What was read in the visible part of a picture.

    `picture` indexes `Observation.pictures`, `left` and `top` say where the part that was read
    begins on the page, `scale` how many pixels of it make one CSS pixel.
    """

    picture: int
    left: float
    top: float
    scale: float
    texts: Sequence[PictureText]


def worth_reading(observation: Observation) -> tuple[int, ...]:
    """Indexes of the pictures to read: canvases, then images without a name, then the largest."""
    ranked = sorted(
        enumerate(observation.pictures),
        key=lambda one: (one[1].kind != "canvas", bool(one[1].name), -_area(one[1]), one[0]),
    )
    return tuple(index for index, _ in ranked[:MOST_PICTURES])


def unread(observation: Observation) -> bool:
    """Whether a picture in view has nothing but itself to say what it shows."""
    return any(one.kind == "canvas" or not one.name for one in observation.pictures)


def take_in(
    observation: Observation, read: Sequence[ReadPicture]
) -> tuple[Observation, tuple[int, ...]]:
    """The page with these texts as elements and notices, and the picture of each new element."""
    elements: list[Element] = []
    pictures: list[int] = []
    for one in read:
        picture = observation.pictures[one.picture]
        for text in one.texts:
            if text.confidence < LEAST_SURE or not text.text.strip():
                continue
            ref = len(observation.elements) + len(elements)
            elements.append(_element(ref, picture, text.text.strip(), _on_page(one, text.box)))
            pictures.append(one.picture)
    notices = tuple(Notice(ROLE, one.text, "", "", one.box) for one in elements)
    seen = replace(
        observation,
        elements=(*observation.elements, *elements),
        notices=(*observation.notices, *notices),
    )
    return seen, tuple(pictures)


def in_picture(observation: Observation, step: Step, found: Decision | DontKnow) -> Decision | None:
    """The decision with the point to act at, where its target is a text in a picture."""
    if not isinstance(found, Decision) or found.ref is None or found.also:
        return None
    element = observation.element(found.ref)
    if element.role != ROLE or found.confidence < threshold(found.act, step.type, element.name):
        return None
    box = element.box
    point = Point(x=box.x + box.width / 2, y=box.y + box.height / 2)
    why = f"a text in a picture; {found.why}" if found.why else "a text in a picture"
    return found.model_copy(update={"point": point, "why": why})


def _area(picture: Picture) -> float:
    return picture.box.width * picture.box.height


def _on_page(read: ReadPicture, box: Rect) -> Rect:
    return Rect(
        read.left + box.x / read.scale,
        read.top + box.y / read.scale,
        box.width / read.scale,
        box.height / read.scale,
    )


def _element(ref: int, picture: Picture, text: str, box: Rect) -> Element:
    return Element(
        ref=ref, frame=picture.frame, tag=picture.kind, role=ROLE, type="", name=text, text=text,
        value="", placeholder="", description="", hints="", href="", before="", after="",
        column="", heading="", group=picture.name, region="", layer="", form=-1, block=-1,
        records=(), options=(), checked=None, expanded=None, selected=None, disabled=False,
        readonly=False, covered=False, interactive=True, level=0, weight=box.height, box=box,
    )  # fmt: skip
