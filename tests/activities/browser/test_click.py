import asyncio

import pytest

from activities.browser.act import perform
from activities.browser.navigate import navigate
from inference.decisions import ActKind
from plans.step import FailureClass

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def click(page, selector="#b"):
    element = await page.wait_for_selector(selector, state="attached")
    return await perform(page, element, ActKind.CLICK, timeout_s=8)


async def test_a_click_that_changes_the_page(page):
    await page.set_content("<button id=b onclick='this.textContent = 1'>x</button>")
    result = await click(page)
    assert result.success
    assert "dom" in result.evidence
    assert await page.inner_text("#b") == "1"
    assert result.x is not None and result.y is not None


EFFECTS = {
    "hash": "onclick='location.hash = 1'",
    "title": "onclick='document.title = 1'",
    "property": "onclick='document.querySelector(`#i`).value = 1'",
    "alert": "onclick='alert(1)'",
    "late": "onclick='setTimeout(() => document.body.append(1), 300)'",
    "scroll": "onclick='document.querySelector(`#far`).scrollIntoView()'",
    "focus": "onclick='document.querySelector(`#i`).focus()'",
    "dialog": "onclick='document.querySelector(`dialog`).showModal()'",
    "popover": "popovertarget=pop",
    "state": "onclick='this.ariaExpanded = true'",
    "pushstate": "onclick='history.pushState({}, ``, `?a=1`)'",
    "request": "onclick='fetch(`/beacon`, {method: `POST`})'",
    "shadow": "onclick='document.querySelector(`#host`).shadowRoot.append(1)'",
    "pointerdown": "onpointerdown='document.body.append(1)'",
}


@pytest.mark.parametrize("name", EFFECTS)
async def test_each_kind_of_effect_is_seen(page, site, name):
    site.pages["/beacon"] = "."
    site.pages["/"] = (
        f"<button id=b {EFFECTS[name]}>b</button><input id=i><dialog>d</dialog>"
        "<div popover id=pop>p</div><div id=host></div>"
        "<script>host.attachShadow({mode: 'open'}).innerHTML = '<p>s</p>'</script>"
        "<div style='height: 3000px'></div><p id=far>far</p>"
    )
    await navigate(page, site.url("/"))
    result = await click(page)
    assert result.success, result
    assert result.evidence


async def test_nothing_changes_is_told(page):
    await page.set_content("<input id=i value=1><button id=b>dead</button>")
    await page.fill("#i", "edited")
    result = await click(page)
    assert result.failure_class is FailureClass.NO_STATE_CHANGE
    assert result.evidence == ()


async def test_noise_is_no_effect(page):
    await page.set_content(
        "<p id=p>x</p><button id=b>dead</button><script>let n = 0; (function f() {"
        "p.style.left = n++ + 'px'; requestAnimationFrame(f) })()</script>"
    )
    result = await click(page)
    assert result.failure_class is FailureClass.NO_STATE_CHANGE


async def test_the_click_is_made_once(page):
    await page.set_content("<button id=b onclick='window.n = (window.n ?? 0) + 1'>b</button>")
    result = await click(page)
    assert result.failure_class is FailureClass.NO_STATE_CHANGE
    assert await page.evaluate("() => window.n") == 1


async def test_a_disabled_target_is_told_and_one_that_wakes_is_clicked(page):
    await page.set_content("<button id=b disabled onclick='this.textContent = 1'>b</button>")
    result = await click(page)
    assert result.failure_class is FailureClass.NO_STATE_CHANGE
    assert "disabled" in result.message
    await page.evaluate(
        "() => { setTimeout(() => { document.querySelector('#b').disabled = false }, 300) }"
    )
    assert (await click(page)).success


async def test_a_target_that_is_gone_is_told(page):
    await page.set_content("<button id=b>b</button>")
    element = await page.query_selector("#b")
    await page.evaluate("() => document.querySelector('#b').remove()")
    for kind in (
        ActKind.CLICK,
        ActKind.FILL,
        ActKind.SELECT,
        ActKind.CHECK,
        ActKind.SCROLL,
        ActKind.HOVER,
    ):
        result = await perform(page, element, kind, "x")
        assert result.failure_class is FailureClass.SELECTOR_MISS, kind
        assert "no longer" in result.message
    await page.set_content("<p>another</p>")
    result = await perform(page, element, ActKind.CLICK)
    assert result.failure_class is FailureClass.SELECTOR_MISS


async def test_a_target_of_a_page_that_was_left_is_told(page, site):
    site.pages["/a"] = "<button id=b>b</button>"
    site.pages["/b"] = "<p>b</p>"
    await navigate(page, site.url("/a"))
    element = await page.query_selector("#b")
    await navigate(page, site.url("/b"))
    result = await perform(page, element, ActKind.CLICK)
    assert result.failure_class is FailureClass.SELECTOR_MISS


async def test_an_invisible_target_is_told(page):
    await page.set_content("<button id=b style='display: none'>b</button>")
    result = await click(page)
    assert result.failure_class is FailureClass.SELECTOR_MISS
    assert "not visible" in result.message


async def test_a_far_target_is_brought_into_view(page):
    await page.set_content(
        "<style>html { scroll-behavior: smooth }</style><div style='height: 4000px'></div>"
        "<div style='height: 100px; overflow: auto'><div style='height: 900px'></div>"
        "<button id=b onclick='this.textContent = 1'>b</button></div>"
    )
    assert (await click(page)).success


async def test_a_sticky_header_is_scrolled_around(page):
    await page.set_content(
        "<header style='position: fixed; top: 0; left: 0; right: 0; height: 420px; background: red'"
        " onclick='document.title = `header`'>h</header><div style='height: 5000px'></div>"
        "<button id=b onclick='this.textContent = 1'>b</button><div style='height: 5000px'></div>"
    )
    result = await click(page)
    assert result.success
    assert await page.title() == ""


async def test_a_covered_target_says_by_what_and_is_not_clicked(page):
    await page.set_content(
        "<button id=b onclick='document.title = 1'>b</button><div id=cookies"
        " style='position: fixed; inset: 0; background: #000'>We use cookies</div>"
    )
    result = await click(page)
    assert result.failure_class is FailureClass.WRONG_TARGET
    assert "cookies" in (result.covered_by or "")
    assert await page.title() == ""


async def test_a_target_partly_covered_is_clicked_where_it_is_free(page):
    await page.set_content(
        "<button id=b style='width: 400px; height: 60px' onclick='this.textContent = 1'>b</button>"
        "<div style='position: fixed; left: 100px; right: 0; top: 0; height: 500px'>cover</div>"
    )
    assert (await click(page)).success


async def test_layout_that_moves_on_mousedown_does_not_hit_another(page):
    await page.set_content(
        "<div id=top></div><button id=b onclick='document.title += `b`'>wanted</button><br>"
        "<button onclick='document.title += `other`'>other</button><script>"
        "let moved = false; addEventListener('mousedown', () => { if (!moved) { moved = true;"
        " top.style; document.querySelector('#top').style.height = '300px' } })</script>"
    )
    result = await click(page)
    assert await page.title() == "b"
    assert result.success


async def test_a_target_that_flees_the_pointer_is_a_wrong_target(page):
    await page.set_content(
        "<div id=top></div><button id=b style='display: block' onclick='document.title += `b`'>"
        "wanted</button><a id=o href='#other' style='display: block; height:"
        " 900px'>other</a><script>"
        "let h = 0; addEventListener('mousemove', () => {"
        " h = h ? 0 : 300; document.querySelector('#top').style.height = h + 'px' }, true)</script>"
    )
    result = await click(page)
    assert result.failure_class is FailureClass.WRONG_TARGET, result
    assert await page.title() == ""
    assert "#other" not in page.url


async def test_a_menu_that_opens_on_mousedown_is_opened(page):
    await page.set_content(
        "<style>#m { position: absolute; left: 0; top: 0; width: 300px; height: 300px }</style>"
        "<button id=b aria-expanded=false>menu</button><ul id=m hidden"
        " onclick='this.title = 1'></ul>"
        "<script>b.onmousedown = () => { b.ariaExpanded = true; m.hidden = false }</script>"
    )
    result = await click(page)
    assert result.success
    assert await page.get_attribute("#m", "title") is None


@pytest.mark.parametrize("mode", ["open"])
async def test_shadow_roots_are_pierced(page, mode):
    await page.set_content(
        "<div id=host></div><script>const r = host.attachShadow({mode: 'open'});"
        "r.innerHTML = '<x-in></x-in>'; const s = r.firstChild.attachShadow({mode: 'open'});"
        "s.innerHTML = '<button onclick=\"this.textContent = 1\"><slot></slot>go</button>'</script>"
    )
    element = await page.query_selector("x-in button")
    result = await perform(page, element, ActKind.CLICK)
    assert result.success
    assert "dom" in result.evidence


async def test_a_slotted_label_counts_as_the_button(page):
    await page.set_content(
        "<div id=host><span>the"
        " text</span></div><script>host.attachShadow({mode: 'open'}).innerHTML"
        " = '<button onclick=\"document.title = 1\"><slot></slot></button>'</script>"
    )
    element = await page.query_selector("#host button")
    assert (await perform(page, element, ActKind.CLICK)).success


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_frames_of_the_same_and_of_another_origin(page, site, host):
    site.pages["/inner"] = (
        "<div style='height: 2000px'></div><button id=b"
        " onclick='this.textContent = `done`'>b</button>"
        "<a id=away href=/next>next</a><button id=up"
        " onclick='parent.postMessage(`close`, `*`)'>close</button>"
    )
    site.pages["/next"] = "<p id=next>next</p>"
    site.pages["/middle"] = f"<p>m</p><iframe src='{site.url('/inner', host)}' height=200></iframe>"
    site.pages["/outer"] = (
        "<div style='height: 3000px'></div><p id=p>p</p>"
        f"<iframe style='border: 7px solid; margin: 20px' src='{site.url('/middle', host)}'"
        " width=600 height=400></iframe><script>onmessage = (e) => { if (e.data === 'close')"
        " p.textContent = 'closed' }</script>"
    )
    await navigate(page, site.url("/outer"))
    middle = await (await page.wait_for_selector("iframe")).content_frame()
    frame = await (await middle.wait_for_selector("iframe")).content_frame()
    button = await frame.wait_for_selector("#b")
    result = await perform(page, button, ActKind.CLICK)
    assert result.success, result
    assert await frame.inner_text("#b") == "done"
    link = await frame.wait_for_selector("#away")
    result = await perform(page, link, ActKind.CLICK)
    assert result.success, result
    await frame.wait_for_selector("#next")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_frame_that_changes_its_parent(page, site, host):
    site.pages["/inner"] = "<button id=b onclick='parent.postMessage(`close`, `*`)'>close</button>"
    site.pages["/outer"] = (
        f"<p id=p>p</p><iframe src='{site.url('/inner', host)}'></iframe>"
        "<script>onmessage = (e) => { if (e.data === 'close') p.textContent = 'closed' }</script>"
    )
    await navigate(page, site.url("/outer"))
    frame = await (await page.wait_for_selector("iframe")).content_frame()
    result = await perform(page, await frame.wait_for_selector("#b"), ActKind.CLICK)
    assert result.success, result
    assert await page.inner_text("#p") == "closed"


async def test_a_frame_under_an_overlay_is_covered(page, site):
    site.pages["/inner"] = "<button id=b>b</button>"
    site.pages["/outer"] = (
        f"<iframe src='{site.url('/inner', 'localhost')}'></iframe>"
        "<div id=cover style='position: fixed; inset: 0'>cover</div>"
    )
    await navigate(page, site.url("/outer"))
    frame = await (await page.wait_for_selector("iframe")).content_frame()
    result = await perform(page, await frame.wait_for_selector("#b"), ActKind.CLICK)
    assert result.failure_class is FailureClass.WRONG_TARGET
    assert "cover" in (result.covered_by or "")


async def test_a_link_leads_to_its_page(page, site):
    site.pages["/list"] = "<a id=b href=/item>item</a>"
    site.pages["/item"] = "<title>Item</title><h1>Item</h1>"
    await navigate(page, site.url("/list"))
    result = await click(page)
    assert result.success
    assert result.url == site.url("/item")
    assert result.load is not None and result.load.title == "Item"
    assert await page.inner_text("h1") == "Item"


async def test_a_slow_page_is_waited_for(page, site):
    async def slow(visit):
        await asyncio.sleep(1.6)
        await visit.answer("<title>Slow</title><h1>Slow</h1>")

    site.pages["/list"] = "<a id=b href=/slow>slow</a>"
    site.pages["/slow"] = slow
    await navigate(page, site.url("/list"))
    result = await click(page)
    assert result.success
    assert result.load is not None and result.load.title == "Slow"


@pytest.mark.parametrize(
    ("status", "expected"), [(404, FailureClass.HTTP_4XX), (500, FailureClass.HTTP_5XX)]
)
async def test_a_link_to_an_error_has_its_class_and_its_evidence(page, site, status, expected):
    async def broken(visit):
        await visit.answer("<h1>Sorry</h1>", status=status)

    site.pages["/list"] = "<a id=b href=/broken>b</a>"
    site.pages["/broken"] = broken
    await navigate(page, site.url("/list"))
    result = await click(page)
    assert result.failure_class is expected
    assert result.evidence
    assert site.log.count("GET /broken") == 1


async def test_a_link_to_a_dead_server(page, site, unused_tcp_port):
    site.pages["/list"] = f"<a id=b href=http://127.0.0.1:{unused_tcp_port}/>b</a>"
    await navigate(page, site.url("/list"))
    result = await click(page)
    assert result.failure_class is FailureClass.NAV_BLOCKED, result
    assert "cannot be reached" in result.message


async def test_a_link_that_never_answers_times_out(page, site):
    async def silent(visit):
        await visit.hang()

    site.pages["/list"] = "<a id=b href=/silent>b</a>"
    site.pages["/silent"] = silent
    await navigate(page, site.url("/list"))
    element = await page.query_selector("#b")
    result = await perform(page, element, ActKind.CLICK, timeout_s=1.5)
    assert result.failure_class is FailureClass.NAV_TIMEOUT


@pytest.mark.parametrize(
    "link",
    [
        "<a id=b target=_blank href=/item>item</a>",
        "<a id=b target=_blank rel=noopener href=/item>item</a>",
        "<button id=b onclick='window.open(`/item`)'>item</button>",
        "<form action=/item target=_blank><button id=b>item</button></form>",
    ],
)
@pytest.mark.parametrize("delay", [0, 1.6])
async def test_a_new_tab_is_reported_when_it_is_usable(page, site, link, delay):
    async def item(visit):
        await asyncio.sleep(delay)
        await visit.answer("<title>Item</title><h1>Item</h1>")

    site.pages["/list"] = link
    site.pages["/item"] = item
    await navigate(page, site.url("/list"))
    result = await click(page)
    assert result.success, result
    assert result.opened_tab is not None
    assert await result.opened_tab.inner_text("h1") == "Item"
    assert site.log.count("GET /item") + site.log.count("GET /item?") == 1


async def test_a_tab_with_an_error_has_its_class(page, site):
    site.pages["/list"] = "<a id=b target=_blank href=/nowhere>item</a>"
    await navigate(page, site.url("/list"))
    result = await click(page)
    assert result.failure_class is FailureClass.HTTP_4XX
    assert result.opened_tab is not None


async def test_a_download_is_reported(page, site):
    async def file(visit):
        await visit.answer(
            "a,b", kind="text/csv", headers={"Content-Disposition": "attachment; filename=a.csv"}
        )

    site.pages["/file"] = file
    for link in ("<a id=b href=/file>f</a>", "<a id=b href=/file download=a.csv>f</a>"):
        site.pages["/list"] = link
        await navigate(page, site.url("/list"))
        result = await click(page)
        assert result.success, result
        assert result.download == "a.csv"
        assert page.url == site.url("/list")


async def test_dialogs_are_answered_and_told(page):
    await page.set_content(
        "<button id=b onclick='document.title = confirm(`Sure?`) ? `yes` : `no`'>b</button>"
    )
    result = await click(page)
    assert result.success
    assert result.dialogs == ("confirm: Sure?",)
    assert await page.title() == "yes"


async def test_a_form_that_is_not_valid_says_why(page, site):
    site.pages["/form"] = (
        "<form action=/sent><label>Name <input name=n required></label><button"
        " id=b>Send</button></form>"
    )
    await navigate(page, site.url("/form"))
    result = await click(page)
    assert result.failure_class is FailureClass.NO_STATE_CHANGE
    assert "Name" in result.message
    assert not any("/sent" in line for line in site.log)


async def test_a_form_is_sent_once(page, site):
    async def sent(visit):
        await asyncio.sleep(0.3)
        await visit.answer("<h1>Thanks</h1>")

    site.pages["/form"] = "<form action=/sent method=post><button id=b>Send</button></form>"
    site.pages["/sent"] = sent
    await navigate(page, site.url("/form"))
    result = await click(page)
    assert result.success
    assert await page.inner_text("h1") == "Thanks"
    assert site.log.count("POST /sent") == 1


async def test_a_form_sent_by_fetch_is_waited_for(page, site):
    async def saved(visit):
        await asyncio.sleep(0.5)
        await visit.answer("Saved", kind="text/plain")

    site.pages["/save"] = saved
    site.pages["/form"] = (
        "<button id=b onclick=\"this.disabled = true; fetch('/save', {method: 'POST'})"
        ".then(r => r.text()).then(t =>"
        " document.querySelector('p').textContent = t)\">Save</button><p></p>"
    )
    await navigate(page, site.url("/form"))
    result = await click(page)
    assert result.success
    assert await page.inner_text("p") == "Saved"


async def test_an_answer_without_content_is_an_effect(page, site):
    async def nothing(visit):
        await visit.answer(status=204)

    site.pages["/list"] = "<a id=b href=/nothing>b</a>"
    site.pages["/nothing"] = nothing
    await navigate(page, site.url("/list"))
    result = await click(page)
    assert result.evidence
    assert page.url == site.url("/list")
    assert site.log.count("GET /nothing") == 1


async def test_labels_operate_their_inputs(page):
    await page.set_content(
        "<style>#c { position: absolute; opacity: 0; width: 0; height: 0 }</style>"
        "<label id=l>Agree <input type=checkbox id=c></label>"
    )
    assert (await click(page, "#l")).success
    assert await page.is_checked("#c")
    assert (await click(page, "#c")).success
    assert not await page.is_checked("#c")


async def test_a_target_the_pointer_passes_through(page):
    await page.set_content(
        "<button onclick='document.title = 1'><span id=b"
        " style='pointer-events: none'>go</span></button>"
    )
    assert (await click(page)).success


async def test_file_inputs_are_refused(page):
    await page.set_content("<label id=b>Photo <input type=file id=f></label>")
    for selector in ("#b", "#f"):
        result = await click(page, selector)
        assert not result.success
        assert "file" in result.message
    element = await page.query_selector("#f")
    assert "file" in (await perform(page, element, ActKind.FILL, "x")).message


async def test_a_field_that_has_the_focus_is_no_failure(page):
    await page.set_content("<input id=b>")
    assert (await click(page)).success
    assert (await click(page)).success


async def test_a_canvas_that_is_painted_is_an_effect(page):
    await page.set_content(
        "<canvas id=b width=50"
        " height=50></canvas><script>document.querySelector('canvas').onclick ="
        " (e) => e.target.getContext('2d').fillRect(0, 0, 20, 20)</script>"
    )
    assert (await click(page)).success


async def test_a_tab_that_closes_itself(page, site):
    site.pages["/list"] = "<a id=b target=_blank rel=opener href=/item>item</a>"
    site.pages["/item"] = "<button id=c onclick='window.close()'>close</button>"
    await navigate(page, site.url("/list"))
    tab = (await click(page)).opened_tab
    result = await click(tab, "#c")
    assert result.success
    assert "closed" in result.evidence


async def test_hovering_opens_a_menu(page):
    await page.set_content(
        "<style>ul { display: none } div:hover ul { display: block }</style>"
        "<div id=b>menu<ul><li>item</li></ul></div>"
    )
    element = await page.query_selector("#b")
    for _ in range(2):
        result = await perform(page, element, ActKind.HOVER)
        assert result.success, result
        assert await page.is_visible("li")
