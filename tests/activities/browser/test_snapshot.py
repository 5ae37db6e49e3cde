# ruff: noqa: E501
import pytest
from playwright.async_api import Page

from activities.browser.snapshot import Snapshot, capture
from inference.decisions import ActKind, Decision, DontKnow, DontKnowReason, Question
from inference.dom.overlays import consent_dismissal
from inference.dom.paging import next_page
from inference.dom.records import item_list
from inference.dom.tier import DomTier, decide
from plans.step import Params, Step, StepType

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LIST = """<main><h1>Boats</h1>
<div class="card"><h3><a href="/b/1?utm_source=x">Grady White 226 from 2018</a></h3><p>$48,000 private</p>
<button>Save</button></div>
<div class="card"><h3><a href="/b/2">Boston Whaler 330 from 2016</a></h3><p>$98,000 dealer</p>
<button>Save</button></div>
<div class="card"><span>Sponsored</span><h3><a href="/b/9">Paid boat for everyone</a></h3><p>$1 dealer</p>
<button>Save</button></div>
<div class="card"><h3><a href="/b/3">Intrepid 345 Nomad from 2019</a></h3><p>$198,000 dealer</p>
<button disabled>Save</button></div>
<nav class="pagination"><span>1</span><a href="?p=2">2</a><a href="?p=2" rel="next">Next</a></nav></main>"""


def asked(intent: str, kind: StepType = StepType.CLICK, **params: str) -> Question:
    return Question(
        step=Step(type=kind, intent=intent, params=Params.model_validate(params)), intent=intent
    )


def name_of(snapshot: Snapshot, decision: Decision | DontKnow | None) -> str:
    assert isinstance(decision, Decision), decision
    assert decision.ref is not None
    return snapshot.observation.element(decision.ref).name


async def look(page: Page, html: str) -> Snapshot:
    await page.set_content(f"<base href='http://shop.example/'>{html}")
    return await capture(page)


async def test_names_state_and_context(page: Page) -> None:
    snapshot = await look(
        page,
        """<fieldset><legend>Billing</legend><label for=c>City</label><input id=c value=Leeds></fieldset>
        <label><input type=checkbox checked> Newsletter</label>
        <button aria-label="Close it" disabled>×</button><div onclick="1">Plain</div>
        <p style="display:none"><a href=x>hidden</a></p>""",
    )
    elements = {element.name: element for element in snapshot.observation.elements}
    assert elements["City"].group == "Billing"
    assert elements["City"].value == "Leeds"
    assert elements["Newsletter"].checked is True
    assert elements["Close it"].disabled
    assert elements["Plain"].interactive
    assert "hidden" not in elements


async def test_a_drawing_is_a_word_for_a_button_that_shows_nothing_else(page: Page) -> None:
    def drawn(path: str, text: str = "") -> str:
        return f'<button class=b><svg width=20 height=20><path d="{path}"/></svg>{text}</button>'

    snapshot = await look(
        page, drawn("M1 1h9") + drawn("M2 2v9") + drawn("M1 1h9") + drawn("M1 1h9", "Go")
    )
    heart, phone, again, named = (one.hints.split() for one in snapshot.observation.elements)
    assert heart == again and heart[0] == phone[0] == "b"
    assert heart[1] != phone[1] and all(one[1].startswith("drawn") for one in (heart, phone))
    assert named == ["b"]


async def test_shadow_roots_and_frames_are_read_and_acted_on(page: Page) -> None:
    snapshot = await look(
        page,
        """<div id=host></div><iframe style="margin-top:50px" srcdoc="<button>Inside</button>"></iframe>
        <script>host.attachShadow({mode:'open'}).innerHTML='<button>Deep</button>'</script>""",
    )
    for name in ("Deep", "Inside"):
        decision = decide(snapshot.observation, asked(f'Click "{name}"'))
        assert isinstance(decision, Decision) and decision.ref is not None
        element = await snapshot.element(decision.ref)
        assert await element.inner_text() == name
        box = await element.bounding_box()
        seen = snapshot.observation.element(decision.ref).box
        assert box is not None
        assert abs(box["y"] - seen.y) < 2


async def test_the_page_is_left_untouched(page: Page) -> None:
    await page.set_content("<button>Go</button>")
    before = await page.evaluate("[document.documentElement.outerHTML, Object.keys(window).length]")
    snapshot = await capture(page)
    await snapshot.element(0)
    await snapshot.dispose()
    after = await page.evaluate("[document.documentElement.outerHTML, Object.keys(window).length]")
    assert before == after


async def test_an_unknown_ref_is_refused(page: Page) -> None:
    snapshot = await look(page, "<button>Go</button>")
    with pytest.raises(LookupError):
        await snapshot.element(99)


async def test_the_main_list_and_its_next_page(page: Page) -> None:
    snapshot = await look(page, LIST)
    items = item_list(snapshot.observation).items
    assert [item.url for item in items if not item.sponsored] == [
        "http://shop.example/b/1?utm_source=x",
        "http://shop.example/b/2",
        "http://shop.example/b/3",
    ]
    assert items[0].key == "http://shop.example/b/1"
    assert [item.title for item in items if item.sponsored] == ["Paid boat for everyone"]
    assert name_of(snapshot, next_page(snapshot.observation)) == "Next"


@pytest.mark.parametrize(
    "pager",
    [
        "<span class=off>Next</span>",
        "<button disabled>Next page</button>",
        "<a href='?p=1'>Previous</a><a href='?p=1'>1</a><span>2</span>",
        "",
    ],
)
async def test_the_last_page_has_no_next(page: Page, pager: str) -> None:
    snapshot = await look(page, f"<main><h1>Boats</h1><p>None more</p><nav>{pager}</nav></main>")
    assert next_page(snapshot.observation) is None


@pytest.mark.parametrize(
    ("pager", "name"),
    [
        ("<a href='?p=1'>1</a><b>2</b><a href='?p=3'>3</a><a href='?p=9'>9</a>", "3"),
        ("<button>Load more</button>", "Load more"),
        ("<a href='?p=1' aria-label='Previous page'>‹</a><a href='?p=2' aria-label='Next page'>›</a>",
         "Next page"),
        ("<a href='?p=2'>Weiter</a>", "Weiter"),
    ],
)  # fmt: skip
async def test_next_page_in_other_words(page: Page, pager: str, name: str) -> None:
    snapshot = await look(page, f"<main><h1>Boats</h1><nav class=pager>{pager}</nav></main>")
    assert name_of(snapshot, next_page(snapshot.observation)) == name


async def test_an_empty_list_proves_itself(page: Page) -> None:
    snapshot = await look(
        page, "<main><h1>Boats</h1><p>No boats match your filters: 0 results</p></main>"
    )
    assert item_list(snapshot.observation).empty_proven


async def test_ordinals_count_real_items_only(page: Page) -> None:
    snapshot = await look(page, LIST)
    for ordinal, name in (("second", "Boston"), ("third", "Intrepid"), ("last", "Intrepid")):
        decision = decide(snapshot.observation, asked(f"Click the title of the {ordinal} listing"))
        assert name_of(snapshot, decision).startswith(name)
    beyond = decide(snapshot.observation, asked("Click the title of the ninth listing"))
    assert isinstance(beyond, DontKnow)


async def test_an_anchor_chooses_the_record(page: Page) -> None:
    snapshot = await look(page, LIST)
    decision = decide(snapshot.observation, asked("Save the Boston Whaler"))
    assert isinstance(decision, Decision) and decision.ref is not None
    record = snapshot.observation.element(decision.ref).records[0]
    text = snapshot.observation.groups[record.group].records[record.ordinal].text
    assert "Boston" in text
    alike = decide(snapshot.observation, asked("Click Save"))
    assert isinstance(alike, DontKnow)
    assert alike.reason is DontKnowReason.AMBIGUOUS


async def test_absent_and_disabled_targets_are_not_acted_on(page: Page) -> None:
    snapshot = await look(page, LIST)
    for intent in ("Download the survey report", "Start a video call", "Save the Intrepid Nomad"):
        assert isinstance(decide(snapshot.observation, asked(intent)), DontKnow)


async def test_fields_by_label_and_selects_by_option(page: Page) -> None:
    snapshot = await look(
        page,
        """<form><label>E-mail<input type=email></label><label>City<input></label>
        <label>Sort<select><option>Newest</option><option>Price: low to high</option></select></label>
        <button>Send</button></form>""",
    )
    mail = asked(
        "Enter a@b.example as my e-mail", StepType.FILL_FIELD, label="Email", value="a@b.example"
    )
    decision = decide(snapshot.observation, mail)
    assert name_of(snapshot, decision) == "E-mail"
    assert isinstance(decision, Decision)
    assert (decision.act, decision.text) == (ActKind.FILL, "a@b.example")
    choice = decide(
        snapshot.observation,
        asked("Show the cheapest first", StepType.SELECT_OPTION, value="price: low to high"),
    )
    assert isinstance(choice, Decision)
    assert (choice.act, choice.text) == (ActKind.SELECT, "Price: low to high")


@pytest.mark.parametrize(
    ("buttons", "wanted"),
    [
        ("<button>Accept all</button><button>Reject all</button>", "Reject all"),
        ("<button>Got it</button><a href=p>Policy</a>", "Got it"),
        ("<button>Alle akzeptieren</button><button>Nur notwendige</button>", "Nur notwendige"),
    ],
)
async def test_a_consent_banner_is_taken_away(page: Page, buttons: str, wanted: str) -> None:
    banner = f"<div style='position:fixed;bottom:0;left:0;right:0;height:120px'>We use cookies. {buttons}</div>"
    snapshot = await look(page, LIST + banner)
    assert name_of(snapshot, consent_dismissal(snapshot.observation)) == wanted
    clean = await look(page, LIST)
    assert consent_dismissal(clean.observation) is None


async def test_detect_visible_says_what_it_saw(page: Page) -> None:
    snapshot = await look(page, "<p role=alert>Storage is nearly full</p><p>Hello</p>")
    tier = DomTier()
    there = tier.detect(
        snapshot.observation, asked("Is there a warning that storage is nearly full?")
    )
    assert there.verdict == "holds"
    gone = tier.detect(snapshot.observation, asked("Is a cookie banner visible?"))
    assert gone.verdict == "fails"
