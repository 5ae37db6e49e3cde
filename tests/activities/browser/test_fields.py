import pytest

from activities.browser.act import perform
from activities.browser.keys import chords
from activities.browser.values import agrees, for_input
from inference.decisions import ActKind
from plans.step import FailureClass

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LOG = (
    "<script>window.log = []; for (const t of ['input', 'change', 'keydown'])"
    " addEventListener(t, (e) => log.push(t), true)</script>"
)


async def act(page, selector, kind, text=""):
    element = None
    if selector is not None:
        element = await page.wait_for_selector(selector, state="attached")
    return await perform(page, element, kind, text, timeout_s=8)


@pytest.mark.parametrize(
    ("field", "text", "held"),
    [
        ("<input id=f value=old>", "new", "new"),
        ("<input id=f value=old>", "", ""),
        ("<textarea id=f>old</textarea>", "two\nlines", "two\nlines"),
        ("<input id=f type=email>", "a@b.example", "a@b.example"),
        ("<input id=f type=password>", "s3cret!", "s3cret!"),
        ("<input id=f type=number>", "$1,250.50", "1250.50"),
        ("<input id=f type=date>", "March 5, 2026", "2026-03-05"),
        ("<input id=f type=date>", "3/5/2026", "2026-03-05"),
        ("<input id=f type=time>", "5:30 pm", "17:30"),
        ("<input id=f type=month>", "March 2026", "2026-03"),
        ("<input id=f type=datetime-local>", "2026-03-05 17:30", "2026-03-05T17:30"),
        ("<input id=f type=color>", "#FF0000", "#ff0000"),
        ("<input id=f type=range min=0 max=100>", "40", "40"),
        ("<label id=f>Name <input value=old></label>", "new", "new"),
        ("<div id=f><span>Name</span><input></div>", "new", "new"),
    ],
)
async def test_fields_take_their_value_with_its_events(page, field, text, held):
    await page.set_content(field + LOG)
    result = await act(page, "#f", ActKind.FILL, text)
    assert result.success, result
    value = await page.evaluate("() => document.querySelector('input,textarea').value")
    assert value == held
    assert {"input", "change"} <= set(await page.evaluate("() => log"))
    assert text == "" or text not in result.message


async def test_an_editable_region_is_replaced(page):
    await page.set_content("<div id=f contenteditable><b>old</b> text</div>")
    result = await act(page, "#f", ActKind.FILL, "brand new")
    assert result.success, result
    assert (await page.inner_text("#f")).strip() == "brand new"


async def test_a_masked_field_is_accepted(page):
    await page.set_content(
        "<input id=f><script>f.oninput = () => { const d = f.value.replace(/\\D/g, '');"
        " f.value = d.replace(/^(\\d{3})(\\d{3})(\\d{4})$/, '($1) $2-$3') }</script>"
    )
    result = await act(page, "#f", ActKind.FILL, "3055551234")
    assert result.success, result
    assert await page.input_value("#f") == "(305) 555-1234"


async def test_a_field_that_takes_keys_only(page):
    await page.set_content(
        "<input id=f><script>f.oninput = (e) => { if (!f.dataset.key) f.value = '' };"
        "f.onkeydown = (e) => { f.dataset.key = 1 }</script>"
    )
    assert (await act(page, "#f", ActKind.FILL, "abc")).success
    assert await page.input_value("#f") == "abc"


@pytest.mark.parametrize(
    ("field", "text", "failure", "says"),
    [
        ("<input id=f readonly>", "x", FailureClass.NO_STATE_CHANGE, "read-only"),
        ("<input id=f disabled>", "x", FailureClass.NO_STATE_CHANGE, "disabled"),
        ("<input id=f maxlength=3>", "abcdef", FailureClass.VERIFY_FAILED, "3 characters"),
        ("<input id=f type=date>", "soon", FailureClass.VERIFY_FAILED, "type date"),
        ("<p id=f>text</p>", "x", FailureClass.SELECTOR_MISS, "no field"),
        ("<input id=f style='display: none'>", "x", FailureClass.SELECTOR_MISS, ""),
        ("<input id=f oninput='this.value = 1'>", "x", FailureClass.VERIFY_FAILED, "not hold"),
    ],
)
async def test_fields_that_do_not_take_it_say_why(page, field, text, failure, says):
    await page.set_content(field)
    result = await act(page, "#f", ActKind.FILL, text)
    assert result.failure_class is failure, result
    assert says in result.message


async def test_typing_keeps_what_is_there_and_presses_keys(page):
    await page.set_content("<input id=f value=ab>" + LOG)
    assert (await act(page, "#f", ActKind.TYPE, "cd")).success
    assert await page.input_value("#f") == "abcd"
    assert (await page.evaluate("() => log")).count("keydown") == 2
    assert (await act(page, None, ActKind.TYPE, "e")).success
    assert await page.input_value("#f") == "abcde"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
async def test_a_field_that_is_filled_sends_nothing(page, end):
    """Real keys, the second try, would be Enter where a line ends."""
    await page.set_content(
        "<form onsubmit='window.sent = true; return false'><input id=f maxlength=3></form>"
    )
    result = await act(page, "#f", ActKind.FILL, f"ab{end}cdef")
    assert result.failure_class is FailureClass.VERIFY_FAILED, result
    assert not await page.evaluate("() => window.sent")


async def test_typing_into_nothing_is_told(page):
    await page.set_content("<p>text</p>")
    result = await act(page, None, ActKind.TYPE, "x")
    assert result.failure_class is FailureClass.NO_STATE_CHANGE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_fields_in_frames(page, site, host):
    site.pages["/in"] = "<input id=f><select id=s><option>A<option>B</select>"
    site.pages["/out"] = f"<iframe src='{site.url('/in', host)}'></iframe>"
    await page.goto(site.url("/out"))
    frame = await (await page.wait_for_selector("iframe")).content_frame()
    field = await frame.wait_for_selector("#f")
    assert (await perform(page, field, ActKind.FILL, "abc")).success
    assert (await perform(page, field, ActKind.TYPE, "d")).success
    assert (await perform(page, None, ActKind.TYPE, "e")).success
    assert await frame.input_value("#f") == "abcde"
    choice = await frame.query_selector("#s")
    assert (await perform(page, choice, ActKind.SELECT, "b")).success


async def test_a_field_that_sends_its_form_leads_on(page, site):
    site.pages["/form"] = "<form action=/next><input id=f name=q onchange='form.submit()'></form>"
    site.pages["/next"] = "<h1>next</h1>"
    await page.goto(site.url("/form"))
    result = await act(page, "#f", ActKind.FILL, "abc")
    assert result.success, result
    assert page.url == site.url("/next?q=abc")


SELECT = (
    "<select id=s><option value=''>Any<option value=FL>Florida<option value=NY>New York</select>"
)


@pytest.mark.parametrize("wanted", ["Florida", "FL", "florida", " fl ", "FLORIDA"])
async def test_a_native_select_by_label_or_value(page, wanted):
    await page.set_content(SELECT + LOG)
    result = await act(page, "#s", ActKind.SELECT, wanted)
    assert result.success, result
    assert await page.input_value("#s") == "FL"
    assert set(await page.evaluate("() => log")) == {"input", "change"}
    again = await act(page, "#s", ActKind.SELECT, wanted)
    assert again.success and "same" in again.evidence
    assert (await page.evaluate("() => log")).count("change") == 1


async def test_a_select_that_has_no_such_option_lists_what_there_is(page):
    await page.set_content(SELECT)
    result = await act(page, "#s", ActKind.SELECT, "Texas")
    assert result.failure_class is FailureClass.SELECTOR_MISS
    assert "Florida" in result.message


async def test_a_select_that_could_mean_two_is_ambiguous(page):
    await page.set_content("<select id=s><option>Red light<option>Red dark</select>")
    result = await act(page, "#s", ActKind.SELECT, "red")
    assert result.failure_class is FailureClass.AMBIGUOUS_TARGET


async def test_a_multiple_select_takes_several(page):
    await page.set_content("<select id=s multiple><option>A<option>B<option>C</select>")
    assert (await act(page, "#s", ActKind.SELECT, "A, C")).success
    names = await page.evaluate(
        "() => [...document.querySelector('#s').selectedOptions].map(o => o.text)"
    )
    assert names == ["A", "C"]


async def test_a_select_that_changes_the_page(page, site):
    site.pages["/list"] = (
        "<select id=s onchange='location = `/list?s=` + value'><option>A<option>B</select>"
    )
    await page.goto(site.url("/list"))
    result = await act(page, "#s", ActKind.SELECT, "B")
    assert result.success, result
    assert page.url.endswith("?s=B")


CUSTOM = {
    "aria": (
        "<button id=s role=combobox aria-expanded=false aria-controls=l>Any</button>"
        "<ul id=l role=listbox hidden><li role=option>Florida</li><li role=option>Texas</li></ul>"
        "<script>s.onclick = () => { l.hidden = false; s.ariaExpanded = true };"
        "l.onclick = (e) => { s.textContent = e.target.textContent; l.hidden = true;"
        " s.ariaExpanded = false }</script>"
    ),
    "portal": (
        "<div id=s class=select>Any</div><script>s.onclick = () => setTimeout(() => {"
        "const p = document.createElement('div'); p.innerHTML = '<div><span>Florida</span></div>"
        "<div><span>Texas</span></div>'; document.body.append(p);"
        "p.onclick = (e) => { s.textContent = e.target.textContent; p.remove() } }, 200)</script>"
    ),
    "typeahead": (
        "<input id=s role=combobox><ul id=l role=listbox></ul><script>s.oninput = () => {"
        "l.innerHTML = s.value ? `<li role=option>${s.value}</li>` : ''};"
        "l.onclick = (e) => { s.value = e.target.textContent; l.innerHTML = '' }</script>"
    ),
    "listbox": (
        "<ul id=s role=listbox><li role=option>Texas</li><li role=option>Florida</li></ul><script>"
        "s.onclick = (e) => e.target.ariaSelected = true</script>"
    ),
}


@pytest.mark.parametrize("name", CUSTOM)
async def test_custom_selects(page, name):
    await page.set_content(CUSTOM[name])
    result = await act(page, "#s", ActKind.SELECT, "florida")
    assert result.success, result
    missing = await act(page, "#s", ActKind.SELECT, "Nowhere land")
    assert name == "typeahead" or missing.failure_class is FailureClass.SELECTOR_MISS


async def test_a_custom_select_that_does_not_take_the_choice(page):
    await page.set_content(CUSTOM["aria"].replace("s.textContent = e.target.textContent;", ""))
    result = await act(page, "#s", ActKind.SELECT, "Florida")
    assert result.failure_class is FailureClass.VERIFY_FAILED


TOGGLES = [
    "<input type=checkbox id=c>",
    "<label id=c><input type=checkbox style='position: absolute; opacity: 0; width: 0'>on</label>",
    "<div id=c role=switch aria-checked=false tabindex=0"
    " onclick='this.ariaChecked = this.ariaChecked !== `true`'>switch</div>",
    "<button id=c aria-pressed=false onclick='this.ariaPressed ="
    " this.ariaPressed !== `true`'>b</button>",
]


@pytest.mark.parametrize("toggle", TOGGLES)
async def test_toggles_come_to_the_wanted_state(page, toggle):
    await page.set_content(toggle)
    for kind, same in (
        (ActKind.CHECK, False),
        (ActKind.CHECK, True),
        (ActKind.UNCHECK, False),
        (ActKind.UNCHECK, True),
    ):
        result = await act(page, "#c", kind)
        assert result.success, (kind, result)
        assert ("same" in result.evidence) is same


async def test_toggles_that_do_not_toggle(page):
    await page.set_content(
        "<input type=checkbox id=c onclick='return false'><input type=radio"
        " id=r checked><p id=p>p</p>"
    )
    assert (await act(page, "#c", ActKind.CHECK)).failure_class is FailureClass.NO_STATE_CHANGE
    assert (await act(page, "#r", ActKind.UNCHECK)).failure_class is FailureClass.NO_STATE_CHANGE
    assert (await act(page, "#p", ActKind.CHECK)).failure_class is FailureClass.SELECTOR_MISS


async def test_a_radio_is_chosen(page):
    await page.set_content(
        "<label><input type=radio name=a id=x checked>x</label><label"
        " id=c><input type=radio name=a>y</label>"
    )
    assert (await act(page, "#c", ActKind.CHECK)).success
    assert not await page.is_checked("#x")


async def test_enter_sends_a_form(page, site):
    site.pages["/form"] = "<form action=/next><input id=f name=q value=a></form>"
    site.pages["/next"] = "<h1>next</h1>"
    await page.goto(site.url("/form"))
    result = await act(page, "#f", ActKind.PRESS, "enter")
    assert result.success, result
    assert page.url == site.url("/next?q=a")


async def test_keys_that_change_nothing_and_no_keys(page):
    await page.set_content("<p>p</p>")
    assert (
        await act(page, None, ActKind.PRESS, "F8")
    ).failure_class is FailureClass.NO_STATE_CHANGE
    assert "names no key" in (await act(page, None, ActKind.PRESS, "Hokus+Pokus")).message


async def test_a_chord_reaches_the_page(page):
    await page.set_content(
        "<script>onkeydown = (e) => { if (e.ctrlKey && e.key === 's')"
        " document.title = 'saved' }</script>"
    )
    assert (await act(page, None, ActKind.PRESS, "ctrl+s")).success
    assert await page.title() == "saved"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("ctrl+s", ("Control+s",)),
        ("Control+S", ("Control+S",)),
        ("CTRL + SHIFT + k", ("Control+Shift+k",)),
        ("return", ("Enter",)),
        ("Page Down", ("PageDown",)),
        ("arrow_left", ("ArrowLeft",)),
        ("Tab Tab, Enter", ("Tab", "Tab", "Enter")),
        ("ctrl++", ("Control++",)),
        ("+", ("+",)),
        ("f12", ("F12",)),
        ("a", ("a",)),
        ("Enter+a", None),
        ("nonsense", None),
        ("", None),
    ],
)
async def test_chords_are_read_as_people_write_them(keys, expected):
    assert chords(keys) == expected


async def test_values_are_compared_kindly():
    assert agrees("tel", "305 555 1234", "(305) 555-1234")
    assert agrees("text", "fl", "FL")
    assert agrees("number", "1.0", "1")
    assert not agrees("text", "abc", "ab")
    assert not agrees("text", "", "x")
    assert not agrees("text", "B12", "A12")
    assert for_input("date", "5th of May") == "5th of May"


LONG = "<div style='height: 3000px'>top</div><p id=p>far</p><div style='height: 3000px'></div>"


async def test_an_element_is_scrolled_into_view(page):
    await page.set_content(LONG)
    result = await act(page, "#p", ActKind.SCROLL)
    assert result.success
    assert "scroll" in result.evidence
    again = await act(page, "#p", ActKind.SCROLL)
    assert again.success and "same" in again.evidence


async def test_the_page_is_scrolled_by_its_ways(page):
    await page.set_content(LONG)
    positions = []
    for way in ("down", "down 2", "down 300", "up", "bottom", "top"):
        assert (await act(page, None, ActKind.SCROLL, way)).success, way
        positions.append(await page.evaluate("() => scrollY"))
    assert positions[0] == 720
    assert positions[1] == 720 * 3
    assert abs(positions[2] - positions[1] - 300) < 1
    assert positions[3] < positions[2]
    assert positions[4] > 5000
    assert positions[5] == 0
    result = await act(page, None, ActKind.SCROLL, "up")
    assert result.failure_class is FailureClass.NO_STATE_CHANGE


async def test_the_container_scrolls_where_the_page_does_not(page):
    await page.set_content(
        "<body style='margin: 0'><div id=c style='height: 300px; overflow: auto'><p id=p>p</p>"
        "<div style='height: 2000px'></div></div>"
    )
    assert (await act(page, None, ActKind.SCROLL, "down")).success
    first = await page.evaluate("() => document.querySelector('#c').scrollTop")
    assert first > 200
    assert (await act(page, "#p", ActKind.SCROLL, "down")).success
    assert await page.evaluate("() => document.querySelector('#c').scrollTop") > first


async def test_content_that_scrolling_brings_is_waited_for(page, site):
    site.pages["/more"] = "more"
    site.pages["/list"] = (
        "<div style='height: 2000px'></div><p id=end>end</p><script>let once = true;"
        "new IntersectionObserver((e) => { if (e[0].isIntersecting && once) { once = false;"
        " fetch('/more').then(r => r.text()).then(t => end.textContent = t) }"
        " }).observe(end)</script>"
    )
    await page.goto(site.url("/list"))
    assert (await act(page, None, ActKind.SCROLL, "bottom")).success
    assert await page.inner_text("#end") == "more"
