"""What a page does by itself is no effect of an act; what the act brings about is, however late."""

import time

import pytest

from activities.browser.act import perform
from inference.decisions import ActKind
from plans.step import FailureClass

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

BUSY = """<p id=clock>0</p><p id=slow>0</p><ul id=feed></ul>
<iframe id=ad width=80 height=40></iframe>
<div id=show><p class=on>a</p><p>b</p><p>c</p></div><title>t</title>
<div id=strip style='width:80px;overflow:auto;white-space:nowrap'>
a b c d e f g h i j k l m n o</div>
<button id=dead>dead</button><button id=sync onclick='out.append(`1`)'>sync</button>
<button id=late onclick='setTimeout(() => out.append(`2`), 300)'>late</button>
<button id=asks
onclick='fetch(`/save`).then(() => setTimeout(() => out.append(`3`), 50))'>asks</button>
<button id=soon onclick='requestAnimationFrame(() => out.append(`4`))'>soon</button>
<button id=looks onclick='setTimeout(() => { panel.style.display = `block` }, 200)'>looks</button>
<button id=pings onclick='navigator.sendBeacon(`/ping`)'>pings</button>
<div id=out></div><div id=panel style='display:none'>panel</div>
<canvas id=drawing width=60 height=60></canvas><canvas id=game width=60 height=60></canvas><script>
let n = 0; const at = Date.now();
setInterval(() => { clock.textContent = n++; document.title = `t${n}` }, 100);
setInterval(() => { slow.textContent = n }, 1000);
setInterval(() => fetch('/poll?' + n).then(r => r.text()).then(t => {
  const li = document.createElement('li'); li.textContent = t; feed.prepend(li) }), 170);
setInterval(() => { ad.src = 'about:blank?' + n }, 700);
setInterval(() => { const on = show.querySelector('.on'); on.className = '';
  (on.nextElementSibling ?? show.firstElementChild).className = 'on' }, 900);
setInterval(() => { strip.scrollLeft = (strip.scrollLeft + 7) % 60 }, 130);
const g = game.getContext('2d'); let hue = 0;
(function f() { g.fillStyle = `hsl(${hue += 3} 90% 50%)`;
  g.fillRect(0, 0, 60, 60);
  requestAnimationFrame(f) })();
drawing.onclick = (e) => drawing.getContext('2d').fillRect(e.offsetX, e.offsetY, 9, 9);
</script>"""


async def click(page, selector):
    started = time.monotonic()
    result = await perform(page, await page.query_selector(selector), ActKind.CLICK)
    return result, time.monotonic() - started


async def test_a_page_that_never_rests(page, site):
    site.pages["/"] = BUSY
    site.pages["/poll"] = "news"
    site.pages["/save"] = "saved"
    site.pages["/ping"] = ""
    await page.goto(site.url("/"))
    await page.wait_for_function("() => document.querySelectorAll('#feed li').length > 4")
    for selector in ("#dead", "#pings", "#game"):
        result, took = await click(page, selector)
        assert result.failure_class is FailureClass.NO_STATE_CHANGE, (selector, result)
        assert took < 25
    for selector, most in (
        ("#sync", 2.0),
        ("#soon", 3.0),
        ("#asks", 3.0),
        ("#late", 5.0),
        ("#looks", 8.0),
        ("#drawing", 4.0),
    ):
        result, took = await click(page, selector)
        assert result.success, (selector, result)
        assert took < 3 * most, selector
    assert await page.inner_text("#out") == "1432"
