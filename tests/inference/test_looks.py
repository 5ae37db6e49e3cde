"""What a model is shown of a page, and where secrets stand on it."""

from dataclasses import replace

from inference.content import Content, Flag, Node
from inference.decisions import Candidate
from inference.looks import look_of, secret_boxes, visible_text
from inference.observation import Rect
from tests.inference.observed import element, page_of


def node(parent: int, tag: str, text: str = "", **said: object) -> Node:
    base: dict[str, object] = {
        "parent": parent, "tag": tag, "text": text, "cls": "", "attrs": {}, "x": 0, "y": 0,
        "width": 100, "height": 20, "flags": 0, "size": 16,
    }  # fmt: skip
    return Node(**(base | said))  # type: ignore[arg-type]


PAGE = Content(
    url="https://shop.example/",
    nodes=(
        node(-1, "body", flags=Flag.BLOCK, height=800),
        node(0, "p", flags=Flag.BLOCK, y=10),
        node(1, "#text", "Signed in as ann"),
        node(1, "b", y=12),
        node(3, "#text", "lee", width=0, height=0),
        node(0, "p", flags=Flag.BLOCK, y=40),
        node(5, "#text", "  A  boat \n for sale "),
        node(0, "input", attrs={"value": "annlee", "type": "text"}, flags=Flag.BLOCK, y=70),
        node(0, "input", attrs={"value": "hidden", "type": "password"}, flags=Flag.BLOCK, y=90),
        node(0, "p", flags=Flag.BLOCK | Flag.SR, y=110),
        node(9, "#text", "for screen readers", flags=Flag.SR),
    ),
)


def spans(text: str) -> list[tuple[int, int]]:
    at = text.find("annlee")
    return [(at, at + 6)] if at >= 0 else []


def test_the_text_is_what_people_read_a_line_a_block() -> None:
    text = visible_text(PAGE).text
    assert text.splitlines() == ["Signed in as annlee", "A boat for sale ", "[annlee] "]


def test_secrets_are_covered_also_where_they_are_written_in_pieces() -> None:
    boxes = secret_boxes(PAGE, visible_text(PAGE), spans)
    assert [box.y for box in boxes] == [10, 12, 70]
    assert secret_boxes(PAGE, visible_text(PAGE), lambda text: []) == ()


def test_a_look_shows_what_is_in_view_and_the_candidates() -> None:
    below = replace(element(1, "Below"), box=Rect(20, 2000, 100, 30))
    covered = replace(element(2, "Covered"), covered=True)
    hidden = replace(element(3, "Hidden"), hidden=True)
    seen = page_of([element(0, "Save"), below, covered, hidden])
    look = look_of(seen, "text", None, str)
    assert [one.name for one in look.elements] == ["Save"]
    wanted = [Candidate(ref=1, name="Below", role="button", score=0.5)]
    shown = look_of(seen, "text", None, str, wanted)
    assert [one.name for one in shown.elements] == ["Save", "Below"]
    assert look.id != shown.id and len(look.id) == 64
    assert look_of(seen, "text", None, str).id == look.id


def test_the_password_that_a_field_holds_is_not_shown() -> None:
    field = replace(element(0, "Password", "textbox"), type="password", value="hunter2")
    look = look_of(page_of([field]), "", None, str)
    assert "hunter2" not in look.model_dump_json()
