# ruff: noqa: E501
"""Date pickers as several vendors write them."""

import pytest

from plans.step import StepType
from tests.inference.dom.compound.conftest import Player

pytestmark = pytest.mark.browser

DRAW = """
const NAMES = ['January','February','March','April','May','June','July','August','September','October','November','December'];
let y = 2026, m = 11;
const days = () => new Date(y, m + 1, 0).getDate();
const lead = () => new Date(y, m, 1).getDay();
const turn = by => { const d = new Date(y, m + by, 1); y = d.getFullYear(); m = d.getMonth(); draw(); };
"""
TABLE = f"""<label>Departure date <input id=f readonly class=datepicker onclick="p.hidden=false"></label>
<div id=p hidden style="position:absolute;top:60px;background:#fff"></div><script>{DRAW}
const draw = () => {{ let cells = ''; const before = new Date(y, m, 0).getDate();
  const all = [...Array(lead()).keys()].map(i => ['old', before - lead() + i + 1]).concat([...Array(days()).keys()].map(i => ['day', i + 1]), [['new', 1], ['new', 2]]);
  all.forEach(([c, n], i) => {{ cells += (i % 7 ? '' : '<tr>') + `<td class="${{c}}" onclick="f.value=y+'-'+(m+1)+'-'+${{n}}+' ${{c}}';p.hidden=true">${{n}}</td>`; }});
  p.innerHTML = `<table><tr><th onclick="turn(-1)">«</th><th colspan=5>${{NAMES[m]}} ${{y}}</th><th onclick="turn(1)">»</th></tr>${{cells}}</table>`; }};
draw();</script>"""
LABELLED = f"""<button aria-haspopup=dialog onclick="p.hidden=false">Choose date</button><output id=f></output>
<div id=p hidden role=dialog aria-label="Calendar" style="position:fixed;top:60px;background:#fff"></div><script>{DRAW}
const draw = () => {{ p.innerHTML = `<button aria-label="Move backward to switch to the previous month." onclick="turn(-1)"><svg width=9 height=9></svg></button>
  <h2>${{NAMES[m]}} ${{y}}</h2><button aria-label="Move forward to switch to the next month." onclick="turn(1)"><svg width=9 height=9></svg></button><div role=grid style="width:300px">` +
  [...Array(days()).keys()].map(i => {{ const d = new Date(y, m, i + 1); return `<div role=gridcell style="display:inline-block;width:40px" tabindex=-1 aria-label="${{d.toLocaleDateString('en-US', {{weekday:'long',month:'long',day:'numeric',year:'numeric'}})}}"
    onclick="f.value='${{d.toDateString()}}'">${{i + 1}}</div>`; }}).join('') + '</div>'; }};
draw();</script>"""
SELECTS = f"""<label>Birthday <input id=f readonly placeholder="Pick a day" class="date-input" onclick="p.hidden=false"></label>
<div id=p hidden style="position:absolute;top:60px;background:#fff"><select id=ms onchange="m=+this.value;draw()"></select><select id=ys onchange="y=+this.value;draw()"></select><div id=g style="width:280px"></div></div><script>{DRAW}
ms.innerHTML = NAMES.map((n, i) => `<option value=${{i}}>${{n.slice(0, 3)}}</option>`).join('');
for (let i = 1980; i < 2030; i++) ys.innerHTML += `<option>${{i}}</option>`;
const draw = () => {{ ms.value = m; ys.value = y; g.innerHTML = [...Array(days()).keys()].map(i => `<button onclick="f.value=y+'/'+(m+1)+'/'+${{i + 1}}">${{i + 1}}</button>`).join(''); }};
draw();</script>"""


@pytest.mark.parametrize(
    ("html", "day", "held"),
    [
        (TABLE, "02/28/2027", "2027-2-28 day"),
        (TABLE, "November 30, 2026", "2026-11-30 day"),
        (LABELLED, "Tuesday, December 1, 2026", "Tue Dec 01 2026"),
        (LABELLED, "2027-01-15", "Fri Jan 15 2027"),
        (SELECTS, "3 May 1987", "1987/5/3"),
    ],
)
def test_a_day_is_picked(player: Player, html: str, day: str, held: str) -> None:
    player.show(html)
    type = StepType.CLICK if html is LABELLED else StepType.FILL_FIELD
    played = player.play(f"Choose {day} as the date", "f.value", type=type, value=day)
    assert played.said == held, played


def test_a_month_that_is_never_reached_is_not_guessed(player: Player) -> None:
    player.show(TABLE.replace('onclick="turn(-1)"', "").replace(">«<", "><"))
    played = player.play("Choose a date", "f.value", type=StepType.FILL_FIELD, value="2026-03-05")
    assert played.end is not None and played.said == ""


def test_a_field_that_takes_typing_is_typed_into(player: Player) -> None:
    player.show("<label>Date <input id=f type=date></label>")
    played = player.play("Enter the date", "f.value", type=StepType.FILL_FIELD, value="12/24/2026")
    assert played.acts == ["fill Date"] and played.said == "2026-12-24"


def test_a_date_that_only_tells_a_thing_opens_no_calendar(player: Player) -> None:
    player.show(
        "<title>t</title><button onclick=\"document.title='x'\">Invoice date</button>" + TABLE
    )
    played = player.play("Open the receipt of 03/12/2026")
    assert played.acts == [] and played.said == "t"
