"""The journey of two people with accounts, in a real Chromium, with real mail."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from aggregator import pipeline, topics
from aggregator.collect import works
from aggregator.settings import Settings
from tests.conftest import sqlite_store
from tests.e2e import sample
from tests.e2e.conftest import PROJECT, served, watched
from tests.smtp_server import MailServer

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium at a time


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def site_with_accounts(tmp_path: Path, mail: MailServer) -> Iterator[str]:
    """The address of a morning of papers, with accounts for example.org."""
    config = topics.load(PROJECT / "topics.toml")
    with closing(sqlite_store(tmp_path)) as store:
        works.load(store, config, sample.NOW)
        sample.fill(store)
        pipeline.tag(store, Settings(data_dir=tmp_path), config)
        accounts = {"accounts": True, "owners": "o@example.org", "accounts_for": "example.org"}
        with served(store, tmp_path, smtp_url=SecretStr(mail.url), **accounts) as url:
            yield url


def sign_in(page: Page, site: str, mail: MailServer, address: str) -> None:
    """From the front page, by the link that comes by mail, and back to it."""
    page.goto(site)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill(address)
    before = len(mail.received)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    expect(page.locator("main")).to_contain_text(address)
    until = time.monotonic() + 30  # the mail leaves after the answer
    while len(mail.received) == before and time.monotonic() < until:
        time.sleep(0.05)
    assert len(mail.received) == before + 1
    body = mail.received[-1].message.get_body(("plain",))
    assert body is not None
    link = re.search(rf"{re.escape(site)}/sign-in/\S+", body.get_content())
    assert link
    page.goto(link[0])
    expect(page.locator("main")).to_contain_text(f"sign in as {address}")
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{site}/")


def test_a_library_follows_its_person(
    chromium: Browser, site_with_accounts: str, mail: MailServer
) -> None:
    site = site_with_accounts
    first, second = (chromium.new_context(locale="en-GB") for _ in range(2))
    with closing(first), closing(second):
        page = first.new_page()
        with watched(page, site):
            page.goto(site)
            expect(page.get_by_role("button", name="Star")).to_have_count(0)  # guests keep nothing
            sign_in(page, site, mail, "ada@example.org")
            card = page.locator(".card").first
            title = card.locator("h3").inner_text()
            card.get_by_role("button", name="Star").click()
            expect(card.get_by_role("button", name="Star")).to_have_attribute(
                "aria-pressed", "true"
            )
            page.goto(f"{site}/library")
            expect(page.locator(".card")).to_have_count(1)
            page.get_by_role("link", name="Account").click()
            expect(page.locator("main")).to_contain_text("ada@example.org")
            page.get_by_role("button", name="Sign out", exact=True).click()
            expect(page).to_have_url(f"{site}/")
            page.goto(f"{site}/library")
            expect(page.locator(".card")).to_have_count(0)
            expect(page.get_by_role("link", name="Sign in to have a library")).to_be_visible()
            page.go_back()
            expect(page.get_by_role("button", name="Star")).to_have_count(0)
            sign_in(page, site, mail, "eve@example.org")  # somebody else at the same browser
            page.goto(f"{site}/library")
            expect(page.locator("main")).to_contain_text("Nothing is starred yet")
        elsewhere = second.new_page()
        with watched(elsewhere, site):
            sign_in(elsewhere, site, mail, "ada@example.org")
            elsewhere.goto(f"{site}/library")
            expect(elsewhere.locator(".card h2")).to_have_text(title)
