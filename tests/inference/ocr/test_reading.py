"""Texts in pictures as elements of a page, without a browser and without a reader."""

from inference.decisions import ActKind, Decision, Point
from inference.observation import Picture, Rect
from inference.ocr.reading import (
    PictureText,
    ReadPicture,
    in_picture,
    take_in,
    unread,
    worth_reading,
)
from plans.step import Params, Step, StepType, TierName
from tests.inference.observed import page_of

CANVAS = Picture(0, "canvas", "", Rect(100, 50, 400, 300))
LOGO = Picture(0, "img", "Shop", Rect(0, 0, 60, 30))
PHOTO = Picture(0, "img", "", Rect(0, 100, 90, 90))


def pressed(ref: int, sure: float = 0.95) -> Decision:
    return Decision(act=ActKind.CLICK, ref=ref, confidence=sure, tier=TierName.DOM)


def test_canvases_and_images_without_a_name_are_read_first() -> None:
    page = page_of(["Go"], pictures=(LOGO, PHOTO, CANVAS))
    assert worth_reading(page) == (2, 1, 0)
    assert len(worth_reading(page_of([], pictures=(PHOTO,) * 50))) == 6
    assert unread(page)
    assert not unread(page_of([], pictures=(LOGO,)))


def test_texts_become_elements_at_their_place_on_the_page() -> None:
    texts = (
        PictureText(" Start ", 0.98, Rect(20, 40, 80, 20)),
        PictureText("smudge", 0.3, Rect(0, 0, 9, 9)),
    )
    read = ReadPicture(1, 100, 50, 2.0, texts)
    page, pictures = take_in(page_of(["Go"], pictures=(LOGO, CANVAS)), [read])
    assert pictures == (1,)
    assert [one.name for one in page.elements] == ["Go", "Start"]
    assert page.element(1).role == "image text"
    assert page.element(1).box == Rect(110, 70, 40, 10)
    assert page.notices[-1].text == "Start"

    step = Step(type=StepType.CLICK, intent="Click Start", params=Params())
    found = in_picture(page, step, pressed(1))
    assert found is not None
    assert found.point == Point(x=130, y=75)
    assert in_picture(page, step, pressed(0)) is None
    assert in_picture(page, step, pressed(1, sure=0.5)) is None
