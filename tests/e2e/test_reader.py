"""The journeys of readers, in a real Chromium."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import watched

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium at a time


def test_a_first_visit_to_an_empty_store(context: BrowserContext, empty_site: str) -> None:
    page = context.new_page()
    with watched(page, empty_site):
        page.goto(empty_site)
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing collected yet")
        page.get_by_role("link", name="Deep Residual Learning").click()
        expect(page.locator("article.paper h1")).to_contain_text("Deep Residual Learning")
        for path, said in (
            ("/library", "Nothing is starred yet"),
            ("/search?q=nothing-like-this", "Nothing found"),
            ("/topics/gan", "Wasserstein GAN"),
        ):
            page.goto(empty_site + path)
            expect(page.locator("main")).to_contain_text(said)


def test_a_morning_read(page: Page, site: str) -> None:
    page.goto(site)
    expect(page.get_by_role("heading", level=1)).to_have_text("23 November 2026")
    first = page.locator(".card").first
    title = first.locator("h3").inner_text()
    first.get_by_role("button", name="Star").click()
    expect(first.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
    second = page.locator(".card").nth(1)
    second.get_by_role("button", name="Hide").click()
    expect(second.locator(".gist")).to_be_hidden()
    page.reload()
    expect(page.locator(".card").nth(1).locator(".gist")).to_be_hidden()
    page.locator(".card").nth(1).get_by_role("button", name="Hide").click()
    expect(page.locator(".card").nth(1).locator(".gist")).to_be_visible()
    page.get_by_role("link", name="Library").click()
    expect(page.locator(".card h2")).to_have_text([title])
    page.locator(".card h2 a").click()
    expect(page.locator("article.paper .acts .read")).to_have_attribute("aria-pressed", "true")
    page.locator("textarea").fill("Look at table 3.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("textarea")).to_have_value("Look at table 3.")


def test_find_save_and_subscribe(page: Page, site: str) -> None:
    page.goto(f"{site}/search")
    field = page.get_by_role("searchbox")
    field.press_sequentially("attent")
    expect(page.locator("#found .card").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=attent&typed=1$"))
    expect(field).to_be_focused()
    page.get_by_label("A name for it").fill("attention")
    page.get_by_role("button", name="Save as a watch").click()
    expect(page).to_have_url(f"{site}/watches/attention")
    expect(page.locator(".card").first).to_be_visible()
    expect(page.get_by_role("link", name="Atom")).to_have_attribute("href", "/feeds/attention.atom")


def test_a_phone_on_a_slow_network(chromium: Browser, site: str) -> None:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, locale="en-GB"
    )
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 200,
            "downloadThroughput": 200_000,
            "uploadThroughput": 50_000,
        },
    )
    with watched(page, site):
        page.goto(site)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide == 390
        page.locator(".card").first.get_by_role("button", name="Read later").tap()
        later = page.locator(".card").first.get_by_role("button", name="Read later")
        expect(later).to_have_attribute("aria-pressed", "true")
        box = later.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
        page.get_by_role("navigation", name="Daypaper").get_by_role("link", name="Topics").tap()
        expect(page.get_by_role("heading", level=1)).to_have_text("Topics")
    context.close()


def test_chinese(chromium: Browser, site: str) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    with watched(page, site):
        page.goto(site)
        expect(page.get_by_role("heading", level=1)).to_have_text("2026年11月23日")
        star = page.locator(".card").first.locator(".acts .star")
        expect(star).to_have_accessible_name("星标")
        star.click()
        expect(page.locator(".card").first.locator(".acts .star")).to_have_attribute(
            "aria-pressed", "true"
        )
        page.get_by_role("link", name="收藏").click()
        expect(page.locator(".card")).to_have_count(1)
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Library")
    context.close()


def test_without_scripts(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(site)
    page.locator(".card").first.get_by_role("button", name="Star").click()
    expect(page.locator(".card .star[aria-pressed=true]").first).to_be_visible()
    assert "#" in page.url  # back where the reader was
    page.goto(f"{site}/search")
    page.get_by_role("searchbox").fill("attention")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".card").first).to_be_visible()
    page.get_by_role("link", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()


def test_the_keyboard_alone(page: Page, site: str) -> None:
    page.goto(site)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".card").nth(1).locator("h3 a")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("s")
    first = page.locator(".card").first
    expect(first.locator(".star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("t")
    expect(page.locator("main section").nth(1).locator(".card h3 a").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("/")
    # loaded whole: a key is heard once the page's scripts have run
    page.wait_for_url(f"{site}/search")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url(f"{site}/library")
    expect(page.locator(".card")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("article.paper")).to_be_visible()


def test_nothing_hostile_runs_or_breaks_the_page(page: Page, site: str) -> None:
    for path in ("/", "/topics/datasets", "/search?q=hostile", "/search?author=%3Cscript%3E"):
        page.goto(site + path)
        assert page.evaluate("window.pwned") is None
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, path
    page.goto(f"{site}/papers/arxiv:2611.66601")
    expect(page.locator("h1")).to_contain_text("<script>window.pwned = 1</script>")
    expect(page.locator("math").first).to_be_visible()
    page.goto(f"{site}/papers/arxiv:2611.66602")
    expect(page.get_by_text("and 975 more")).to_be_visible()
    page.goto(f"{site}/papers/arxiv:2611.66603")
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_is_kept(page: Page, site: str, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "light" else "light")
    page.goto(site)
    page.get_by_role("link", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.goto(f"{site}/topics")
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.goto(f"{site}/settings")
    page.get_by_role("link", name="as the system").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile("."))
    page.goto(site)
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile("."))


def test_no_connection_is_said(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(site)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)
    page.goto(f"{site}/topics")
    expect(page.get_by_role("heading", level=1)).to_have_text("No connection")
    context.set_offline(False)


def test_a_tag_is_corrected(page: Page, site: str) -> None:
    page.goto(f"{site}/papers/arxiv:2611.10001")
    why = page.locator("section.why details").first
    for button, said in (
        ("Not relevant", "not relevant, as you said"),
        ("Relevant", "confirmed by you"),
    ):
        why.locator("summary").click()
        why.get_by_role("button", name=button, exact=True).click()
        why.locator("summary").click()
        expect(why).to_contain_text(said)
        why.get_by_role("button", name="Undo").click()
        expect(why.get_by_role("button", name="Undo")).to_have_count(0)


def test_labels_by_keyboard(page: Page, site: str) -> None:
    page.goto(f"{site}/label?topic=datasets")
    titles = page.locator(".card h2").all_inner_texts()
    assert len(titles) >= 2
    page.keyboard.press("y")
    expect(page.get_by_role("status").first).to_contain_text(f"{titles[0]}: confirmed by you")
    expect(page.locator(".card h2")).not_to_contain_text([titles[0]])
    page.keyboard.press("j")  # to the first one in view, which the page may have scrolled to
    looked_at = page.locator(".card:focus-within h2").inner_text()
    page.keyboard.press("n")
    expect(page.get_by_role("status").first).to_contain_text("not relevant, as you said")
    expect(page.get_by_role("status").first).to_contain_text(looked_at)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_subscription_is_paused(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("link", name="Settings").click()
    mine = page.locator("form.row", has_text="ada@example.org")
    mine.get_by_role("button", name="Pause").click()
    expect(mine).to_contain_text("paused")
    mine.get_by_role("button", name="Resume").click()
    expect(mine).to_contain_text("active")
