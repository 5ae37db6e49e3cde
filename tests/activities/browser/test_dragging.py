"""Drags of every make: HTML5, lists that make room, thumbs of sliders, and those that fail."""

import pytest

from activities.browser.act import perform
from inference.decisions import ActKind, Point
from plans.step import FailureClass

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

NATIVE = """<style>.card, #zone { width: 120px; min-height: 40px; border: 1px solid }</style>
<p class=card id=c draggable=true>card</p><p class=card id=fixed draggable=true>fixed</p>
<div id=zone>zone</div><div style='height: 1500px'></div><div id=far>far zone</div><script>
for (const card of document.querySelectorAll('.card')) card.ondragstart = (e) => {
  e.dataTransfer.setData('text/plain', card.id); e.dataTransfer.effectAllowed = 'move' };
for (const zone of [document.querySelector('#zone'), document.querySelector('#far')]) {
  zone.ondragover = (e) => { e.preventDefault() };
  zone.ondrop = (e) => { e.preventDefault(); const id = e.dataTransfer.getData('text/plain');
    if (id === 'c' && e.isTrusted) zone.append(document.querySelector('#c')) } }
</script>"""

POINTER = """<style>li { list-style: none; height: 40px; border: 1px solid; user-select: none }
#track { position: relative; width: 300px; height: 20px; background: #ccc }
#thumb { position: absolute; left: 0; width: 20px; height: 20px; background: red }
#back { position: absolute; left: 400px; top: 10px; width: 60px; height: 60px; background: blue }
#bin { position: absolute; left: 700px; top: 10px; width: 100px; height: 100px; background: #eee }
</style><ul id=list style='width: 200px'><li>A<li>B<li>C<li>D</ul>
<div id=track><div id=thumb></div></div><output id=out>0</output><div id=back></div>
<div id=bin>bin</div><p id=dead>text</p><script>
let item = null;
list.onpointerdown = (e) => { item = e.target.closest('li'); list.setPointerCapture(e.pointerId) };
list.onpointermove = (e) => { if (!item) return;
  const over = document.elementsFromPoint(e.clientX, e.clientY).find(n => n.localName === 'li');
  if (!over || over === item) return;
  const box = over.getBoundingClientRect(); const half = box.top + box.height / 2;
  const below = item.compareDocumentPosition(over) & 4;
  if (below && e.clientY > half) over.after(item);
  if (!below && e.clientY < half) over.before(item) };
list.onpointerup = () => { item = null };
let from = null;
thumb.onmousedown = (e) => { from = e.clientX - thumb.offsetLeft; e.preventDefault() };
addEventListener('mousemove', (e) => { if (from === null) return;
  const x = Math.max(0, Math.min(280, e.clientX - from)); thumb.style.left = x + 'px';
  out.value = Math.round(x / 2.8) });
let grab = null;
back.onmousedown = (e) => { grab = [e.clientX, e.clientY]; e.preventDefault() };
addEventListener('mousemove', (e) => { if (grab) back.style.transform =
  `translate(${e.clientX - grab[0]}px, ${e.clientY - grab[1]}px)` });
addEventListener('mouseup', (e) => { from = null; if (!grab) return; grab = null;
  back.style.transition = 'transform .2s'; back.style.transform = '' });
</script>"""


async def drag(frame, page, selector, onto=None, text="", **more):
    source = await frame.query_selector(selector)
    target = await frame.query_selector(onto) if onto else None
    return await perform(page, source, ActKind.DRAG, text, onto=target, timeout_s=8, **more)


@pytest.mark.parametrize("host", ["", "127.0.0.1", "localhost"])
async def test_draggable_things_are_dropped(page, site, host):
    site.pages["/"] = "<!doctype html>" + NATIVE
    site.pages["/out"] = (
        f"<iframe width=500 height=400 src='{site.url('/', host or 'x')}'></iframe>"
    )
    await page.goto(site.url("/out" if host else "/"))
    frame = page.main_frame
    if host:
        frame = await (await page.wait_for_selector("iframe")).content_frame()
        await frame.wait_for_selector("#far", state="attached")
    result = await drag(frame, page, "#c", "#zone")
    assert result.success, result
    assert await frame.query_selector("#zone #c")
    result = await drag(frame, page, "#fixed", "#zone")
    assert result.failure_class is FailureClass.NO_STATE_CHANGE, result
    result = await drag(frame, page, "#c", "#far")
    assert result.success, result
    assert await frame.query_selector("#far #c")


async def test_lists_thumbs_and_what_glides_back(page):
    await page.set_content(POINTER)

    async def order():
        return await page.evaluate("() => [...list.children].map(e => e.innerText).join('')")

    assert (await drag(page, page, "li:nth-child(1)", "li:nth-child(3)")).success
    assert await order() == "BCAD"
    assert (await drag(page, page, "li:nth-child(4)", "li:nth-child(1)")).success
    assert await order() == "DBCA"
    assert (await drag(page, page, "li:nth-child(1)", text="0,84")).success
    assert await order() == "BCDA"
    result = await drag(page, page, "#thumb", text="140,0")
    assert result.success and "moved" in result.evidence, result
    assert await page.inner_text("#out") == "50"
    result = await drag(page, page, "#thumb", text="-28, 0", at=Point(x=4, y=4))
    assert await page.inner_text("#out") == "40"
    result = await drag(page, page, "#back", "#bin")
    assert result.failure_class is FailureClass.NO_STATE_CHANGE, result
    result = await drag(page, page, "#dead", "#bin")
    assert result.failure_class is FailureClass.NO_STATE_CHANGE, result
    result = await drag(page, page, "#dead")
    assert result.failure_class is FailureClass.SELECTOR_MISS
    await page.evaluate(
        "() => { const d = document.createElement('dialog'); document.body.append(d);"
        " d.innerText = 'Wait'; d.showModal() }"
    )
    result = await drag(page, page, "#thumb", text="20,0")
    assert result.failure_class is FailureClass.WRONG_TARGET
    assert result.covered_by
