"""The journeys of readers over real papers, in a real Chromium."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pydantic import SecretStr

from aggregator.clock import iso
from tests.e2e import axe, budgets, real
from tests.e2e.conftest import served, watched
from tests.e2e.places import Place
from tests.e2e.real import BARRIERS, DECAY, LOOKS, SOFTMAX, Real
from tests.smtp_server import MailServer
from tests.sources.standin import StandIn, stand_in

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.upstream]

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "locale": "en-GB",
}


@pytest.fixture(scope="module")
def services() -> Iterator[StandIn]:
    with stand_in(iso(real.TUESDAY)) as running:
        yield running


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture(scope="module")
def morning(services: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Tuesday and Wednesday, collected each at its noon; its readers begin on Wednesday."""
    with real.empty(tmp_path_factory.mktemp("real"), services) as made:
        made.collect()
        made.next_day()
        yield made


@pytest.fixture(scope="module")
def site(morning: Real, mail: MailServer) -> Iterator[str]:
    """Its address, with mail set up."""
    given = {"smtp_url": SecretStr(mail.url)}
    with served(morning.store, morning.folder, morning.config, morning.now, **given) as url:
        yield url


@pytest.fixture
def real_place(site: str, morning: Real) -> dict[str, Place]:
    """The same as a place that pages are looked at in."""
    return {"real": Place(site, morning.store, morning.folder, morning.config)}


def first_card(page: Page) -> Locator:
    return page.locator(".card").first


def letter(mail: MailServer, before: int) -> str:
    """The text of the letter after the first `before`, once it is here."""
    until = time.monotonic() + 30  # mail leaves after the answer
    while len(mail.received) == before and time.monotonic() < until:
        time.sleep(0.05)
    body = mail.received[before].message.get_body(("plain",))
    assert body is not None
    return body.get_content()


def test_an_empty_store_fills(context: BrowserContext, services: StandIn, tmp_path: Path) -> None:
    with (
        real.empty(tmp_path, services) as store,
        served(store.store, tmp_path, store.config, store.now) as url,
    ):
        page = context.new_page()
        with watched(page, url):
            page.goto(url)
            expect(page.get_by_role("heading", level=1)).to_have_text("Nothing collected yet")
            expect(page.get_by_role("link", name="Deep Residual Learning")).to_be_visible()
            assert axe.violations(page) == []
            store.collect("arxiv")
            page.reload()
            expect(page.get_by_role("heading", level=1)).to_have_text("14 November 2017")
            expect(first_card(page).locator("h3")).not_to_be_empty()
            expect(page.locator(".health")).to_contain_text("Listing of Tue 14 Nov is complete")


def test_two_mornings(page: Page, site: str, morning: Real) -> None:
    page.goto(site)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{morning.time.day} November 2017")
    expect(page.locator(".strip li")).to_have_count(14)
    cards = page.locator(".card")
    starred = cards.nth(0).locator("h3").inner_text()
    cards.nth(0).get_by_role("button", name="Star").click()
    cards.nth(1).get_by_role("button", name="Hide").click()
    cards.nth(2).get_by_role("button", name="Read", exact=True).click()
    for n, name in enumerate(("Star", "Hide", "Read")):
        expect(cards.nth(n).get_by_role("button", name=name, exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
    expect(cards.nth(1).locator(".gist")).to_be_hidden()
    day = page.url
    morning.next_day()
    page.goto(day)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{morning.time.day} November 2017")
    came = page.get_by_role("link", name=re.compile("since you were last here"))
    expect(came).to_contain_text(re.compile(r"[1-9]\d* "))
    came.click()
    expect(page.locator("header.day")).to_contain_text("Since you were last here")
    expect(first_card(page)).to_be_visible()
    page.get_by_role("link", name="Library").click()
    expect(page.locator(".card h2")).to_have_text([starred])


def test_found_saved_and_subscribed_to(page: Page, site: str, mail: MailServer) -> None:
    page.goto(f"{site}/search")
    page.get_by_role("searchbox").press_sequentially("reading compre")
    expect(page.locator("#found").get_by_role("link", name="DuReader").first).to_be_visible()
    page.get_by_role("searchbox").fill('"reading comprehension"')
    expect(page).to_have_url(re.compile("%22$"))
    page.get_by_label("A name for it").fill("reading")
    page.get_by_role("button", name="Save as a watch").click()
    expect(page).to_have_url(f"{site}/watches/reading")
    expect(page.get_by_role("link", name="DuReader").first).to_be_visible()
    expect(page.get_by_role("link", name="Atom")).to_have_attribute("href", "/feeds/reading.atom")
    looked = [axe.violations(page)]
    before = len(mail.received)
    page.get_by_role("textbox", name="E-mail address").fill("ada@example.org")
    page.get_by_role("button", name="Sign up").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    link = re.search(rf"{re.escape(site)}/confirm/\S+", letter(mail, before))
    assert link
    looked.append(axe.violations(page))
    page.goto(link[0])
    looked.append(axe.violations(page))
    page.locator("main").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed")
    looked.append(axe.violations(page))
    page.locator("main a.button").click()
    expect(page.locator("main")).to_contain_text("reading")
    looked.append(axe.violations(page))
    assert looked == [[]] * 5
    page.goto(f"{site}/settings")
    expect(page.locator("form.row", has_text="ada@example.org")).to_contain_text("active")


def test_a_tag_is_corrected_and_seen(page: Page, site: str, morning: Real) -> None:
    listed = page.get_by_role("heading", name="Decoupled Weight Decay Regularization")
    page.goto(f"{site}/topics/optimizers")
    expect(listed).to_be_visible()
    page.goto(site + DECAY)
    why = page.locator("section.why details").first
    why.locator("summary").click()
    expect(why.locator("mark").first).to_be_visible()
    expect(
        why.locator("mark.for", has_text=re.compile("gradient|Adam", re.I)).first
    ).to_be_visible()
    why.get_by_role("button", name="Not relevant").click()
    expect(page.locator("section.why summary").first).to_contain_text("by a person")
    page.goto(f"{site}/topics/optimizers")
    expect(listed).to_have_count(0)
    page.goto(site + DECAY)
    why.locator("summary").click()
    expect(why).to_contain_text("not relevant, as you said")
    why.get_by_role("button", name="Undo").click()
    expect(why.get_by_role("button", name="Undo")).to_have_count(0)
    morning.tag()  # as whoever tags does every few seconds
    page.goto(f"{site}/topics/optimizers")
    expect(listed).to_be_visible()


def test_a_phone_on_a_slow_network(chromium: Browser, site: str) -> None:
    context = chromium.new_context(**PHONE)
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 20_000}
    network.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    loaded: list[int] = []
    network.on("Network.loadingFinished", lambda e: loaded.append(int(e["encodedDataLength"])))
    with watched(page, site):
        page.goto(site)
        first = sum(loaded)
        star = first_card(page).get_by_role("button", name="Star")
        star.tap()
        expect(star).to_have_attribute("aria-pressed", "true")
        loaded.clear()
        page.get_by_role("navigation", name="Daypaper").get_by_role("link", name="Topics").tap()
        expect(page.get_by_role("heading", level=1)).to_have_text("Topics")
        page.wait_for_load_state()
        assert sum(loaded) < first / 3, "style sheets and scripts are not fetched again"
    context.close()


def test_chinese(chromium: Browser, site: str, morning: Real) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    with watched(page, site):
        page.goto(site)
        expect(page.get_by_role("heading", level=1)).to_have_text(f"2017年11月{morning.time.day}日")
        expect(page.get_by_role("heading", level=2, name="新的网络结构")).to_be_visible()
        expect(page.locator(".health")).to_contain_text("已完整")
        page.goto(site + SOFTMAX)
        expect(page.get_by_role("heading", name="时间线")).to_be_visible()
        expect(page.locator(".posts")).to_contain_text(re.compile(r"\d+ 分.*\d+ 条评论", re.S))
        page.goto(f"{site}/search?q=卷积")
        expect(page.locator("#found")).to_contain_text("没有")
    context.close()


def test_without_scripts(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    with watched(page, site):
        page.goto(site)
        page.get_by_label("Another day").fill("2017-11-14")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("14 November 2017")
        first_card(page).get_by_role("button", name="Read later").click()
        expect(page.locator(".card .later[aria-pressed=true]").first).to_be_visible()
        page.goto(f"{site}/topics/architectures")
        page.locator("figure table").get_by_role("link").first.click()
        expect(page.locator(".orders [aria-current=page]")).to_contain_text("Week of")
        expect(first_card(page)).to_be_visible()
        page.goto(site + BARRIERS)
        expect(page.locator(".abstract math").first).to_be_visible()
        expect(page.locator(".abstract")).not_to_contain_text("$")
        page.get_by_role("link", name="David Gamarnik").click()
        expect(page.locator(".card h2")).to_contain_text(["Sparse High-Dimensional"])
    context.close()


def test_the_keyboard_alone(page: Page, site: str) -> None:
    press = page.keyboard.press
    page.goto(f"{site}/?date=2017-11-14")
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    press("j")
    press("j")
    second = page.locator(".card").nth(1)
    title = second.locator("h3").inner_text()
    expect(second.locator("h3 a")).to_be_focused()
    press("s")
    expect(second.locator(".star")).to_have_attribute("aria-pressed", "true")
    press("o")
    expect(page.locator("article.paper h1")).to_have_text(title)
    page.wait_for_load_state()  # a key is heard once the page's scripts have run
    press("g")
    press("l")
    expect(page.locator(".card h2")).to_have_text([title])
    page.wait_for_load_state()
    press("/")
    page.wait_for_url(f"{site}/search")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("decoupled weight")
    expect(page.locator("#found .card")).to_have_count(1)
    press("Escape")
    press("j")
    press("o")
    expect(page.locator("article.paper h1")).to_have_text("Decoupled Weight Decay Regularization")
    page.locator("section.why summary").first.focus()
    press("Enter")
    press("Tab")
    press("Enter")
    expect(page.locator("section.why summary").first).to_contain_text("by a person")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing(chromium: Browser, real_place: dict[str, Place], lang: str) -> None:
    assert axe.look(chromium, real_place, lang, LOOKS) == axe.Found()


@pytest.mark.alone
def test_pages_are_light_and_fast(chromium: Browser, real_place: dict[str, Place]) -> None:
    found = budgets.measured(chromium, real_place, LOOKS)
    over = {name: figures for name, figures in found.items() if figures.over()}
    assert over == {}, budgets.table(found)
