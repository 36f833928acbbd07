"""What pages do when something is unusual: a slow network, none at all, paper, high contrast, a way back."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pydantic import SecretStr

from tests.conftest import sqlite_store
from tests.e2e.conftest import served

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium at a time


def test_a_slow_search_says_so(page: Page, site: str) -> None:
    page.goto(f"{site}/search")
    page.wait_for_load_state()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"latency": 2_000, "downloadThroughput": -1, "uploadThroughput": -1}
    network.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    page.get_by_role("searchbox").press_sequentially("attent", delay=150)
    expect(page.locator(".searching")).to_have_text("Searching …")
    expect(page.locator("#found")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#found .card").first).to_be_visible(timeout=20_000)
    expect(page.locator(".searching")).to_be_empty()
    expect(page.locator("#found")).not_to_have_attribute("aria-busy", re.compile("."))


def test_no_connection_is_said_in_the_language_read_last(
    context: BrowserContext, site: str
) -> None:
    page = context.new_page()
    page.goto(site)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026年11月23日")
    page.wait_for_function(
        """caches.match("/offline").then((kept) => kept?.headers.get("Content-Language") === "zh")"""
    )
    context.set_offline(True)
    page.goto(f"{site}/topics")
    expect(page.get_by_role("heading", level=1)).to_have_text("没有连接")
    context.set_offline(False)


def test_the_way_back_leads_to_the_same_place(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 600})
    page.goto(site)
    last = page.locator(".card h3 a").last
    last.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # it glides there
    before = page.evaluate("scrollY")
    assert before > 600
    last.evaluate("link => link.click()")  # without moving it into view first
    expect(page.locator("article.paper")).to_be_visible()
    page.go_back()
    expect(last).to_be_in_viewport()
    page.wait_for_function("before => Math.abs(scrollY - before) < 60", arg=before)


@pytest.mark.parametrize("path", ["/", "/papers/arxiv:2611.10001"])
def test_on_paper_there_is_only_what_is_read(page: Page, site: str, path: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(site + path)
    page.emulate_media(media="print", color_scheme="dark")
    for left_out in (".tabs", ".tools", ".acts", ".colophon", ".skip", "button"):
        expect(page.locator(left_out).locator("visible=true")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


def test_nothing_moves_for_who_wants_that(page: Page, site: str) -> None:
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    page.goto(site)
    assert page.evaluate(behaviour) == "smooth"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(behaviour) == "auto"


def test_high_contrast_shows_what_is_pressed(page: Page, site: str) -> None:
    page.emulate_media(forced_colors="active")
    page.goto(site)
    star = page.locator(".card .star").first
    filled = "button => getComputedStyle(button.querySelector('svg')).fill"
    assert star.evaluate(filled) == "none"
    star.click()
    expect(page.locator(".card .star").first).to_have_attribute("aria-pressed", "true")
    assert page.locator(".card .star").first.evaluate(filled) != "none"


def test_the_answer_to_a_form_can_be_had_in_another_language(page: Page, site: str) -> None:
    page.goto(f"{site}/settings")
    page.get_by_label("Name of a new token").fill("tablet")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("code.secret")).to_contain_text("dp_")
    page.get_by_role("banner").get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("设置")


def test_the_form_for_mail_begins_with_the_reader_s_time_zone(
    chromium: Browser, tmp_path: Path
) -> None:
    mail = SecretStr("smtp+plain://127.0.0.1:1025")
    with (
        closing(sqlite_store(tmp_path)) as store,
        served(store, tmp_path, smtp_url=mail) as url,
        closing(chromium.new_context(timezone_id="Asia/Shanghai")) as context,
    ):
        page = context.new_page()
        page.goto(f"{url}/topics/gan")
        expect(page.locator("select[name=tz]")).to_have_value("Asia/Shanghai")
        page.locator("input[type=email]").evaluate("field => (field.form.noValidate = true)")
        page.locator("input[type=email]").fill("bea")
        page.locator("select[name=tz]").select_option("UTC")
        page.get_by_role("button", name="Sign up").click()
        expect(page.locator("input[type=email]")).to_have_value("bea")
        expect(page.locator("select[name=tz]")).to_have_value("UTC")
