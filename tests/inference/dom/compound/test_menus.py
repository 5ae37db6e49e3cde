# ruff: noqa: E501
"""Menus, folded sections, trees and tabs that hide what a step names."""

import pytest

from plans.step import StepType
from tests.inference.dom.compound.conftest import Player

pytestmark = pytest.mark.browser

HOVER = """<style>nav ul{display:none;margin:0} nav li:hover>ul{display:block} nav a{display:block;width:140px}</style>
<nav><ul style="display:block"><li><a href="#" onclick="document.title='left'">Products</a><ul><li><a href="#" aria-haspopup=true>Boats</a><ul><li><a href="#" onclick="document.title='sail'">Sailing</a></li><li><a href="#">Motor</a></li></ul></li></ul></li><li><a href="#">Sailing</a></li></ul></nav>"""
CLICKED = """<div role=menubar><button role=menuitem aria-haspopup=menu aria-expanded=false onclick="this.setAttribute('aria-expanded','true');m.hidden=false">File</button></div>
<div id=m role=menu hidden style="position:fixed;top:40px"><div role=menuitem tabindex=-1>Open</div><div role=menuitem tabindex=-1 onclick="document.title='pdf'">Export as PDF</div></div>"""
TABS = """<div role=tablist><button role=tab aria-selected=true onclick="show(0)">Overview</button><button role=tab aria-selected=false onclick="show(1)">Prices</button><button role=tab aria-selected=false onclick="show(2)">Files</button></div>
<div class=p>About us</div><div class=p hidden><a href="#" onclick="document.title='p'">Price list</a></div><div class=p hidden><button onclick="document.title='d'">Data sheet</button></div>
<script>const show=n=>document.querySelectorAll('.p').forEach((p,i)=>{p.hidden=i!=n;document.querySelectorAll('[role=tab]')[i].setAttribute('aria-selected',i==n)})</script>"""
FOLDED = """<main><details><summary>Shipping</summary><button onclick="document.title='track'">Track parcel</button></details>
<details><summary>Returns</summary><button onclick="document.title='label'">Print label</button></details><details><summary>Delete account</summary><button>Print label</button></details></main>"""
TREE = """<ul role=tree><li role=treeitem aria-expanded=false onclick="event.stopPropagation();this.setAttribute('aria-expanded','true');this.querySelector('ul').hidden=false"><span>Reports</span><ul role=group hidden><li role=treeitem onclick="event.stopPropagation();document.title='q3'"><span>Q3.xlsx</span></li></ul></li><li role=treeitem><span>Notes.txt</span></li></ul>"""


def test_a_path_is_hovered_to_its_end(player: Player) -> None:
    player.show(HOVER)
    played = player.play('Select "Products > Boats > Sailing"')
    assert played.said == "sail", played


def test_a_menu_that_opens_by_a_click(player: Player) -> None:
    player.show(CLICKED)
    assert player.play("Choose File > Export as PDF").said == "pdf"


@pytest.mark.parametrize(
    ("html", "intent", "title"),
    [
        (TABS, 'Find and click "Data sheet" in one of the tabs', "d"),
        (FOLDED, 'Expand the sections to find and click "Print label"', "label"),
        (TREE, 'Find the file named "Q3.xlsx"', "q3"),
    ],
)
def test_what_is_hidden_is_looked_for(player: Player, html: str, intent: str, title: str) -> None:
    player.show(html)
    played = player.play(intent)
    assert played.said == title, played


def test_nothing_is_opened_unasked_or_to_no_end(player: Player) -> None:
    player.show("<title>t</title>" + TABS)
    unasked = player.play('Click "Delete everything"')
    assert unasked.acts == [] and unasked.end is not None
    absent = player.play('Find and click "Delete everything"')
    assert absent.end is not None and absent.said == "t"
    assert [one for one in absent.acts if one.startswith("click")] == [
        "click Prices",
        "click Files",
        "click Overview",
    ]


def test_what_pops_up_over_disabled_controls_is_left(player: Player) -> None:
    player.show("""<form style="padding:9px"><label>Name <input id=f disabled></label></form>
      <div id=d style="position:absolute;top:0;left:0;width:400px;height:90px;background:#eee"><p>Leave this page?</p><button type=button>OK</button>
      <button type=button onclick="d.remove();f.disabled=false">Cancel</button></div>""")
    played = player.play("Enter the name", "f.value", type=StepType.FILL_FIELD, value="Ada")
    assert played.acts == ["click Cancel", "fill Name"] and played.said == "Ada"
