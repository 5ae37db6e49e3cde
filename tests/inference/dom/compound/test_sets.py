# ruff: noqa: E501
"""Several targets of one act: all of them, or none."""

import json

import pytest

from plans.step import StepType
from tests.inference.dom.compound.conftest import Player

pytestmark = pytest.mark.browser

BOXES = """<fieldset><legend>Toppings</legend><label><input type=checkbox> Olives</label><label><input type=checkbox checked> Ham</label><label><input type=checkbox> Corn</label></fieldset>
<fieldset><legend>Extras</legend><label><input type=checkbox> Napkins</label><label><input type=checkbox> Cutlery</label></fieldset>"""
ON = "[...document.querySelectorAll('input')].filter(b => b.checked).map(b => b.parentElement.innerText.trim())"
POSTS = "".join(
    f"""<article class=post><b>{who}</b><p>Words of number {at} about {topic}</p><span class="like" style="cursor:pointer;display:inline-block;width:12px;height:12px" onclick="document.title+='{at}'"></span><span class="share" style="cursor:pointer;display:inline-block;width:12px;height:12px"></span></article>"""
    for at, (who, topic) in enumerate(
        [("@ada", "boats"), ("@bob", "@ada"), ("@adam", "cats"), ("@ada", "dogs"), ("@bob", "tea")]
    )
)
MANY = """<select multiple id=s size=4><option>Red<option selected>Green<option>Blue<option>Navy blue</select><button>Save</button>"""


@pytest.mark.parametrize(
    ("intent", "on"),
    [
        ('Select "Olives", "Corn" and "Napkins"', ["Olives", "Ham", "Corn", "Napkins"]),
        ("Tick Olives and Corn", ["Olives", "Ham", "Corn"]),
        ("Tick only Olives and Corn", ["Olives", "Corn"]),
        ("Tick all checkboxes in Extras", ["Ham", "Napkins", "Cutlery"]),
        ("Untick every checkbox", []),
    ],
)
def test_boxes(player: Player, intent: str, on: list[str]) -> None:
    player.show(BOXES)
    assert player.play(intent, ON).said == on


@pytest.mark.parametrize("number", range(4))
def test_only_those_named_of_their_own_set(player: Player, number: int) -> None:
    def box(name: str, on: str = "") -> str:
        return f"<label><input type=checkbox {on}> {name}</label>"

    colours = [box("Red"), box("Green", "checked"), box("Blue")]
    row = "<ul><li>" + "<li>".join(colours) + "</ul>"
    flat, rest = "".join(colours), box("Accept terms", "checked")
    player.show(
        [
            f"<form><h2>Colours</h2>{flat}<p>{rest}</p><button>Save</button></form>",
            f"<form>{row}<div>{rest}</div></form>",
            f"<fieldset><legend>Colours</legend>{flat}</fieldset><div>{rest}</div>",
            f"<form>{flat}</form>{rest}",
        ][number]
    )
    assert player.play("Select only Red and Blue", ON).said == ["Red", "Blue", "Accept terms"]


@pytest.mark.parametrize(
    "intent", ["Tick Olives, Corn and Anchovies", "Tick all checkboxes in Sauces"]
)
def test_an_unknown_member_leaves_all_as_it_is(player: Player, intent: str) -> None:
    player.show(BOXES)
    played = player.play(intent, ON)
    assert played.end is not None and played.said == ["Ham"]


def test_options_of_a_list_that_takes_several(player: Player) -> None:
    player.show(MANY)
    chosen = "[...s.selectedOptions].map(o => o.text)"
    played = player.play(
        "Choose the colours", chosen, type=StepType.SELECT_OPTION, value=["Red", "Blue"]
    )
    assert played.said == ["Red", "Blue"]
    unknown = player.play(
        "Choose the colours", chosen, type=StepType.SELECT_OPTION, value=["Red", "Pink"]
    )
    assert unknown.end is not None and unknown.said == ["Red", "Blue"]


@pytest.mark.parametrize(
    ("intent", "title"),
    [
        ('Click the "Like" button on all posts by @ada', "03"),
        ('Click the "like" icon of 1 post by @bob', "1"),
    ],
)
def test_the_control_of_each_record(player: Player, intent: str, title: str) -> None:
    player.show("<title></title>" + POSTS.replace("about @ada", "about ada"))
    assert player.play(intent).said == title


MAIL = """<h1>Inbox</h1><div id=l></div><p id=gone></p><script>
const all = %s, shown = %s;
const draw = () => { while (l.children.length > all.length) l.lastChild.remove();
  all.forEach(([who, what], i) => { let r = l.children[i];
    if (!r) { r = document.createElement('div'); r.className = 'row';
      r.innerHTML = '<b></b> <span></span> <button>Delete</button>';
      r.lastChild.onclick = () => { const one = all[i]; gone.textContent += one[1] + ' ';
        const take = () => { all.splice(all.indexOf(one), 1); draw() };
        if (shown) setTimeout(take, shown - 1) };
      l.append(r) }
    r.children[0].textContent = who; r.children[1].textContent = what }) }; draw()
</script>"""
BOB, ANN = ["Bob Miller", "Lunch"], ["Ann Lee", "Trip"]


@pytest.mark.parametrize("shown", [0, 1])
@pytest.mark.parametrize(
    ("rows", "gone"),
    [
        ([BOB, ["Bob Miller", "Budget"], ANN], "Lunch Budget"),
        ([BOB, BOB, ANN], "Lunch Lunch"),
        ([["Bob Miller", "Plan 1"], ["Bob Miller", "Plan 2"]], "Plan 1 Plan 2"),
        ([ANN, BOB, ANN, ["Bob Miller", "Hi"], ["Bob Miller", "Tea"]], "Lunch Hi Tea"),
    ],
)
def test_rows_that_move_up_when_one_is_taken_out(
    player: Player, rows: list[list[str]], gone: str, shown: int
) -> None:
    """The list uses its elements again by their place, and changes at once or not at all."""
    player.show(MAIL % (json.dumps(rows), shown))
    intent = 'Click the "Delete" button on all messages by Bob Miller'
    played = player.play(intent, "gone.textContent.trim()")
    assert played.said == gone and played.end is None


def test_fewer_than_asked_for_is_not_a_part_of_it(player: Player) -> None:
    player.show("<title></title>" + POSTS)
    played = player.play('Click the "Like" button on 3 posts by @bob')
    assert played.end is not None and played.said == ""


def test_words_that_ask_for_no_set(player: Player) -> None:
    player.show(BOXES + '<button onclick="this.append(1)">Show all options</button>')
    assert player.play("Click Show all options", ON).said == ["Ham"]
    assert player.play("Show all options", ON).said == ["Ham"]


def test_the_control_of_a_thing_that_is_not_there(player: Player) -> None:
    rows = "".join(
        f"<li><b>{name}</b> <button onclick='document.title=this.previousElementSibling.innerText'>Edit</button></li>"
        for name in ("Ada", "Bob", "Cleo")
    )
    player.show(f"<ul>{rows}</ul>")
    assert player.play('Click "Edit" of "Zoe"').end is not None
    assert player.play('Click "Edit" of "Bob"').said == "Bob"
