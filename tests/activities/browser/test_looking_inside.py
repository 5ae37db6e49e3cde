# ruff: noqa: E501
"""What is inside shadow roots, frames and scrolled areas is seen where it is, and can be acted on."""

import pytest
from playwright.async_api import Page

from activities.browser.closed_roots import without_roots
from activities.browser.content import capture_content
from activities.browser.snapshot import Snapshot, capture
from inference.content import Content, Flag
from inference.decisions import Decision, DontKnow, Question
from inference.dom.tier import decide
from inference.observation import Element
from plans.step import Params, Step, StepType
from tests.activities.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CLOSED = """<h1>Shop</h1><p>plain</p><div id=host></div>
<my-card><p>first light</p></my-card><my-card><p>second light</p></my-card>
<div id=old><p>not laid out</p></div><div style="width:40px;height:40px"></div>
<script>
const outer = host.attachShadow({mode: 'closed'});
outer.innerHTML = '<button onclick="document.title=`bought`">Deep</button><div id=inner></div>';
outer.getElementById('inner').attachShadow({mode: 'closed'}).innerHTML = '<button>Deeper</button>';
old.attachShadow({mode: 'closed'}).innerHTML = '<button>Instead</button>';
customElements.define('my-card', class extends HTMLElement { constructor() { super();
  this.attachShadow({mode: 'closed'}).innerHTML = '<h3>Card</h3><slot></slot><button>Buy</button>'; } });
</script>
<iframe srcdoc="<div id=z></div><script>z.attachShadow({mode:'closed'}).innerHTML='<button>Framed</button>'</script>"></iframe>"""


def named(snapshot: Snapshot, name: str) -> Element:
    return next(one for one in snapshot.observation.elements if one.name == name)


def said(content: Content) -> str:
    return "".join(node.text for node in content.nodes if node.tag == "#text")


async def assert_in_place(page: Page, snapshot: Snapshot, name: str) -> None:
    """A pointer moved to the middle of the element's box is over the middle of the element."""
    element = named(snapshot, name)
    live = await snapshot.element(element.ref)
    await live.evaluate(
        """e => { e.addEventListener('mousemove', m => { const r = e.getBoundingClientRect();
        e.felt = [m.clientX - r.x - r.width / 2, m.clientY - r.y - r.height / 2]; }) }"""
    )
    box = element.box
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, steps=2)
    await live.evaluate("e => new Promise(requestAnimationFrame)")
    assert await live.evaluate("e => e.felt") == pytest.approx([0, 0], abs=1.5)


async def test_closed_shadow_roots_are_seen_and_acted_on(page: Page) -> None:
    await page.set_content(CLOSED)
    before = await page.evaluate("document.documentElement.outerHTML")
    snapshot = await capture(page)
    names = [element.name for element in snapshot.observation.elements]
    assert names.count("Buy") == 2
    for name in ("Deep", "Deeper", "Instead", "Framed"):
        assert not named(snapshot, name).covered
        await assert_in_place(page, snapshot, name)
    await (await snapshot.element(named(snapshot, "Deep").ref)).click()
    assert await page.title() == "bought"
    text = said(await capture_content(page))
    for part in ("Deep", "Deeper", "Card", "first light", "Buy", "Framed"):
        assert part in text
    assert "not laid out" not in text
    after = await page.evaluate(
        "[document.documentElement.outerHTML, Object.getOwnPropertySymbols(document).length,"
        " host.shadowRoot, Element.prototype.attachShadow.toString()]"
    )
    assert after[:3] == [
        before.replace("<head></head>", "<head><title>bought</title></head>"),
        0,
        None,
    ]
    assert "[native code]" in after[3]


async def test_elements_without_closed_roots_are_asked_about_once(page: Page) -> None:
    await page.set_content(
        "<div class=swatch style='width:40px;height:40px'></div><x-empty>text</x-empty><button>Go</button>"
    )
    await capture(page)
    assert set(without_roots(page.main_frame)) == {"div swatch", "x-empty"}
    await page.evaluate(
        "document.querySelector('button').outerHTML = '<p class=late></p>';"
        "document.querySelector('p').attachShadow({mode: 'closed'}).innerHTML = '<button>Late</button>'"
    )
    assert named(await capture(page), "Late")
    await page.goto("about:blank?other")
    assert not without_roots(page.main_frame)


async def test_slots_and_open_roots(page: Page) -> None:
    await page.set_content(
        """<x-box><span slot=b>second</span><button>Into the default slot</button></x-box><script>
        document.querySelector('x-box').attachShadow({mode:'open'}).innerHTML =
          '<label>Code <input></label><slot></slot><p><slot name=b></slot></p>'</script>"""
    )
    snapshot = await capture(page)
    assert [one.name for one in snapshot.observation.elements] == ["Code", "Into the default slot"]
    assert named(snapshot, "Into the default slot").after == "second"


async def test_frames_of_other_hosts_and_frames_within_frames(page: Page, site: Site) -> None:
    site.pages["/inner"] = "<body style='margin:0'><button>Innermost</button>"
    site.pages["/middle"] = (
        "<body style='margin:0;height:2000px'><button>Middle</button><div id=h></div>"
        "<script>h.attachShadow({mode:'closed'}).innerHTML='<button>Shut</button>'</script>"
        f"<iframe style='border:3px solid;padding:4px' src='{site.url('/inner')}'></iframe>"
    )
    site.pages["/"] = (
        f"<p style='height:300px'>top</p><iframe style='border:5px solid;height:400px' src='{site.url('/middle', 'localhost')}'>"
        "</iframe><p style='height:1500px'>end</p>"
    )
    await page.goto(site.url("/"), wait_until="networkidle")
    assert len({frame.url.split("/")[2].split(":")[0] for frame in page.frames}) == 2
    for script in ("1", "scrollTo(0, 250)"):
        await page.evaluate(script)
        snapshot = await capture(page)
        assert snapshot.observation.unread_frames == 0
        for name in ("Middle", "Shut", "Innermost"):
            await assert_in_place(page, snapshot, name)
    await page.frames[1].evaluate("scrollTo(0, 20)")
    snapshot = await capture(page)
    await assert_in_place(page, snapshot, "Innermost")
    assert "Innermost" in said(await capture_content(page))


async def test_scroll_areas_tell_what_is_out_of_sight(page: Page) -> None:
    await page.set_content(
        """<style>body{margin:0;height:3000px}</style><header style="position:fixed;top:0"><button>Menu</button></header>
        <div id=log aria-label="Log" style="margin-top:40px;height:200px;overflow:auto">
        """
        + "".join(
            f"<p style='height:30px;margin:0'><a href=#{n}>Line {n}</a></p>" for n in range(40)
        )
        + """</div><div id=grid role=grid aria-rowcount=5000 style="height:200px;overflow:auto"><div style="height:90000px;position:relative">"""
        + "".join(
            f"<div role=row style='position:absolute;top:{n * 30}px'><button>Row {n}</button></div>"
            for n in range(9)
        )
        + "</div></div>"
    )
    await page.evaluate("document.querySelector('#log').scrollTop = 120; scrollTo(0, 10)")
    snapshot = await capture(page)
    areas = snapshot.observation.areas
    assert [area.page for area in areas] == [True, False, False]
    assert areas[0].above == 10
    assert (areas[1].above, areas[1].below) == (120, 40 * 30 - 200 - 120)
    assert [area.virtual for area in areas] == [False, False, True]
    assert named(snapshot, "Menu").area == -1
    line = named(snapshot, "Line 30")
    assert areas[line.area].name.startswith("Log")
    assert not line.covered
    assert named(snapshot, "Row 1").area == 2
    assert await (await snapshot.area(1)).get_attribute("id") == "log"


async def test_text_that_people_cannot_see_is_told_apart(page: Page) -> None:
    await page.set_content(
        """<body style="background:#fff"><p>Fair text</p>
        <p style="color:#fff">white on white</p><p style="color:rgba(0,0,0,.01)">no ink</p>
        <p style="font-size:1px">too small</p><p style="opacity:.01">see through</p>
        <p style="position:absolute;left:-9999px">far out</p>
        <p style="position:absolute;clip:rect(0 0 0 0);overflow:hidden;width:1px;height:1px">clipped</p>
        <button style="color:#fefefe;background:#fff;border:0">Ghost</button>
        <button style="color:#fff;background:#00f">Buy now</button>
        <div style="position:relative;height:60px"><img alt="" style="position:absolute;inset:0;width:100%;height:100%"
          src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"><h2 style="color:#fff;position:relative">On a photo</h2></div>
        <style>.lit{position:relative;color:#fff;z-index:0}.lit::before{content:'';position:absolute;inset:0;background:#080;z-index:-1}</style>
        <a class=lit href=x>On a drawn ground</a>"""
    )
    snapshot = await capture(page)
    hidden = ("white on white", "no ink", "too small", "see through", "far out", "clipped", "Ghost")
    noticed = " ".join(notice.text for notice in snapshot.observation.notices)
    for text in hidden:
        assert text not in noticed
    for text in ("Fair text", "Buy now", "On a photo", "On a drawn ground"):
        assert text in noticed
    assert named(snapshot, "Ghost").hidden
    step = Step(type=StepType.CLICK, intent='Click "Ghost"', params=Params())
    found = decide(snapshot.observation, Question(step=step, intent=step.intent))
    assert isinstance(found, DontKnow)
    assert not named(snapshot, "Buy now").hidden
    shown = [node for node in (await capture_content(page)).nodes if node.tag == "#text"]
    seen = "".join(node.text for node in shown if not node.flags & Flag.SR)
    assert not [text for text in hidden if text in seen]
    assert "On a photo" in seen and "On a drawn ground" in seen


async def test_drag_and_drop_test_ids_and_paths(page: Page) -> None:
    await page.set_content(
        """<div id=board><div draggable=true>Task one</div><div draggable=true data-testid=task-b>Task two</div>
        <section class="drop-zone">Done</section></div><table id=t><tr><td><a href=1>a</a><tr><td><a href=2>b</a></table>"""
    )
    snapshot = await capture(page)
    first, second, zone = (named(snapshot, name) for name in ("Task one", "Task two", ""))
    assert first.draggable and second.draggable and not zone.draggable
    assert zone.droppable and not first.droppable
    assert second.testid == "task-b"
    assert first.path == "#board>div"
    assert second.path == "@task-b"
    assert named(snapshot, "b").path == "#t>tbody>tr.2>td>a"


async def test_a_styled_heading_is_a_place_to_scroll_to_and_nothing_to_click(page: Page) -> None:
    await page.set_content(
        """<style>body{font:14px sans-serif}.a{font-size:20px;font-weight:700}</style>
<div class=a>House rules</div><p>No pets.</p><div class=a>€312</div><p>a night</p>
<div style="font-weight:700">Sea view</div><p>Taxes included</p>
<p><span class=a>Offer</span> of the week</p><div><div class=a>The end</div></div>"""
    )
    snapshot = await capture(page)
    (place,) = snapshot.observation.elements
    assert (place.name, place.interactive, place.level) == ("House rules", False, 0)
    assert await (await snapshot.element(0)).inner_text() == "House rules"
    scroll = Step(type=StepType.SCROLL, intent="Scroll to the house rules", params=Params())
    found = decide(snapshot.observation, Question(step=scroll, intent=scroll.intent))
    assert isinstance(found, Decision) and found.ref == 0
    click = Step(type=StepType.CLICK, intent="Click House rules", params=Params())
    found = decide(snapshot.observation, Question(step=click, intent=click.intent))
    assert isinstance(found, DontKnow)
    await snapshot.dispose()
