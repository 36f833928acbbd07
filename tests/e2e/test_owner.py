"""What the owner does on the pages of sources, labels and settings, in a real Chromium."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aggregator import clock, schedule, topics
from aggregator.sending.postman import Postman
from aggregator.settings import Settings
from api.app import create_app
from tests.collect.arxiv_day import XML, good_feed
from tests.conftest import sqlite_store
from tests.e2e.conftest import serving, watched
from tests.server import Asked, Reply, Server

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium at a time


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Iterator[tuple[str, Callable[..., None]]]:
    """(address of a Daypaper that collects from `server`'s feed, what sets the feed's answer)"""
    config = topics.parse(
        f"""
        [[topics]]
        name = "gan"
        title = "Adversarial networks"
        [[sources]]
        name = "a-feed"
        kind = "feed"
        url = "{server.url}/feed"
        pace_seconds = 0
        """,
        "topics.toml",
    )
    settings = Settings(data_dir=tmp_path)

    def answers(reply: Reply | Callable[[Asked], Reply]) -> None:
        server.routes = {"/feed": reply}

    answers(Reply(good_feed(), headers=XML))
    with closing(sqlite_store(tmp_path)) as store:
        jobs = schedule.jobs(store, settings, config, Postman(store, settings, config))
        scheduler = schedule.start(jobs, partial(schedule.wanted, store))
        with serving(lambda _: create_app(store, settings, config, now=clock.wall)) as url:
            yield url, answers
        scheduler.shutdown(wait=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_source_is_fetched_now(
    chromium: Browser, place: tuple[str, Callable[..., None]], scripts: bool
) -> None:
    url, answers = place
    context = chromium.new_context(java_script_enabled=scripts, locale="en-GB")
    page = context.new_page()
    with watched(page, url):
        page.goto(f"{url}/sources")
        button = page.get_by_role("button", name="Fetch now")
        for _ in range(30):  # until the scheduled first run has ended
            if button.count():
                break
            page.wait_for_timeout(1_000)
            page.goto(f"{url}/sources")
        answers(Reply(b"<rss></rss>", status=404))
        button.click()
        said = page.locator(".fetch [role=status]")
        expect(said).to_contain_text("Fetched as you asked, until", timeout=60_000)
        expect(page.locator("section.source").first).to_contain_text("404")
        expect(button).to_be_visible()
    context.close()


def test_labels_without_scripts(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/label?topic=optimizers")
    first = page.locator(".card h2").first
    title = first.inner_text()
    page.get_by_role("button", name="Pass by").first.click()
    status = page.get_by_role("status").first
    expect(status).to_contain_text(f"{title}: passed by for two weeks")
    expect(page.locator(".card h2", has_text=title)).to_have_count(0)
    page.goto(f"{site}/label?topic=optimizers")
    expect(page.locator(".card h2", has_text=title)).to_have_count(0)
    page.go_back()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card h2", has_text=title)).to_have_count(1)
    page.locator(".card", has_text=title).get_by_role("button", name="Not relevant").click()
    expect(page.get_by_role("status").first).to_contain_text("not relevant, as you said")
    page.get_by_role("button", name="Undo").click()
    context.close()


def test_passed_by_on_the_keyboard(page: Page, site: str) -> None:
    page.goto(f"{site}/label?topic=datasets")
    title = page.locator(".card h2").first.inner_text()
    page.keyboard.press("p")
    expect(page.get_by_role("status").first).to_contain_text(f"{title}: passed by")
    expect(page.locator(".card h2", has_text=title)).to_have_count(0)


def test_a_test_is_sent_and_a_token_made(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(f"{site}/settings")
    mine = page.locator("form.row", has_text="ada@example.org")
    mine.get_by_role("button", name="Send a test").click()
    said = page.locator("form.row", has_text="ada@example.org").get_by_role("status")
    expect(said).to_contain_text("The test could not be sent now. No mail server is set")
    page.get_by_label("Name of a new token").fill("phone")
    page.get_by_label("How long").select_option("365")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("code.secret")).to_contain_text("dp_")
    page.goto(f"{site}/settings")
    expect(page.locator("code.secret")).to_have_count(0)
    made = page.locator("form.row", has_text="phone")
    expect(made).to_contain_text("never used")
    made.get_by_role("button", name="Revoke").click()
    expect(made).to_have_count(0)


def test_a_watch_can_be_sent_to_slack(page: Page, site: str) -> None:
    page.goto(f"{site}/watches/long-video")
    expect(page.locator("main")).to_contain_text("Set DAYPAPER_SLACK_BOT_TOKEN")
