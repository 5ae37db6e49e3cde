"""What only a browser can tell of the demo site: its scripts do what the pages promise."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Dialog, Page, async_playwright, expect

from activities.holder.locate import find_chromium
from plans.example.site.catalog import Listing, build_catalog

pytestmark = pytest.mark.browser


@pytest.fixture
async def page(demo_site: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(None), args=["--no-sandbox"]
        )
        context = await browser.new_context(
            base_url=demo_site, viewport={"width": 1280, "height": 800}
        )
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        await browser.close()
        assert errors == []


def private_boat(*, structured: bool) -> Listing:
    return next(
        listing
        for listing in build_catalog(7).listings
        if listing.has_structure is structured and listing.phone is not None
    )


async def element_at(page: Page, x: int, y: int) -> str:
    inside = "([x, y]) => !!document.elementFromPoint(x, y).closest('#cookie-banner')"
    return "banner" if await page.evaluate(inside, [x, y]) else "page"


async def test_marketplace_banner_and_phone_button(page: Page) -> None:
    await page.goto("/boats?seller=private")
    assert await element_at(page, 640, 780) == "banner"
    await page.get_by_role("button", name="Reject all").click()
    assert await element_at(page, 640, 780) == "page"
    for structured in (True, False):
        listing = private_boat(structured=structured)
        await page.goto(listing.path)
        assert await page.locator("#cookie-banner").count() == 0
        await page.get_by_role("button", name="Show phone number").click()
        await expect(page.get_by_role("link", name=listing.phone)).to_be_visible()
        assert await page.get_by_role("button", name="Show phone number").count() == 0


async def test_playground_controls_show_what_happened(page: Page) -> None:
    await page.goto("/playground")

    await page.select_option("#fuel", label="Diesel")
    await expect(page.locator("#fuel-state")).to_have_text("Fuel: Diesel")
    await page.get_by_role("button", name="Hull color").click()
    await page.get_by_role("option", name="Navy blue").click()
    await expect(page.locator("#color-state")).to_have_text("Color: Navy blue")
    await page.get_by_label("Trailer included").check()
    await expect(page.locator("#trailer-state")).to_have_text("Trailer: yes")
    await page.get_by_label("Inboard").check()
    await expect(page.locator("#engine-state")).to_have_text("Engine: inboard")
    await page.get_by_label("Launch date").fill("2026-05-01")
    await expect(page.locator("#launch-state")).to_have_text("Launch: 2026-05-01")
    await page.get_by_label("Boat name").fill("Sea Breeze")
    await expect(page.locator("#boat-name-state")).to_have_text("Name: Sea Breeze")
    await page.get_by_label("Log book notes").fill("Calm sea")
    await expect(page.locator("#notes-state")).to_have_text("Notes: 8 characters")
    await page.locator("#keys").press("Control+s")
    await expect(page.locator("#keys-state")).to_have_text("Last key: Ctrl+s")
    await page.get_by_role("button", name="Drop anchor").click()
    await expect(page.get_by_text("Anchors: 1")).to_be_visible()
    await page.get_by_role("button", name="Accept forecast").click()
    await expect(page.locator("#delayed")).to_have_text("Forecast accepted")
    frame = page.frame_locator("iframe")
    await frame.get_by_label("Captain's name").fill("Mira")
    await frame.get_by_role("button", name="Greet captain").click()
    await expect(frame.get_by_text("Hello Mira")).to_be_visible()


async def test_playground_dialogs_tabs_downloads_and_the_endless_list(page: Page) -> None:
    await page.goto("/playground")

    async def answer(dialog: Dialog) -> None:
        await dialog.accept("Moon Tide" if dialog.type == "prompt" else "")

    page.on("dialog", answer)
    for button, state in (
        ("Show alert", "Alert closed"),
        ("Delete draft", "Draft deleted"),
        ("Rename boat", "Renamed to Moon Tide"),
    ):
        await page.get_by_role("button", name=button).click()
        await expect(page.locator("#dialogs-state")).to_have_text(state)

    for role, name, way in (
        ("link", "Open the tide table", "link"),
        ("button", "Open the weather window", "script"),
    ):
        async with page.context.expect_page() as opened:
            await page.get_by_role(role, name=name).click()
        tab = await opened.value
        await expect(tab.get_by_text(f"Opened by {way}")).to_be_visible()

    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download tides").click()
    assert (await download.value).suggested_filename == "tides.csv"

    for count in (20, 40, 60):
        await page.locator("#rows-end").scroll_into_view_if_needed()
        await expect(page.locator("#rows-state")).to_have_text(f"{count} buoys")
