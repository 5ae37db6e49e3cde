"""Controls that pages build themselves: menus, sliders, editors, lists, closed shadow roots."""

import pytest

from activities.browser.act import perform
from inference.decisions import ActKind
from plans.step import FailureClass

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

MENUS = """<style>nav ul { display: none; position: absolute; margin: 0; background: #eee }
nav li { position: relative; width: 140px } nav li:hover > ul { display: block }
nav li li ul { left: 130px; top: 0 }</style>
<nav><ul style='display: block; position: static'><li id=top>Products
<ul><li id=sub>Boats<ul><li><button id=leaf onclick='said.textContent = `leaf`'>Sail</button></li>
</ul></li></ul></li></ul></nav><p id=said></p>
<div id=js style='margin-top: 120px; width: 100px'>Account<div id=panel hidden>
<a id=out href=#out>Sign out</a></div></div><script>let timer = 0;
js.onmouseenter = () => { clearTimeout(timer);
  timer = setTimeout(() => { panel.hidden = false }, 60) };
js.onmouseleave = () => { clearTimeout(timer);
  timer = setTimeout(() => { panel.hidden = true }, 60) };
</script>"""

SLIDERS = """<input type=range id=native min=0 max=1000 value=10
oninput='log.push(event.isTrusted)'>
<input type=range id=fine min=0 max=1 step=.05 value=.5>
<div id=keys role=slider tabindex=0 aria-valuemin=0 aria-valuemax=50 aria-valuenow=20>k</div>
<div id=words role=slider tabindex=0 aria-valuenow=0 aria-valuemin=0 aria-valuemax=2
aria-valuetext=Low>w</div>
<div style='position: relative; width: 320px; height: 20px; background: #ddd'><div id=thumb
role=slider aria-valuemin=100 aria-valuemax=200 aria-valuenow=100
style='position: absolute; width: 20px; height: 20px; background: red'></div></div>
<div id=stuck role=slider tabindex=0 aria-valuemin=0 aria-valuemax=9 aria-valuenow=3>s</div>
<script>const log = [];
const move = (e, by) => { const now = Math.max(0, Math.min(+e.getAttribute('aria-valuemax'),
  +e.getAttribute('aria-valuenow') + by)); e.setAttribute('aria-valuenow', now);
  if (e.id === 'words') e.setAttribute('aria-valuetext', ['Low', 'Medium', 'High'][now]) };
for (const [id, step] of [['keys', 5], ['words', 1]])
  document.getElementById(id).onkeydown = (e) => {
  if (e.key === 'ArrowRight') move(e.target, step);
  if (e.key === 'ArrowLeft') move(e.target, -step);
  if (e.key === 'Home') move(e.target, -99) };
let from = null; thumb.onpointerdown = (e) => { from = e.clientX - thumb.offsetLeft };
onpointermove = (e) => { if (from === null) return;
  const x = Math.max(0, Math.min(300, e.clientX - from)); thumb.style.left = x + 'px';
  thumb.setAttribute('aria-valuenow', Math.round(100 + x / 3)) };
onpointerup = () => { from = null };
</script>"""

EDITORS = """<div id=rich contenteditable role=textbox><h2>Old</h2><p>text</p></div>
<iframe id=frame srcdoc="<body contenteditable><p>old</p></body>"></iframe>
<div id=code style='border: 1px solid; position: relative; height: 60px'>
<textarea style='position: absolute; opacity: 0; width: 1px; height: 1px'></textarea>
<div class=lines>old line</div></div><script>
const hidden = code.querySelector('textarea'), lines = code.querySelector('.lines');
let all = false;
hidden.onkeydown = (e) => { if (e.ctrlKey && e.key.toLowerCase() === 'a') {
    all = true; e.preventDefault() }
  if (e.key === 'Delete' && all) { lines.textContent = ''; all = false; e.preventDefault() } };
hidden.oninput = () => { lines.textContent += hidden.value; hidden.value = '' };
</script>"""

LISTS = """<button id=virtual aria-haspopup=listbox aria-expanded=false>Choose</button>
<button id=filter aria-expanded=false>Pick</button>
<button id=redrawn aria-expanded=false>Any</button><div id=host></div>
<button id=menu aria-haspopup=menu aria-expanded=false>File</button><p id=said></p>
<div style='height: 1200px'></div><script>
const drop = (html) => { const p = document.createElement('div'); p.className = 'drop';
  p.style.cssText = 'position: absolute; left: 10px; top: 40px; background: #fff';
  p.innerHTML = html; document.body.append(p); return p };
virtual.onclick = () => { virtual.ariaExpanded = true;
  const p = drop(`<div id=box style='height: 120px; width: 200px; overflow-y: auto'><div id=all
    style='position: relative; height: ${500 * 24}px'></div></div>`);
  const draw = () => { const first = Math.floor(box.scrollTop / 24); all.innerHTML = '';
    for (let i = first; i < Math.min(500, first + 7); i += 1) {
      const o = document.createElement('div');
      o.setAttribute('role', 'option'); o.textContent = `Item ${i}`;
      o.style.cssText = `position: absolute; top: ${i * 24}px; height: 24px`;
      o.onclick = () => { virtual.textContent = o.textContent;
        p.remove(); virtual.ariaExpanded = false };
      all.append(o) } };
  box.onscroll = draw; draw() };
filter.onclick = () => { filter.ariaExpanded = true; const p = drop('<input><ul></ul>');
  p.querySelector('input').focus();
  p.querySelector('input').oninput = (e) => setTimeout(() => {
    p.querySelector('ul').innerHTML = `<li role=option>${e.target.value} county</li>`;
    p.querySelector('li').onclick = (c) => { filter.textContent = c.target.textContent; p.remove();
      filter.ariaExpanded = false } }, 150) };
redrawn.onclick = (e) => { const p = drop('<ul><li role=option>Red<li role=option>Blue</ul>');
  p.onclick = (c) => { const again = redrawn.cloneNode(); again.textContent = c.target.textContent;
    document.querySelector('#redrawn').replaceWith(again); p.remove() } };
menu.onclick = () => {
  const p = drop('<div role=menuitem>Print</div><div role=menuitem>Dead</div>');
  p.firstChild.onclick = () => { said.textContent = 'printed'; p.remove() } };
</script>"""

CLOSED = """<x-card id=host></x-card><p id=said></p><div id=dirt style='height: 20px'></div><script>
const root = host.attachShadow({mode: 'closed'});
root.innerHTML = `<button>Go</button><input><select><option>A<option>B</select>
<input type=checkbox><div class=in></div>`;
root.querySelector('button').onclick = () => { root.querySelector('.in').textContent = 'went' };
const inner = root.querySelector('.in').attachShadow({mode: 'closed'});
inner.innerHTML = '<button>deep</button>';
inner.querySelector('button').onclick = (e) => { e.target.textContent = 'done' };
window.roots = { root, inner };</script>"""


async def act(page, selector, kind, text=""):
    return await perform(page, await page.query_selector(selector), kind, text, timeout_s=8)


async def test_menus_stay_open_on_the_way_to_their_items(page):
    await page.set_content(MENUS)
    assert "shown" in (await act(page, "#top", ActKind.HOVER)).evidence
    assert "shown" in (await act(page, "#sub", ActKind.HOVER)).evidence
    assert (await act(page, "#sub", ActKind.HOVER)).success
    assert await page.is_visible("#leaf")
    assert (await act(page, "#leaf", ActKind.CLICK)).success
    assert await page.inner_text("#said") == "leaf"
    assert (await act(page, "#js", ActKind.HOVER)).success
    result = await act(page, "#out", ActKind.CLICK)
    assert result.success, result
    assert page.url.endswith("#out")


async def test_sliders_come_to_their_value(page):
    await page.set_content(SLIDERS)
    for selector, text, held in (
        ("#native", "640", "640"),
        ("#native", "25%", "250"),
        ("#fine", "0.35", "0.35"),
        ("#keys", "35", "35"),
        ("#words", "High", "2"),
        ("#thumb", "163", "163"),
        ("#thumb", "120", "120"),
    ):
        result = await act(page, selector, ActKind.FILL, text)
        assert result.success, (selector, text, result)
        value = await page.eval_on_selector(
            selector, "e => e.getAttribute('aria-valuenow') ?? e.value"
        )
        assert value == held, selector
    assert set(await page.evaluate("() => log")) == {True}
    assert "same" in (await act(page, "#keys", ActKind.FILL, "35")).evidence
    for selector, text in (("#stuck", "5"), ("#keys", "37"), ("#words", "Turbo")):
        result = await act(page, selector, ActKind.FILL, text)
        assert result.failure_class is FailureClass.VERIFY_FAILED, (selector, result)


async def test_editors_hold_what_is_written(page):
    await page.set_content(EDITORS)
    result = await act(page, "#rich", ActKind.FILL, "First line\nsecond")
    assert result.success, result
    assert "Old" not in await page.inner_text("#rich")
    assert (await act(page, "#rich", ActKind.TYPE, " more")).success
    assert (await page.inner_text("#rich")).rstrip().endswith("second more")
    frame = await (await page.query_selector("#frame")).content_frame()
    result = await perform(page, await frame.query_selector("body"), ActKind.FILL, "in a frame")
    assert result.success, result
    assert (await frame.inner_text("body")).strip() == "in a frame"
    result = await act(page, "#rich", ActKind.PRESS, "Control+A")
    assert "selection" in result.evidence, result
    result = await act(page, "#code", ActKind.FILL, "let x = 1;")
    assert result.success, result
    assert await page.inner_text(".lines") == "let x = 1;"


async def test_lists_at_the_end_of_the_body(page):
    await page.set_content(LISTS)
    result = await act(page, "#virtual", ActKind.SELECT, "Item 137")
    assert result.success, result
    assert await page.inner_text("#virtual") == "Item 137"
    result = await act(page, "#filter", ActKind.SELECT, "Kent")
    assert result.success, result
    assert await page.inner_text("#filter") == "Kent county"
    result = await act(page, "#redrawn", ActKind.SELECT, "Blue")
    assert result.success, result
    result = await act(page, "#menu", ActKind.SELECT, "Print")
    assert result.success, result
    assert await page.inner_text("#said") == "printed"
    result = await act(page, "#menu", ActKind.SELECT, "Dead")
    assert result.failure_class is FailureClass.NO_STATE_CHANGE, result
    await page.evaluate("() => document.querySelectorAll('.drop').forEach(e => e.remove())")
    result = await act(page, "#virtual", ActKind.SELECT, "Item 9999")
    assert result.failure_class is FailureClass.SELECTOR_MISS, result


async def test_closed_shadow_roots_are_no_wall(page):
    await page.set_content(CLOSED)

    async def inside(root, selector):
        source = f"() => roots.{root}.querySelector('{selector}')"
        return (await page.evaluate_handle(source)).as_element()

    for root, selector, kind, text in (
        ("root", "button", ActKind.CLICK, ""),
        ("inner", "button", ActKind.CLICK, ""),
        ("root", "input", ActKind.FILL, "abc"),
        ("root", "input", ActKind.TYPE, "d"),
        ("root", "select", ActKind.SELECT, "B"),
        ("root", "[type=checkbox]", ActKind.CHECK, ""),
        ("inner", "button", ActKind.HOVER, ""),
    ):
        result = await perform(page, await inside(root, selector), kind, text, timeout_s=8)
        assert result.success, (root, selector, kind, result)
    assert await page.evaluate("() => roots.root.querySelector('input').value") == "abcd"
    await page.evaluate(
        "() => { dirt.textContent = 'Chat'; dirt.style.cssText ="
        " 'position: fixed; inset: 0; background: #eee' }"
    )
    result = await perform(page, await inside("root", "button"), ActKind.CLICK)
    assert result.failure_class is FailureClass.WRONG_TARGET
    assert "Chat" in (result.covered_by or "")
