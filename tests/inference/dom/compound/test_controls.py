# ruff: noqa: E501
"""Sliders, fields that suggest, drags, text areas, look-ups and icons."""

import pytest

from plans.step import StepType
from tests.inference.dom.compound.conftest import Player

pytestmark = pytest.mark.browser

SLIDER = """<style>.t{width:200px;height:8px;background:#ccc;position:relative}.h{position:absolute;width:14px;height:14px;background:#333}</style>
<h3>Volume</h3><div class=t><div class=h role=slider tabindex=0 aria-label=Volume aria-valuenow=20 aria-valuemin=0 aria-valuemax=100 onkeydown="move(this, event, 5)"></div></div>
<h3>Balance</h3><div class="t ui-slider"><span class="h ui-slider-handle" tabindex=0 onkeydown="move(this, event, 1)"></span></div><div id=b>3</div>
<script>const move=(e,k,s)=>{const by={ArrowRight:s,ArrowLeft:-s}[k.key]||0;if(e.hasAttribute('aria-valuenow'))e.setAttribute('aria-valuenow',+e.getAttribute('aria-valuenow')+by);else b.textContent=+b.textContent+by}</script>"""
SUGGEST = """<label>Airport <input id=f class="typeahead" oninput="setTimeout(draw,200)"></label><ul id=l role=listbox style="margin:0;list-style:none"></ul>
<script>const ALL=['Paris (CDG)','Paris (ORY)','Parma (PMF)','Oslo (OSL)'];const draw=()=>{l.innerHTML=ALL.filter(a=>f.value&&a.startsWith(f.value)).map(a=>`<li role=option onclick="f.value='${a}!';l.innerHTML=''">${a}</li>`).join('')}</script>"""
LIST = (
    """<style>li{height:24px;width:160px;cursor:grab}</style><ul id=u style="padding:0;list-style:none">"""
    + "".join(
        f'<li draggable=true ondragstart="d=this" ondragover="event.preventDefault()" ondrop="u.insertBefore(d, this)">{name}</li>'
        for name in ("Ada", "Bob", "Cleo", "Dan")
    )
    + "</ul><script>let d</script>"
)
TABLE = (
    """<table><thead><tr><th>Order<th>Customer<th>Invoice<th></tr></thead><tbody>"""
    + "".join(
        f"""<tr><td>{at}<td>{who}<td><a href="#" onclick="document.title='{at}'">INV-{at}0</a><td><button>Edit</button></tr>"""
        for at, who in ((7, "Ada"), (8, "Bob"), (9, "Adam"))
    )
    + "</table>"
)


@pytest.mark.parametrize(
    ("intent", "value", "said", "want"),
    [
        (
            "Set the Volume slider to 65",
            "65",
            "document.querySelector('[role=slider]').getAttribute('aria-valuenow')",
            "65",
        ),
    ],
)
def test_a_slider_is_brought_to_its_value(
    player: Player, intent: str, value: str, said: str, want: str
) -> None:
    player.show(SLIDER)
    played = player.play(intent, said, type=StepType.FILL_FIELD, value=value)
    assert played.said == want, played


def test_a_slider_that_shows_its_value_beside_it(player: Player) -> None:
    player.show(SLIDER.replace("role=slider", ""))
    played = player.play(
        "Set the slider to 11", "b.textContent", type=StepType.FILL_FIELD, value="11"
    )
    assert played.said == "11", played


def test_a_slider_without_a_value_is_left(player: Player) -> None:
    player.show(SLIDER.replace("role=slider", "").replace(">3<", "><"))
    played = player.play("Set the slider to 11", type=StepType.FILL_FIELD, value="11")
    assert played.end is not None and played.acts == []


def test_a_suggestion_is_waited_for_and_taken(player: Player) -> None:
    player.show(SUGGEST)
    played = player.play("Enter the airport", "f.value", type=StepType.FILL_FIELD, value="Parma")
    assert played.said == "Parma (PMF)!", played
    wording = 'Enter an airport that starts with "Par" and ends with "(ORY)"'
    assert player.play(wording, "f.value", type=StepType.SELECT_OPTION).said == "Paris (ORY)!"
    player.show(SUGGEST.replace("setTimeout(draw,200)", "draw()"))
    several = player.play("Enter the airport", type=StepType.FILL_FIELD, value="Paris")
    assert several.end is not None


@pytest.mark.parametrize(
    ("intent", "order"),
    [
        ("Drag Cleo to the 1st position", ["Cleo", "Ada", "Bob", "Dan"]),
        ("Drag Dan up by one position", ["Ada", "Bob", "Dan", "Cleo"]),
        ('Drag "Cleo" onto "Bob"', ["Ada", "Cleo", "Bob", "Dan"]),
    ],
)
def test_drags(player: Player, intent: str, order: list[str]) -> None:
    player.show(LIST)
    played = player.play(intent, "[...u.children].map(l => l.innerText)")
    assert played.said == order, played


def test_a_drag_to_nowhere_is_not_done(player: Player) -> None:
    player.show(LIST)
    assert player.play('Drag "Ada" onto "Zoe"').end is not None
    assert player.play("Drag Zoe to the top position").end is not None


def test_a_text_area_is_scrolled_itself(player: Player) -> None:
    player.show("<textarea id=t rows=3>" + "line\n" * 60 + "</textarea><p style='height:3000px'>")
    played = player.play(
        "Scroll to the bottom of the textarea",
        "[t.scrollTop + t.clientHeight >= t.scrollHeight - 2, scrollY]",
        type=StepType.SCROLL,
    )
    assert played.said == [True, 0]


def test_a_cell_by_column_and_row(player: Player) -> None:
    player.show(TABLE)
    assert player.play('Click the invoice of "Ada"').said == "7"
    assert player.play('Click the receipt of "Ada"').acts == []


def test_an_icon_that_only_its_mark_names(player: Player) -> None:
    player.show("""<title></title><i class="icon close-draft" style="cursor:pointer;display:inline-block;width:14px;height:14px"></i>
      <i class="icon send-draft" style="cursor:pointer;display:inline-block;width:14px;height:14px" onclick="document.title='sent'"></i>""")
    assert player.play("Click send").said == "sent"


def test_a_field_is_not_filled_with_nothing(player: Player) -> None:
    player.show("<label>Word <input id=f value=old></label>")
    played = player.play(
        "Type the text below into the Word field", "f.value", type=StepType.FILL_FIELD
    )
    assert played.end is not None and played.said == "old"


def test_a_text_area_is_resized_by_its_corner(player: Player) -> None:
    player.show("<textarea id=t style='width:200px;height:80px'></textarea>")
    size = "[t.offsetWidth, t.offsetHeight]"
    assert player.play("Resize the textarea so that its height is larger", size).said == [200, 120]
    assert player.play("Resize the textarea to be narrower", size).said == [160, 120]
    assert player.play("Resize the textarea nicely", size).acts == []


@pytest.mark.parametrize(
    ("intent", "end"),
    [("Drag E right by one", 6), ("Drag A to the center", 5), ("Drag A to the bottom left", 7)],
)
def test_drags_in_a_grid(player: Player, intent: str, end: int) -> None:
    cells = "".join(
        '<div draggable=true ondragover="event.preventDefault()" ondrop="this.append(1);document.title='
        + f"'{at}'"
        + f'" style="width:60px;height:60px;cursor:grab">{name}</div>'
        for at, name in enumerate("ABCDEFGHI", 1)
    )
    player.show(
        f'<title></title><div style="display:grid;grid-template-columns:repeat(3,60px);gap:8px">{cells}</div>'
    )
    assert player.play(intent).said == str(end)


def test_a_drag_in_other_words_is_no_click(player: Player) -> None:
    player.show(
        "<title>t</title><button onclick=\"document.title='x'\">small box</button><button>large box</button>"
    )
    played = player.play("Drag the small box so that it is inside the large box")
    assert played.end is not None and played.said == "t"
