import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Error, Page

from activities.browser.capturing import capture
from activities.browser.checkpoint import (
    Checkpoint,
    Entry,
    OriginStorage,
    Piece,
    Tab,
    fingerprint,
    restorable,
)
from activities.browser.restoring import Restored, restore, take_over
from activities.browser.session import BrowserSession, PlaywrightDriver
from activities.holder.client import HolderClient, start_holder
from activities.holder.messages import HolderSpec
from activities.steps.masking import Mask
from tests.activities.browser.conftest import Handler, Site, Visit, serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FORM = """<!doctype html><title>form</title><body style="height:5000px">
<form action=/sent method=post>
<label>Name <input name=name></label>
<label>Note <textarea name=note>as it was</textarea></label>
<label>Colour <select name=colour><option>red<option value=g>green<option>blue</select></label>
<label>Days <select name=days multiple><option>mo<option>tu<option>we</select></label>
<label><input type=checkbox name=news> News</label>
<label><input type=checkbox name=terms checked> Terms</label>
<label><input type=radio name=size value=s> S</label>
<label><input type=radio name=size value=l> L</label>
<label>When <input type=date name=when></label>
<div id=rich contenteditable></div>
<label>Password <input type=password name=password></label>
<label>6-digit code <input name=code autocomplete=one-time-code></label>
<label>Reference <input name=reference></label>
<input type=hidden name=csrf value=made-anew>
<button>Send</button>
</form>
<iframe src=/frame name=inner></iframe>
<script>
window.seen = [];
document.addEventListener('input', e => seen.push('input ' + (e.target.name || e.target.id)));
document.addEventListener('change', e => seen.push('change ' + (e.target.name || e.target.id)));
document.title = 'session ' + sessionStorage.getItem('step');
</script>"""
FRAME = "<!doctype html><label>City <input id=city></label>"
PAGE = """<!doctype html><title>{path}</title>
<form method=post action=/answer><input name=a><button>go</button></form>"""

DATABASE = """async () => {
  const done = (request) => new Promise((yes, no) => {
    request.onsuccess = () => yes(request.result);
    request.onerror = no;
  });
  const opening = indexedDB.open('boats', 3);
  opening.onupgradeneeded = () => {
    const store = opening.result.createObjectStore('kept', { keyPath: 'id' });
    store.createIndex('by name', 'name', { unique: true });
    opening.result.createObjectStore('loose', { autoIncrement: true });
  };
  const database = await done(opening);
  const change = database.transaction(['kept', 'loose'], 'readwrite');
  const bytes = new Uint8Array([1, 2]);
  const boat = { id: 1, name: 'Robalo', at: new Date(0), tags: new Set(['a']), bytes };
  change.objectStore('kept').put(boat);
  change.objectStore('loose').add('plain');
  await new Promise((yes) => { change.oncomplete = yes });
  database.close();
}"""
READ_DATABASE = """async () => {
  const done = (request) => new Promise((yes, no) => {
    request.onsuccess = () => yes(request.result);
    request.onerror = no;
  });
  const database = await done(indexedDB.open('boats'));
  const reading = database.transaction(['kept', 'loose']);
  const kept = await done(reading.objectStore('kept').index('by name').get('Robalo'));
  const loose = await done(reading.objectStore('loose').getAll());
  const answer = [database.version, kept.at.getTime(), [...kept.tags], [...kept.bytes], loose];
  database.close();
  return answer;
}"""


FRAMED = """<!doctype html><title>framed</title><div id=there></div><script>
const frame = document.createElement('iframe');
frame.src = location.href.replace('127.0.0.1', 'localhost').replace('/framed', '/frame');
there.append(frame);
</script>"""
JUMPY = """<!doctype html><title>jumpy</title>
<form action=/left><select name=a onchange="this.form.submit()"><option>1<option>2</select>
<input name=b onchange="location = '/left'">
<input name=c oninput="setTimeout(() => this.form.requestSubmit(), 50)">
<input name=d oninput="window.open('/left')">
<input type=checkbox name=e onclick="location.assign('/left')"></form>"""
LATE = """<!doctype html><title>late</title><div id=root></div><script>
// A form that a script draws later, twice, as frameworks do.
const draw = () => { root.innerHTML = '<label>Name <input id=name></label>' };
setTimeout(draw, 100); setTimeout(draw, 300);
</script>"""
CONTROLLED = """<!doctype html><title>controlled</title><input id=name><input type=checkbox id=on>
<script>
// Fields that know their value from their own setter, as those of frameworks do.
let state = { name: '', on: false };
const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
const field = document.getElementById('name');
let tracked = field.value;
Object.defineProperty(field, 'value', { configurable: true, get() { return own.get.call(this) },
  set(value) { tracked = value; own.set.call(this, value) } });
document.addEventListener('input', () => { if (own.get.call(field) !== tracked)
  state.name = tracked = own.get.call(field) });
document.addEventListener('click', (event) => { if (event.target.id === 'on')
  state.on = event.target.checked });
</script>"""
LARGE = "<!doctype html><title>large</title>" + "<input value=x>" * 10_000


BODIES = {
    "/form": FORM,
    "/frame": FRAME,
    "/jumpy": JUMPY,
    "/late": LATE,
    "/large": LARGE,
    "/controlled": CONTROLLED,
    "/framed": FRAMED,
}
HEADS = {
    "/see-other": (303, {"Location": "/arrived"}),
    "/pass-on": (307, {"Location": "/answer"}),
    "/nothing": (204, {}),
    "/missing": (404, {}),
    "/failing": (503, {}),
}


PLAIN = ("/start", "/answer", "/arrived", "/elsewhere", "/next", "/popup", "/left")


def answering(path: str) -> Handler:
    async def answer(visit: Visit) -> None:
        status, more = HEADS.get(path, (200, {}))
        body = BODIES.get(path, PAGE.replace("{path}", path)) if status != 204 else ""
        await visit.answer(body, status, headers={"Set-Cookie": "seen=yes; Path=/", **more})

    return answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[Site]:
    pages = {path: answering(path) for path in (*BODIES, *HEADS, *PLAIN)}
    async with serving(Site(pages={**pages})) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(served: Site) -> Site:
    served.log.clear()
    return served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver() -> AsyncIterator[PlaywrightDriver]:
    driver = PlaywrightDriver()
    yield driver
    await driver.stop()


class Browsers:
    """Chromiums in their holders; a new session attaches to one."""

    def __init__(self, driver: PlaywrightDriver, site: Site, folder: Path) -> None:
        self.driver = driver
        self.site = site
        self.folder = folder
        self.holders: list[HolderClient] = []

    async def open(self) -> BrowserSession:
        number = len(self.holders)
        folder = self.folder / str(number)
        holder = await start_holder(
            HolderSpec(
                session_id=f"s{number}",
                session_dir=folder,
                profile_dir=folder / "profile",
                socket_path=self.folder / f"{number}.sock",
                throwaway_profile=True,
                allow_private_hosts=tuple(
                    f"{host}:{self.site.port}" for host in ("127.0.0.1", "localhost")
                ),
                ttl_s=600,
            )
        )
        self.holders.append(holder)
        return await self.attach(number)

    async def attach(self, number: int) -> BrowserSession:
        hello = await self.holders[number].hello()
        return await BrowserSession.attach(
            self.driver, hello.cdp_url, f"s{number}", hello.epoch, self.folder / str(number)
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browsers(
    driver: PlaywrightDriver, served: Site, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browsers]:
    browsers = Browsers(driver, served, tmp_path_factory.mktemp("b"))
    yield browsers
    for holder in browsers.holders:
        await holder.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def first(browsers: Browsers) -> BrowserSession:
    return await browsers.open()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second(browsers: Browsers, first: BrowserSession) -> BrowserSession:
    """Another browser, to be brought to what the first one was at."""
    return await browsers.open()


@pytest_asyncio.fixture(loop_scope="module")
async def session(first: BrowserSession) -> BrowserSession:
    """The first browser, on an empty page, nothing stored."""
    page = await first.context.new_page()
    for other in first.context.pages:
        if other is not page:
            await other.close()
    await first.tabs.go_on_in(page, {})
    await first.context.set_storage_state({"cookies": [], "origins": []})
    first.documents.origins.clear()
    first.take_events()
    return first


async def taken(session: BrowserSession, **secrets: str) -> Checkpoint:
    checkpoint = await capture(session, Mask({f"secret.{name}": secrets[name] for name in secrets}))
    assert checkpoint is not None
    return Checkpoint.model_validate_json(checkpoint.model_dump_json())


async def brought_back(session: BrowserSession, checkpoint: Checkpoint, **secrets: str) -> Restored:
    known = {f"secret.{name}": value for name, value in secrets.items()}
    return await restore(session, checkpoint, known, timeout_s=60)


async def fill_in(page: Page) -> None:
    await page.fill("[name=name]", "Ann")
    await page.fill("[name=note]", "two\nlines")
    await page.select_option("[name=colour]", "g")
    await page.select_option("[name=days]", ["mo", "we"])
    await page.check("[name=news]")
    await page.uncheck("[name=terms]")
    await page.check("[value=l]")
    await page.fill("[name=when]", "2026-03-04")
    await page.fill("#rich", "in bold")
    await page.fill("[name=password]", "hunter22")
    await page.fill("[name=code]", "246810")
    await page.fill("[name=reference]", "is hunter22 in it?")
    await page.frame_locator("iframe").locator("#city").fill("Oslo")


VALUES = """() => Object.fromEntries([...new FormData(document.forms[0])].map(([k]) =>
  [k, new FormData(document.forms[0]).getAll(k).join()]))"""


async def test_a_form_is_as_it_was_in_another_browser(
    session: BrowserSession, second: BrowserSession, site: Site
) -> None:
    page = session.page
    await page.goto(site.url("/form"))
    await page.evaluate(
        """() => { sessionStorage.setItem('step', '2');
        localStorage.setItem('cart', '["x"]') }"""
    )
    await page.evaluate(DATABASE)
    await fill_in(page)
    await page.evaluate("scrollTo(0, 700)")
    checkpoint = await taken(session, pw="hunter22", code="246810")
    text = checkpoint.model_dump_json()
    assert "hunter22" not in text and "246810" not in text
    assert restorable(checkpoint)
    site.log.clear()

    restored = await brought_back(second, checkpoint, pw="hunter22")

    assert restored.success, restored
    shown = second.page
    assert await shown.title() == "session 2"
    assert await shown.evaluate(VALUES) == {
        "name": "Ann",
        "note": "two\nlines",
        "colour": "g",
        "days": "mo,we",
        "news": "on",
        "size": "l",
        "when": "2026-03-04",
        "password": "hunter22",
        "code": "",
        "reference": "is hunter22 in it?",
        "csrf": "made-anew",
    }
    assert await shown.inner_text("#rich") == "in bold"
    assert await shown.frame_locator("iframe").locator("#city").input_value() == "Oslo"
    assert await shown.evaluate("scrollY") == 700
    assert await shown.evaluate("localStorage.getItem('cart')") == '["x"]'
    assert await shown.evaluate(READ_DATABASE) == [3, 0, ["a"], [1, 2], ["plain"]]
    assert [cookie["name"] for cookie in await second.context.cookies()] == ["seen"]
    events = await shown.evaluate("seen")
    assert {"input name", "change name", "change colour", "change news", "change size"} <= {*events}
    assert {one.split()[0] for one in site.log} == {"GET"}
    assert len(second.context.pages) == 1
    assert second.take_events() == ()
    again = await taken(second, pw="hunter22")
    code = (Piece(secret="secret.code"),)
    before = [frame.fields for frame in checkpoint.tab.frames]
    assert [frame.fields for frame in again.tab.frames] == [
        tuple(field for field in fields if field.pieces != code) for fields in before
    ]


async def submit(page: Page, action: str, target: str = "") -> None:
    await page.evaluate(
        """([action, target]) => { const form = document.querySelector('form');
        form.action = action; form.target = target; form.requestSubmit() }""",
        [action, target],
    )


@pytest.mark.parametrize(
    ("action", "arrives", "method"),
    [
        ("/answer", "/answer", "POST"),
        ("/see-other", "/arrived", "GET"),
        ("/pass-on", "/answer", "POST"),
    ],
)
async def test_how_a_page_came_is_known_through_redirects(
    session: BrowserSession, site: Site, action: str, arrives: str, method: str
) -> None:
    await session.page.goto(site.url("/start"))
    await submit(session.page, action)
    await session.page.wait_for_url(site.url(arrives))
    checkpoint = await taken(session)
    assert (checkpoint.tab.method, restorable(checkpoint)) == (method, method == "GET")

    await session.page.evaluate("history.pushState(null, '', '/elsewhere')")
    pushed = await taken(session)
    assert (pushed.tab.url, pushed.tab.method) == (site.url("/elsewhere"), method)

    await session.page.reload()
    assert (await taken(session)).tab.method == "GET"


async def test_a_page_gone_back_to_is_what_it_was(session: BrowserSession, site: Site) -> None:
    await session.page.goto(site.url("/start"))
    await submit(session.page, "/answer")
    await session.page.wait_for_url(site.url("/answer"))
    await session.page.goto(site.url("/next"))
    assert restorable(await taken(session))
    await session.page.go_back()
    assert not restorable(await taken(session))
    await session.page.go_back()
    assert restorable(await taken(session))


async def test_an_answer_without_a_page_leaves_the_old_one(
    session: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/start"))
    async with session.page.expect_response("**/nothing"):
        await submit(session.page, "/nothing")
    assert restorable(await taken(session))


async def test_a_tab_that_a_form_opened_came_by_post(session: BrowserSession, site: Site) -> None:
    await session.page.goto(site.url("/start"))
    async with session.context.expect_page() as opening:
        await submit(session.page, "/answer", "_blank")
    tab = await opening.value
    await tab.wait_for_load_state()
    before = session.page
    await session.tabs.follow(tab)
    checkpoint = await taken(session)
    assert [one.method for one in checkpoint.tabs] == ["GET", "POST"]
    assert (checkpoint.current, checkpoint.tab.opener) == (1, 0)
    await session.tabs.follow(before)
    assert restorable(await taken(session))


async def test_who_attaches_later_learns_how_pages_came(
    session: BrowserSession, browsers: Browsers, site: Site
) -> None:
    await session.page.goto(site.url("/start"))
    await submit(session.page, "/see-other")
    await session.page.wait_for_url(site.url("/arrived"))
    await session.page.evaluate("localStorage.setItem('a', '1')")
    checkpoint = await taken(session)
    other = await session.context.new_page()
    await other.goto(site.url("/popup"))

    adopted = await browsers.attach(0)
    try:
        assert not restorable(await taken(adopted)) or adopted.page.url == site.url("/popup")
        assert await take_over(adopted, checkpoint)
        assert adopted.page.url == site.url("/arrived")
        again = await taken(adopted)
        assert again.target_id == checkpoint.target_id
        assert again.tab.method == "GET"

        await submit(adopted.page, "/answer")
        await adopted.page.wait_for_url(site.url("/answer"))
    finally:
        await adopted.detach()

    unknowing = await browsers.attach(0)
    try:
        await take_over(unknowing, checkpoint)
        assert (await taken(unknowing)).tab.method == "POST"
        await unknowing.page.close()
        assert not await take_over(unknowing, checkpoint)
    finally:
        await unknowing.detach()


async def test_a_living_browser_goes_back_in_place(session: BrowserSession, site: Site) -> None:
    page = session.page
    await page.goto(site.url("/form"))
    await page.evaluate("sessionStorage.setItem('step', '2'); localStorage.setItem('a', '1')")
    await page.evaluate(DATABASE)
    await page.fill("[name=name]", "Ann")
    checkpoint = await taken(session)
    await page.fill("[name=name]", "Bob")
    await page.evaluate("sessionStorage.setItem('step', '3'); localStorage.clear()")
    await page.evaluate("indexedDB.deleteDatabase('boats'), indexedDB.open('opened')")
    await session.context.add_cookies([{"name": "new", "value": "1", "url": site.url("/")}])
    await submit(page, "/answer")
    await page.wait_for_url(site.url("/answer"))

    restored = await brought_back(session, checkpoint)

    assert restored.success, restored
    assert await session.page.title() == "session 2"
    assert await session.page.input_value("[name=name]") == "Ann"
    assert await session.page.evaluate("localStorage.getItem('a')") == "1"
    assert (await session.page.evaluate(READ_DATABASE))[0] == 3
    assert [cookie["name"] for cookie in await session.context.cookies()] == ["seen"]
    assert session.context.pages == [session.page]
    again = await taken(session)
    assert (again.origins, again.cookies) == (checkpoint.origins, checkpoint.cookies)
    # What is put back once stays the page's own affair from then on.
    await session.page.evaluate("sessionStorage.setItem('step', '4')")
    await session.page.reload()
    assert await session.page.title() == "session 4"


async def test_filling_in_never_leaves_the_page(
    session: BrowserSession, second: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/jumpy"))
    await session.page.evaluate(
        """() => { const [a, b, c, d, e] = document.forms[0];
        a.value = '2'; b.value = 'b'; c.value = 'c'; d.value = 'd'; e.checked = true }"""
    )
    checkpoint = await taken(session)
    site.log.clear()
    restored = await brought_back(second, checkpoint)
    assert restored.success, restored
    assert second.page.url == site.url("/jumpy")
    values = "[...document.forms[0]].map(field => field.checked || field.value)"
    assert await second.page.evaluate(values) == ["2", "b", "c", "d", True]
    assert [one for one in site.log if "favicon" not in one] == ["GET /jumpy"]
    # From here on the page is its user's again.
    await second.page.fill("[name=b]", "other")
    await second.page.press("[name=b]", "Tab")
    await second.page.wait_for_url(site.url("/left"))


async def test_fields_that_come_late_are_filled_too(
    session: BrowserSession, second: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/late"))
    await session.page.wait_for_function("performance.now() > 600")
    await session.page.fill("#name", "Ann")
    restored = await brought_back(second, await taken(session))
    assert restored == Restored(success=True, url=site.url("/late"))
    assert await second.page.input_value("#name") == "Ann"


async def test_a_frame_of_another_site_is_as_it_was(
    session: BrowserSession, second: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/framed"))
    frame = session.page.frames[1]
    await frame.fill("#city", "Oslo")
    checkpoint = await taken(session)
    assert (await brought_back(second, checkpoint)).success
    shown = second.page.frames[1]
    assert shown.url == site.url("/frame", "localhost")
    assert await shown.input_value("#city") == "Oslo"


async def test_a_page_s_own_state_follows_its_fields(
    session: BrowserSession, second: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/controlled"))
    await session.page.fill("#name", "Ann \\ \ud83d")
    await session.page.check("#on")
    assert (await brought_back(second, await taken(session))).success
    assert await second.page.evaluate("state") == {"name": "Ann \\ \ufffd", "on": True}


async def test_tabs_come_back_but_for_those_that_came_by_post(
    session: BrowserSession, second: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/start"))
    async with session.context.expect_page() as opening:
        await submit(session.page, "/answer", "_blank")
    await (await opening.value).wait_for_load_state()
    tab = await session.context.new_page()
    await tab.goto(site.url("/form"))
    await tab.fill("[name=name]", "Ann")
    await session.tabs.follow(tab)
    checkpoint = await taken(session)
    site.log.clear()

    restored = await brought_back(second, checkpoint)

    assert restored.success
    assert [page.url for page in second.context.pages] == [site.url("/start"), site.url("/form")]
    assert second.page.url == site.url("/form")
    assert await second.page.input_value("[name=name]") == "Ann"
    assert not any(one.startswith("POST") for one in site.log)
    await second.page.close()
    assert (await second.ready()).url == site.url("/start")


async def test_a_page_that_is_not_what_it_was_is_told(
    session: BrowserSession, second: BrowserSession, site: Site
) -> None:
    moved = Checkpoint(tabs=(Tab(url=site.url("/see-other")),))
    restored = await brought_back(second, moved)
    assert not restored.success
    assert restored.url == site.url("/arrived")
    assert "elsewhere" in restored.message
    gone = Checkpoint(tabs=(Tab(url="http://127.0.0.1:9/"),))
    assert not (await brought_back(second, gone)).success
    posted = Checkpoint(tabs=(Tab(url=site.url("/start"), method="POST"),))
    assert not (await brought_back(second, posted)).success
    failing = Checkpoint(tabs=(Tab(url=site.url("/failing"), status=200),))
    assert not (await brought_back(second, failing)).success
    empty = await taken(session)
    assert (await brought_back(second, empty)).success
    assert second.page.url == "about:blank"


@pytest.mark.parametrize("path", ["/missing", "/failing"])
async def test_an_error_page_that_the_run_was_on_comes_back(
    session: BrowserSession, second: BrowserSession, site: Site, path: str
) -> None:
    await session.page.goto(site.url(path))
    restored = await brought_back(second, await taken(session))
    assert restored == Restored(success=True, url=site.url(path))


async def test_a_page_that_breaks_json_gives_no_checkpoint(
    session: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/start"))
    await session.page.evaluate("Array.prototype.toJSON = () => 'broken'")
    assert await capture(session, Mask({})) is None


async def test_a_huge_page_is_kept_without_what_is_too_large(
    session: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/large"))
    await session.page.evaluate("localStorage.setItem('l', 'x'.repeat(2e6))")
    await session.page.evaluate(
        """() => new Promise((yes) => { const opening = indexedDB.open('big');
        opening.onupgradeneeded = () =>
          opening.result.createObjectStore('s', { autoIncrement: true });
        opening.onsuccess = () => { const change = opening.result.transaction('s', 'readwrite');
          for (let at = 0; at < 30; at += 1) change.objectStore('s').add('x'.repeat(1e5));
          change.oncomplete = () => { opening.result.close(); yes() } } })"""
    )
    checkpoint = await taken(session)
    assert len(checkpoint.tab.frames[0].fields) == 1000
    assert checkpoint.origins == ()
    assert checkpoint.notes == tuple(
        f"not kept, too large: {what}" for what in ("fields", "local storage", "database big")
    )
    assert len(checkpoint.model_dump_json()) < 500_000


async def test_what_an_origin_stored_is_kept_when_its_page_is_left(
    session: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/start"))
    await session.page.evaluate("localStorage.setItem('a', '1')")
    there = await taken(session)
    await session.page.goto("about:blank")
    left = await taken(session)
    assert left.origins == there.origins != ()
    await session.page.goto(site.url("/start"))
    await session.page.evaluate("localStorage.clear()")
    assert (await taken(session)).origins == ()


async def test_the_origins_that_were_last_seen_are_kept(
    session: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/start"))
    await session.page.evaluate("localStorage.setItem('a', '1')")
    here = (await taken(session)).origins
    a = Entry(name="a", value="1")
    others = [OriginStorage(origin=f"http://{n}.test", local=(a,)) for n in range(20)]
    session.documents.remember(others, 100)
    origins = (await taken(session)).origins
    assert len(origins) == 10
    assert {*here, *others[-9:]} == {*origins}


async def test_the_fingerprint_tells_what_changed(session: BrowserSession, site: Site) -> None:
    await session.page.goto(site.url("/form"))
    await session.context.add_cookies(
        [{"name": "renewed", "value": "1", "url": site.url("/"), "expires": 4_000_000_000}]
    )
    before = fingerprint(await taken(session))
    await session.context.add_cookies(
        [{"name": "renewed", "value": "1", "url": site.url("/"), "expires": 4_000_000_005}]
    )
    assert fingerprint(await taken(session)) == before
    await session.page.fill("[name=name]", "A")
    filled = fingerprint(await taken(session))
    assert filled != before
    await session.page.fill("[name=name]", "")
    assert fingerprint(await taken(session)) == before


async def test_a_page_that_can_t_be_read_gives_no_checkpoint(
    session: BrowserSession, site: Site
) -> None:
    await session.page.goto(site.url("/start"))
    await session.page.evaluate(
        "setTimeout(() => { const end = Date.now() + 4000; while (Date.now() < end); })"
    )
    assert await capture(session, Mask({}), timeout_s=1) is None
    crashed = asyncio.ensure_future(session.page.wait_for_event("crash"))
    with contextlib.suppress(Error):
        await session.page.goto("chrome://crash")
    await crashed
    await session.ready()
    assert await capture(session, Mask({})) is not None
