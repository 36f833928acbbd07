"""What every page must keep to: nothing that axe-core finds, and the budgets of weight and time."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import axe
from tests.e2e.conftest import watched

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium at a time

PAGES = (
    "/", "/?date=2026-11-20", "/topics", "/topics/architectures", "/topics/architectures?sort=mine",
    "/search?q=attention", "/library",
    "/library?shelf=later", "/library?shelf=noted", "/library?shelf=hidden", "/sources", "/label",
    "/label?topic=gan", "/settings", "/watches/long-video", "/docs", "/papers/arxiv:2611.10001",
    "/papers/arxiv:2611.66601",
    "/offline", "/nowhere",
)  # fmt: skip
MOST_BYTES = 250_000
MOST_LCP_MS = 1_000
MOST_SHIFT = 0.02
TRIES = 8
"""Visits of which the fastest counts: what else the machine does is not the page's fault."""

_MEASURED = """() => new Promise((done) => {
  let lcp = 0, shift = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((e) => (lcp = e.startTime)))
    .observe({type: "largest-contentful-paint", buffered: true});
  new PerformanceObserver((list) => list.getEntries().forEach((e) => (shift += e.value)))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done({lcp, shift}), 300);
})"""


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Browser, site: str, theme: str, lang: str) -> None:
    context = chromium.new_context(color_scheme="dark" if theme == "dark" else "light")
    context.add_cookies([{"name": "lang", "value": lang, "url": site}])
    page = context.new_page()
    fill_library(page, site)
    found = axe.look(page, site, PAGES, lang)
    context.close()
    assert found == {}


def fill_library(page: Page, site: str) -> None:
    """Something on every shelf of this browser."""
    page.goto(site)
    for n, action in enumerate(("star", "later", "hide")):
        button = page.locator(f".card .{action}").nth(n)
        button.click()
        expect(page.locator(f".card .{action}").nth(n)).to_have_attribute("aria-pressed", "true")
    page.goto(f"{site}/papers/arxiv:2611.10001")
    page.locator("textarea").fill("Look at table 3.")
    page.locator("form:has(textarea) button").click()


@pytest.mark.alone
@pytest.mark.parametrize(
    "path", ["/", "/topics/architectures", "/papers/arxiv:2611.10001", "/search?q=deep"]
)
def test_pages_are_light_and_fast(chromium: Browser, site: str, path: str) -> None:
    tries = []
    for _ in range(TRIES):
        tries.append(_measure(chromium, site, path))
        if tries[-1]["lcp"] <= MOST_LCP_MS:
            break
    assert max(one["weight"] for one in tries) <= MOST_BYTES
    assert max(one["shift"] for one in tries) <= MOST_SHIFT
    assert 0 < min(one["lcp"] for one in tries) <= MOST_LCP_MS


def _measure(chromium: Browser, site: str, path: str) -> dict[str, float]:
    """Bytes, milliseconds and layout shift of a first visit with a phone's quarter of a processor."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page: Page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    weight: list[int] = []
    devtools.on("Network.loadingFinished", lambda e: weight.append(int(e["encodedDataLength"])))
    with watched(page, site):
        page.goto(site + path, wait_until="load")
        measured = page.evaluate(_MEASURED)
    context.close()
    return measured | {"weight": sum(weight)}
