"""The charts of a topic in a real Chromium: drawn from their tables, clicked, touched, in both themes and
languages; without scripts the tables are read."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import sqlite_store
from tests.drafts import preprint
from tests.e2e import axe
from tests.e2e.conftest import served, watched
from tests.filled import give_tags, put

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium at a time

NOW = datetime(2026, 11, 25, 13, tzinfo=UTC)  # a Wednesday
TOPIC = "/topics/architectures"
_CROWDED = 120
"""Days ago of a conference: of a hundred papers in a week, where others have seven."""

_INK = """(canvas) => {
  const { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const data = copy.getImageData(0, 0, width, height).data;
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
  }
  return [...seen];
}"""
_SHIFT = """() => new Promise((done) => {
  let shift = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((e) => (shift += e.value)))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(shift), 300);
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a store with a paper a day for a year, a crowded week, and a word that rose lately."""
    folder = tmp_path_factory.mktemp("charts")
    days = [*range(400), *[_CROWDED] * 100, *range(25)]
    drafts = [
        preprint(
            f"26{n // 1000 + 10}.{n % 1000:05d}",
            title=f"Thing {n} as Capsules" if day < 25 else f"On Thing {n}",
            abstract="We study things.",
            published=NOW - timedelta(days=day, hours=1),
            authors=(f"Author {n}", f"Other {n}"),
        )
        for n, day in enumerate(days)
    ]
    with closing(sqlite_store(folder)) as store:
        put(store, *drafts)
        give_tags(store, {d.title: [("architectures", 0.9)] for d in drafts})
        with served(store, folder, now=lambda: NOW) as url:
            yield url


def test_charts_are_drawn_and_lead_to_their_week(page: Page, site: str) -> None:
    page.goto(site + TOPIC)
    expect(page.locator(".chart canvas")).to_have_count(1)
    expect(page.locator(".panels canvas")).to_have_count(1)
    for canvas in page.locator("canvas").all():
        assert len(canvas.evaluate(_INK)) > 3  # bars, letters, lines
    expect(page.locator(".chart table")).to_be_hidden()
    box = page.locator(".chart .hit").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 50.5 / 53, box["y"] + 50)
    expect(page.locator(".chart .tip")).to_have_text("Week of 9 Nov 2026: 14 papers")
    page.mouse.click(box["x"] + box["width"] * 50.5 / 53, box["y"] + 50)
    expect(page).to_have_url(f"{site}{TOPIC}?week=2026-11-09")
    expect(page.locator(".card").first).to_be_visible()


def test_a_term_leads_to_its_papers(page: Page, site: str) -> None:
    page.goto(site + TOPIC)
    page.locator(".panels .hit").click()
    expect(page).to_have_url(f"{site}/search?q=%22capsules%22&topic=architectures")
    expect(page.locator(".card").first).to_contain_text("Capsules")


def test_the_chosen_week_and_the_theme_are_seen(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(site + TOPIC)
    accents = {"light": "156,47,28", "dark": "240,145,124"}
    canvas = page.locator(".chart canvas")
    assert accents["light"] not in canvas.evaluate(_INK)
    page.goto(f"{site}{TOPIC}?week=2026-10-12")
    assert accents["light"] in canvas.evaluate(_INK)
    page.get_by_role("link", name="Light or dark").click()
    page.wait_for_timeout(100)
    found = canvas.evaluate(_INK)
    assert accents["dark"] in found
    assert accents["light"] not in found


def test_it_grows_and_shrinks_with_the_window(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site + TOPIC)
    page.set_viewport_size({"width": 360, "height": 800})
    expect(page.locator(".chart canvas")).to_have_css("width", "325px")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_tap_shows_the_value_and_one_on_the_value_goes_there(
    chromium: Browser, site: str
) -> None:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    with watched(page, site):
        page.goto(site + TOPIC)
        box = page.locator(".chart .hit").bounding_box()
        assert box
        page.touchscreen.tap(box["x"] + box["width"] * 50.5 / 53, box["y"] + 60)
        tip = page.locator(".chart .tip")
        expect(tip).to_contain_text("2026年11月9日当周：14 篇")
        shown = tip.bounding_box()
        assert shown
        assert shown["x"] >= 0
        assert shown["x"] + shown["width"] <= 390
        assert page.url == site + TOPIC
        tip.tap()
        expect(page).to_have_url(f"{site}{TOPIC}?week=2026-11-09")
    context.close()


def test_without_scripts_the_tables_are_read(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(site + TOPIC)
    weeks = page.get_by_role("table", name="Papers per week")
    expect(weeks).to_be_visible()
    expect(page.locator(".plot").first).to_be_hidden()
    expect(weeks.locator("tbody tr")).to_have_count(53)
    expect(weeks.locator("meter").first).to_be_visible()
    expect(page.get_by_role("table", name="Rising")).to_be_visible()
    weeks.get_by_role("link", name="9 Nov 2026", exact=True).click()
    expect(page).to_have_url(f"{site}{TOPIC}?week=2026-11-09")
    context.close()


def test_where_the_library_did_not_come_the_tables_stand_open(chromium: Browser, site: str) -> None:
    with closing(chromium.new_context(locale="en-GB")) as context:
        page = context.new_page()
        page.route("**/uPlot*.js*", lambda route: route.abort())
        page.goto(site + TOPIC)
        expect(page.get_by_role("table")).to_have_count(2)
        for box in page.locator(".plot").all():
            expect(box).to_be_hidden()


def test_nothing_moves(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(site + TOPIC, wait_until="load")
    expect(page.locator("canvas")).to_have_count(2)
    assert page.evaluate(_SHIFT) <= 0.001


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Browser, site: str, theme: str, lang: str) -> None:
    context = chromium.new_context(color_scheme="dark" if theme == "dark" else "light")
    page = context.new_page()
    page.context.add_cookies([{"name": "lang", "value": lang, "url": site}])
    with watched(page, site):
        page.goto(site + TOPIC)
        for summary in page.locator("figure summary, .rising summary").all():
            summary.click()
        expect(page.get_by_role("table")).to_have_count(2)
        assert axe.violations(page) == []
    context.close()
