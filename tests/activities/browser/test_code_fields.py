import pytest
from playwright.async_api import Page

from activities.browser.typed import code_on
from inference.one_time_code import CodeAsked
from tests.activities.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

BOXES = "".join(f"<input maxlength=1 inputmode=numeric aria-label='{n}'>" for n in range(1, 7))
CODE = "<p>We texted you at +49 ••• 42</p><label>Code <input name=c maxlength=6></label>"


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (f"<form>{CODE}</form>", CodeAsked(label="Code", said="We texted you at +49 ••• 42")),
        (
            f"<h2>Enter verification code</h2><p>It was sent to d•••@x.test</p><div>{BOXES}</div>",
            CodeAsked(label="Enter verification code", said="It was sent to d•••@x.test"),
        ),
        ("<input autocomplete=one-time-code>", CodeAsked(label="one-time code")),
        (
            "<div id=host></div><script>host.attachShadow({mode: 'open'}).innerHTML ="
            "'<label for=o>Authenticator code</label><input id=o>'</script>",
            CodeAsked(label="Authenticator code"),
        ),
        (f"<div style='display:none'>{CODE}</div><input name=q>", None),
        ("<label>ZIP code <input name=zip maxlength=5></label><input name=promo_code>", None),
        ("<h1>Word of the day</h1>" + BOXES, None),
        ("<input type=password autocomplete=current-password><p>We text you a code.</p>", None),
        ("", None),
    ],
)
async def test_a_field_for_a_code_is_seen_on_the_page(
    page: Page, body: str, asked: CodeAsked | None
) -> None:
    await page.set_content(f"<!doctype html>{body}")
    assert await code_on(page) == asked


async def test_a_field_in_a_frame_is_seen_too(page: Page, site: Site) -> None:
    site.pages["/"] = f"<iframe src={site.url('/frame', 'localhost')}></iframe><input name=q>"
    site.pages["/frame"] = CODE
    await page.goto(site.url("/"))
    assert await code_on(page) == CodeAsked(label="Code", said="We texted you at +49 ••• 42")
