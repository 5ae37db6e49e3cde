import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright

from activities.browser.content import capture_content
from inference.content import Content, Flag
from inference.extract.tree import Tree

pytestmark = pytest.mark.browser


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as driver:
        browser: Browser = await driver.chromium.launch(executable_path=shutil.which("chromium"))
        yield await browser.new_page(viewport={"width": 1280, "height": 800})
        await browser.close()


async def shown(page: Page, html: str) -> Content:
    await page.set_content(html)
    return await capture_content(page)


def text_of(content: Content) -> str:
    return Tree(content).visible_text


async def test_only_what_can_be_seen_is_text(page: Page) -> None:
    content = await shown(
        page,
        """<p>seen</p><p style="display:none">gone</p><p style="visibility:hidden">hidden</p>
        <p style="opacity:0">clear</p><script>let code</script><noscript>old</noscript>
        <details><summary>More</summary>folded</details>
        <div style="height:0;overflow:hidden">shut</div>
        <span style="position:absolute;width:1px;height:1px;overflow:hidden">for readers</span>""",
    )
    assert text_of(content) == "seen\nMore"
    quiet = [node for node in content.nodes if "for readers" in node.text]
    assert quiet and all(node.flags & Flag.SR for node in quiet)


async def test_shadow_roots_slots_and_frames_are_read_in_their_places(page: Page) -> None:
    content = await shown(
        page,
        """<x-card><b slot="title">Kayak</b></x-card><p>between</p>
        <iframe srcdoc="<p>inner <i>frame</i></p>
        <iframe srcdoc='<p>innermost</p>'></iframe>"></iframe>
        <p>after</p>
        <script>customElements.define('x-card', class extends HTMLElement {
          constructor() { super(); this.attachShadow({mode: 'open'}).innerHTML =
            '<h2>Offer</h2><slot name="title"></slot><p>$90</p>'; } })</script>""",
    )
    assert text_of(content).split("\n") == [
        "Offer",
        "Kayak",
        "$90",
        "between",
        "inner frame",
        "innermost",
        "after",
    ]
    assert content.complete
    assert all(node.parent < place for place, node in enumerate(content.nodes))


async def test_controls_tell_their_label_value_and_state(page: Page) -> None:
    content = await shown(
        page,
        """<label for=a>Name</label><input id=a value=Ann><label>Size <select><option>S
        <option selected>M</select></label><label><input type=checkbox checked> Garden</label>
        <input type=password value=secret aria-label=Code><button disabled>Send</button>
        <div role=tab aria-selected=true>First</div><textarea aria-label=Notes>two
lines</textarea>""",
    )
    by_label = {n.attrs.get("label") or n.text: n.attrs for n in content.nodes if n.tag != "#text"}
    assert by_label["Name"]["value"] == "Ann"
    assert by_label["Size"]["value"] == "M"
    assert by_label["Garden"]["checked"] == "true"
    assert "value" not in by_label["Code"]
    assert by_label["Notes"]["value"] == "two\nlines"
    states = [n.attrs for n in content.nodes if n.tag in ("button", "div")]
    assert {"disabled": "true"} in states
    assert any(s.get("selected") == "true" for s in states)


async def test_head_links_strikes_and_boxes(page: Page) -> None:
    content = await shown(
        page,
        """<html lang=de><head><title>Boot</title><base href="https://boats.example/a/">
        <link rel=canonical href="https://boats.example/7">
        <meta property="og:title" content="Ein Boot">
        <script type="application/ld+json">{"@type":"Product"}</script></head>
        <body style="margin:0"><a href="../b">Weg</a><del>12 €</del>
        <div style="width:50px;height:20px;position:absolute;left:10px;top:90px">x1</div>""",
    )
    assert (content.title, content.lang) == ("Boot", "de")
    assert content.canonical == "https://boats.example/7"
    assert content.meta["og:title"] == "Ein Boot"
    assert content.json_ld == ('{"@type":"Product"}',)
    assert [n.attrs["href"] for n in content.nodes if n.tag == "a"] == ["https://boats.example/b"]
    assert any(n.tag == "del" and n.flags & Flag.STRIKE for n in content.nodes)
    assert any((n.x, n.y, n.width, n.height) == (10, 90, 50, 20) for n in content.nodes)


async def test_frames_that_are_not_shown_do_not_count(page: Page) -> None:
    content = await shown(
        page, "<iframe style='display:none' srcdoc='<p>tracker</p>'></iframe><p>page</p>"
    )
    assert text_of(content) == "page"
    assert content.complete
