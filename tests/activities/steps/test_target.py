"""What live elements tell of the form that pressing them would send."""

import pytest
import pytest_asyncio
from playwright.async_api import Page

from activities.steps.target import target_of
from inference.guarded import Target
from tests.activities.browser.conftest import Site, page, shared_browser, site

__all__ = ["page", "shared_browser", "site"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGE = """<!doctype html>
<form id=a method=post action="/order?x=1"><input name=n id=n><textarea id=t></textarea>
<button id=send><b id=inner>Place <i>order</i></b></button>
<button type=button id=plain>More</button><button type=reset id=reset>Clear</button>
<select id=s onchange="this.form.submit()"><option>1</select>
<label id=l><input type=checkbox id=c> Agree</label>
<input type=submit id=get formmethod=get formaction="/preview" value=Preview></form>
<button form=a id=outside>Send</button>
<form id=login><input name=user><input type=password id=p><button id=in>Go</button></form>
<form id=new><input type=password><input type=password><button id=up>Go</button></form>
<form id=code method=post><label>6-digit code <input id=o></label>
<button id=verify>Go</button></form>
<form role=search><input name=q id=q></form>
<form action="/find"><input type=search><button id=find>Go</button></form>
<form method=dialog><button id=ok>OK</button></form>
<a id=link href="/there">There</a><a id=script href="#">Do it</a>
<a id=role role=button href="/there">Do</a><div id=div onclick="1">Buy</div>
<div id=tab role=tab>Buy</div><input type=radio id=r><button id=icon aria-label="Delete"></button>
<form><input id=two><input></form>"""


async def told(page: Page, element: str) -> Target:
    return await target_of(page, await page.query_selector(f"#{element}"))


@pytest_asyncio.fixture(loop_scope="module")
async def shop(page: Page, site: Site) -> Page:
    site.pages["/"] = PAGE
    await page.goto(site.url("/"))
    return page


async def test_buttons_that_send_their_form(shop: Page, site: Site) -> None:
    for button in ("send", "inner", "outside"):
        target = await told(shop, button)
        assert target.submits and target.button and target.form is not None
        assert (target.form.method, target.form.given) == ("post", True)
        assert target.form.action == site.url("/order?x=1")
    assert (await told(shop, "send")).name == "Place order"
    preview = await told(shop, "get")
    assert preview.name == "Preview" and preview.form is not None
    assert (preview.form.method, preview.form.action) == ("get", site.url("/preview"))


async def test_what_sends_nothing(shop: Page) -> None:
    for element in ("plain", "reset", "t", "c", "l", "s", "link", "two"):
        assert not (await told(shop, element)).submits, element


async def test_enter_sends_from_a_line_of_text(shop: Page) -> None:
    for element in ("n", "q"):
        assert (await told(shop, element)).submits, element
    await shop.focus("#n")
    assert (await target_of(shop, None)).submits


async def test_a_field_that_sends_when_it_changes(shop: Page) -> None:
    assert (await told(shop, "s")).changes
    assert not (await told(shop, "n")).changes


async def test_forms_for_signing_in_and_searching(shop: Page) -> None:
    login, new = (await told(shop, "in")).form, (await told(shop, "up")).form
    assert login is not None and login.password and not login.new_password and not login.given
    assert new is not None and new.new_password
    code = await told(shop, "verify")
    assert code.form is not None and code.form.code and code.signs_in
    for field in ("q", "find"):
        form = (await told(shop, field)).form
        assert form is not None and form.searches and form.method == "get"
    dialog = (await told(shop, "ok")).form
    assert dialog is not None and dialog.method == "dialog"


async def test_links_and_buttons_of_all_makes(shop: Page, site: Site) -> None:
    assert (await told(shop, "link")).href == site.url("/there")
    for button in ("script", "role", "div", "icon", "plain"):
        target = await told(shop, button)
        assert target.button and not target.href, button
    for other in ("tab", "r", "n", "c", "l", "link"):
        assert not (await told(shop, other)).button, other
    assert (await told(shop, "icon")).name == "Delete"


async def test_an_element_that_is_gone_tells_nothing(shop: Page) -> None:
    element = await shop.query_selector("#send")
    await shop.goto("about:blank")
    assert await target_of(shop, element) == Target()
