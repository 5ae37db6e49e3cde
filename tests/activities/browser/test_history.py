import pytest

from activities.browser.act import perform
from activities.browser.hints import unmet_hint
from activities.browser.history import go_back
from activities.browser.navigate import navigate
from inference.decisions import ActKind
from plans.step import FailureClass, Hints

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def click(page, selector):
    return await perform(page, await page.wait_for_selector(selector), ActKind.CLICK)


async def test_back_by_history(page, site):
    site.pages["/list"] = "<title>List</title><a id=a href=/item>item</a>"
    site.pages["/item"] = "<h1>item</h1>"
    await navigate(page, site.url("/list"))
    await click(page, "#a")
    back = await go_back(page, site.url("/list") + "#top")
    assert back.success, back
    assert (back.how, back.page, back.url) == ("history", page, site.url("/list"))
    assert await page.title() == "List"
    again = await go_back(page, site.url("/list"))
    assert again.success and again.how == "stay"


async def test_back_without_a_known_list(page, site):
    site.pages["/list"] = "<a id=a href=/item>item</a>"
    site.pages["/item"] = "<h1>item</h1>"
    await navigate(page, site.url("/list"))
    await click(page, "#a")
    assert (await go_back(page, None)).success
    assert page.url == site.url("/list")


async def test_there_is_no_page_before(page, site):
    site.pages["/list"] = "<p>list</p>"
    await navigate(page, site.url("/list"))
    back = await go_back(page, None)
    assert back.failure_class is FailureClass.NO_STATE_CHANGE


@pytest.mark.parametrize("rel", ["opener", "noopener"])
async def test_a_tab_of_the_item_is_closed(page, site, rel):
    site.pages["/list"] = f"<a id=a target=_blank rel={rel} href=/item>item</a>"
    site.pages["/item"] = "<a id=n href=/more>more</a>"
    site.pages["/more"] = "<h1>more</h1>"
    await navigate(page, site.url("/list"))
    tab = (await click(page, "#a")).opened_tab
    await click(tab, "#n")
    back = await go_back(tab, site.url("/list"))
    assert back.success, back
    assert (back.how, back.page) == ("tab", page)
    assert tab.is_closed()


async def test_back_over_a_page_that_leads_on(page, site):
    site.pages["/list"] = "<a id=a href=/hop>item</a>"
    site.pages["/hop"] = "<p>x</p><a id=h href=/item>on</a>"
    site.pages["/item"] = "<h1>item</h1>"
    await navigate(page, site.url("/list"))
    await click(page, "#a")
    await click(page, "#h")
    back = await go_back(page, site.url("/list"))
    assert back.success
    assert back.how == "history"


async def test_back_to_the_list_by_its_address(page, site):
    site.pages["/list"] = "<title>List</title><p>list</p>"
    site.pages["/item"] = "<h1>item</h1>"
    await navigate(page, site.url("/item"))
    back = await go_back(page, site.url("/list"))
    assert back.success, back
    assert back.how == "address"


async def test_a_posted_page_is_not_sent_again(page, site):
    async def results(visit):
        await visit.answer("<a id=a href=/item>item</a>", headers={"Cache-Control": "no-store"})

    site.pages["/search"] = "<form action=/results method=post><button id=b>go</button></form>"
    site.pages["/results"] = results
    site.pages["/item"] = "<h1>item</h1>"
    await navigate(page, site.url("/search"))
    await click(page, "#b")
    await click(page, "#a")
    await go_back(page, site.url("/results"))
    assert site.log.count("POST /results") == 1


async def test_a_list_in_the_page_itself(page, site):
    site.pages["/app"] = (
        "<h1>list</h1><a id=a href='#/item/1'>item</a><script>onhashchange = () =>"
        " { document.querySelector('h1').textContent = location.hash || 'list' }</script>"
    )
    await navigate(page, site.url("/app#/list"))
    await click(page, "#a")
    back = await go_back(page, site.url("/app#/list"))
    assert back.success
    assert await page.inner_text("h1") == "#/list"


async def test_the_list_is_gone(page, site):
    site.pages["/item"] = "<h1>item</h1>"
    await navigate(page, site.url("/item"))
    back = await go_back(page, site.url("/list"))
    assert back.failure_class is FailureClass.HTTP_4XX


async def test_hints(page, site):
    site.pages["/in"] = "<p>In a frame</p>"
    site.pages["/list"] = (
        "<h1>Boats  for\nsale</h1><p style='display: none'>hidden</p><div id=h></div>"
        "<iframe src=/in></iframe><script>h.attachShadow({mode: 'open'}).innerHTML ="
        " '<p>In a shadow</p>'; setTimeout(() => document.body.append('Late'), 400)</script>"
    )
    await navigate(page, site.url("/list?by-owner=1"))
    for hints in (
        Hints(),
        Hints(expect_url_contains="by-owner", expect_url_excludes="dealer"),
        Hints(expect_text_present="boats for sale"),
        Hints(expect_text_present="in a frame"),
        Hints(expect_text_present="In a shadow"),
        Hints(expect_text_present="Late"),
    ):
        assert await unmet_hint(page, hints) is None, hints
    for hints, says in (
        (Hints(expect_url_contains="dealer"), "does not contain"),
        (Hints(expect_url_excludes="by-owner"), "contains"),
        (Hints(expect_text_present="hidden"), "does not show"),
    ):
        assert says in (await unmet_hint(page, hints, timeout_s=0.2) or "")
