import asyncio
import time

import pytest

from activities.browser.events import PageEvents
from activities.browser.navigate import arrive, navigate, same_document
from activities.browser.settle import settle
from plans.step import FailureClass

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LIST = "<title>Boats</title><h1>Boats for sale</h1>" + "".join(
    f"<p><a href='/boat/{n}'>Boat {n}</a> a fine boat</p>" for n in range(30)
)


async def test_an_ordinary_page_is_usable(page, site):
    site.pages["/list"] = LIST
    load = await navigate(page, site.url("/list"), timeout_s=10)
    assert load.success and load.failure_class is None
    assert (load.status, load.title, load.url) == (200, "Boats", site.url("/list"))
    assert load.duration_ms > 0


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, FailureClass.HTTP_4XX),
        (403, FailureClass.HTTP_4XX),
        (410, FailureClass.HTTP_4XX),
        (500, FailureClass.HTTP_5XX),
        (503, FailureClass.HTTP_5XX),
    ],
)
async def test_an_error_status_has_its_class(page, site, status, expected):
    async def broken(visit):
        await visit.answer("<h1>Sorry</h1><p>Something is not right.</p>", status=status)

    site.pages["/broken"] = broken
    load = await navigate(page, site.url("/broken"), timeout_s=10)
    assert not load.success
    assert (load.failure_class, load.status) == (expected, status)
    assert str(status) in load.message


WALLS = [
    (403, "<title>Just a moment...</title><div id=challenge-stage>Checking your browser</div>"),
    (503, "<title>Just a moment...</title><p>Checking your browser before accessing.</p>"),
    (403, "<title>Access Denied</title><p>You don't have permission to access this server."),
    (429, "<title>Robot Check</title><p>Please solve the captcha to go on</p>"),
    (403, "<title>shop.example</title><script src='/captcha-delivery.com/c.js'></script>"),
    (
        200,
        "<title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/x.js'></script>",
    ),
    (200, "<title>Human Verification</title><p>Verify you are human by completing the action"),
    (200, "<title>Access to this page has been denied</title><div id=px-captcha>Press & Hold"),
]


@pytest.mark.parametrize(("status", "body"), WALLS)
async def test_a_bot_wall_is_recognised(page, site, status, body):
    async def wall(visit):
        await visit.answer(body, status=status)

    site.pages["/wall"] = wall
    load = await navigate(page, site.url("/wall"), timeout_s=10)
    assert load.failure_class is FailureClass.PAGE_BLOCKED, load


ORDINARY = [
    "<title>Log in</title><form><input name=u><input type=password name=p>"
    "<div class=g-recaptcha>I am not a robot</div><button>Log in</button></form>",
    "<title>Access denied: a history of locks</title><article>"
    + "<p>Access denied was on every door. A captcha asks you to verify you are human.</p>" * 40
    + "</article>",
    "<title>How captchas work</title><p>Some pages ask: are you a robot? Here is why.</p>",
    "<title>Security check list</title><h1>Boat safety</h1><p>Check the hull.</p>",
    "<title>Blocked drains</title><p>We clear them.</p>",
    "<title>Contact</title><p>Write to us</p><form><input><input><textarea></textarea>"
    "<div class=h-captcha></div></form>",
]


@pytest.mark.parametrize("body", ORDINARY)
async def test_pages_that_merely_mention_captchas_are_ordinary(page, site, body):
    site.pages["/page"] = body
    load = await navigate(page, site.url("/page"), timeout_s=10)
    assert load.success, load


async def test_headers_then_nothing_is_a_timeout_within_its_time(page, site):
    async def stuck(visit):
        await visit.start()
        await visit.hang()

    site.pages["/stuck"] = stuck
    started = time.monotonic()
    load = await navigate(page, site.url("/stuck"), timeout_s=1.5)
    assert load.failure_class is FailureClass.NAV_TIMEOUT
    assert time.monotonic() - started < 3


async def test_no_answer_at_all_is_a_timeout(page, site):
    async def silent(visit):
        await visit.hang()

    site.pages["/silent"] = silent
    started = time.monotonic()
    load = await navigate(page, site.url("/silent"), timeout_s=1.0)
    assert load.failure_class is FailureClass.NAV_TIMEOUT
    assert time.monotonic() - started < 2.5
    site.pages["/list"] = LIST
    assert (await navigate(page, site.url("/list"), timeout_s=10)).success


async def test_a_hanging_image_does_not_hold_the_page(page, site):
    async def silent(visit):
        await visit.hang()

    site.pages["/hang.png"] = silent
    site.pages["/page"] = LIST + "<img src=/hang.png>"
    load = await navigate(page, site.url("/page"), timeout_s=10)
    assert load.success
    assert load.duration_ms < 2000


async def test_a_hanging_script_leaves_the_page_usable(page, site):
    async def silent(visit):
        await visit.hang()

    site.pages["/hang.js"] = silent
    site.pages["/page"] = LIST + "<script src=/hang.js></script><p>after</p>"
    load = await navigate(page, site.url("/page"), timeout_s=10)
    assert load.success
    assert "does not finish" in load.message
    assert load.duration_ms < 7000


async def test_a_body_that_never_ends_is_usable(page, site):
    async def endless(visit):
        await visit.start(LIST)
        await visit.hang()

    site.pages["/endless"] = endless
    load = await navigate(page, site.url("/endless"), timeout_s=8)
    assert load.success
    assert load.duration_ms < 7000


async def test_redirects_are_followed(page, site):
    async def away(visit):
        await visit.answer(status=302, headers={"Location": "/list"})

    site.pages["/away"] = away
    site.pages["/list"] = LIST
    load = await navigate(page, site.url("/away"), timeout_s=10)
    assert load.success
    assert load.url == site.url("/list")


@pytest.mark.parametrize(
    "body",
    [
        "<script>location.replace('/list')</script>",
        "<p>Redirecting…</p><script>setTimeout(() => location.replace('/list'), 300)</script>",
        "<meta http-equiv=refresh content='0; url=/list'><p>One moment</p>",
        "<meta http-equiv=refresh content='1; url=/list'><p>The page has moved.</p>",
    ],
)
async def test_redirects_by_the_page_are_settled(page, site, body):
    site.pages["/start"] = body
    site.pages["/list"] = LIST
    load = await navigate(page, site.url("/start"), timeout_s=10)
    assert load.success
    assert (load.url, load.title) == (site.url("/list"), "Boats")


async def test_a_redirect_by_the_page_to_an_error_is_an_error(page, site):
    site.pages["/start"] = "<script>location.replace('/nowhere')</script>"
    load = await navigate(page, site.url("/start"), timeout_s=10)
    assert load.failure_class is FailureClass.HTTP_4XX


async def test_content_that_comes_by_fetch_is_waited_for(page, site):
    async def slow(visit):
        await asyncio.sleep(0.4)
        await visit.answer("Boat 7", kind="text/plain")

    site.pages["/data"] = slow
    site.pages["/app"] = (
        "<h1>App</h1><main></main><script>fetch('/data').then(r => r.text())"
        ".then(t => document.querySelector('main').textContent = t)</script>"
    )
    load = await navigate(page, site.url("/app"), timeout_s=10)
    assert load.success
    assert await page.inner_text("main") == "Boat 7"


async def test_an_empty_shell_is_waited_for(page, site):
    site.pages["/app"] = (
        "<div id=root></div><script>"
        "setTimeout(() => root.innerHTML = '<h1>Here</h1>', 500)</script>"
    )
    load = await navigate(page, site.url("/app"), timeout_s=10)
    assert load.success
    assert await page.inner_text("#root") == "Here"


async def test_a_download_in_place_of_a_page_is_a_success(page, site):
    async def file(visit):
        await visit.answer(
            "a,b", kind="text/csv", headers={"Content-Disposition": "attachment; filename=a.csv"}
        )

    site.pages["/file"] = file
    load = await navigate(page, site.url("/file"), timeout_s=10)
    assert load.success
    assert load.download == "a.csv"


async def test_a_refusal_of_the_egress_is_blocked(page, site):
    async def refused(visit):
        await visit.answer(
            "<h1>Blocked</h1>", status=403, headers={"X-Mantis-Blocked": "private address"}
        )

    site.pages["/refused"] = refused
    site.pages["/start"] = "<script>location.replace('/refused')</script>"
    for path in ("/refused", "/start"):
        load = await navigate(page, site.url(path), timeout_s=10)
        assert load.failure_class is FailureClass.NAV_BLOCKED
        assert "private address" in load.message


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "chrome://version",
        "javascript:alert(1)",
        "data:text/html,hello",
        "ftp://example.com/",
        "view-source:http://127.0.0.1/",
        "http://",
        "http://127.0.0.1:99999/",
        "",
        "about:config",
    ],
)
async def test_other_schemes_are_refused(page, url):
    load = await navigate(page, url, timeout_s=5)
    assert load.failure_class is FailureClass.NAV_BLOCKED, load
    assert page.url == "about:blank"


async def test_about_blank_is_a_page(page):
    assert (await navigate(page, "about:blank", timeout_s=5)).success


async def test_a_site_that_is_down_cannot_be_reached(page, site, unused_tcp_port):
    for url in (f"http://127.0.0.1:{unused_tcp_port}/", "http://no-such-host.invalid/"):
        load = await navigate(page, url, timeout_s=10)
        assert load.failure_class is FailureClass.NAV_BLOCKED
        assert "cannot be reached" in load.message


async def test_an_answer_without_a_page_is_told(page, site):
    async def nothing(visit):
        await visit.answer(status=204)

    site.pages["/nothing"] = nothing
    load = await navigate(page, site.url("/nothing"), timeout_s=10)
    assert load.failure_class is FailureClass.UNKNOWN
    assert "no page" in load.message


NOISE = [
    "<p id=p>x</p><script>setInterval(() => fetch('/poll'), 100)</script>",
    "<p id=p>x</p><script>let n = 0; (function f() { p.style.left = n++ + 'px';"
    " requestAnimationFrame(f) })()</script>",
    "<p id=p>x</p><script>let n = 0; setInterval(() => p.textContent = n++, 5)</script>",
    "<style>@keyframes k { to { opacity: 0 } } p { animation: k 1s infinite }</style><p>x</p>",
    "<p id=p>x</p><script>setInterval(() => document.body.append('y'), 20)</script>",
]


@pytest.mark.parametrize("body", NOISE)
async def test_restless_pages_hold_nobody_up(page, site, body):
    site.pages["/poll"] = "."
    site.pages["/noise"] = "<h1>Noise</h1>" + body
    load = await navigate(page, site.url("/noise"), timeout_s=10)
    assert load.success
    assert load.duration_ms < 5500
    started = time.monotonic()
    await settle(page)
    assert time.monotonic() - started < 5


async def test_settling_an_idle_page_is_quick(page, site):
    site.pages["/list"] = LIST
    await navigate(page, site.url("/list"), timeout_s=10)
    times = []
    for _ in range(15):
        started = time.monotonic()
        facts = await settle(page)
        times.append(time.monotonic() - started)
        assert facts.verdict == "usable"
    assert min(times) < 0.030


async def test_a_navigation_under_way_is_classified(page, site):
    async def broken(visit):
        await asyncio.sleep(0.1)
        await visit.answer("<h1>Broken</h1>", status=500)

    site.pages["/broken"] = broken
    site.pages["/list"] = LIST
    await navigate(page, site.url("/list"), timeout_s=10)
    with PageEvents(page) as events:
        await page.evaluate("() => { location.href = '/broken' }")
        await events.wait(lambda: events.navigations > 0, 5)
        load = await arrive(page, events, timeout_s=5)
    assert load.failure_class is FailureClass.HTTP_5XX


async def test_same_document_ignores_the_fragment():
    assert same_document("http://A.example/list?p=2#x", "http://a.example/list?p=2")
    assert same_document("http://a.example", "http://a.example/")
    assert not same_document("http://a.example/list?p=2", "http://a.example/list?p=3")
