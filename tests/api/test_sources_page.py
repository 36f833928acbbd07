"""The page of the sources: strips of days, what to do, never-run, running and switched-off ones."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator.models import STATUSES, Status
from aggregator.settings import Settings
from aggregator.store import ledger, runs, wishes
from aggregator.store.db import Store
from api.app import create_app
from tests.api.test_pages import elements
from tests.api.test_why_page import local
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.test_status import ran

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def browser(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A client of pages where the last source is switched off."""
    *on, off = CONFIG.sources
    config = replace(CONFIG, sources=(*on, replace(off, enabled=False)))
    app = create_app(store, Settings(data_dir=tmp_path), config, now=lambda: NOW)
    with TestClient(app) as made:
        made.headers["Accept"] = "text/html"
        yield made


def shapes(html: str) -> list[str]:
    """The shapes of the first source's strip."""
    return re.findall(r'<li class="(\w+)"', html.split('<ol class="fortnight"')[1])[:14]


def test_the_strip_tells_each_day(store: Store, browser: TestClient) -> None:
    ran(store, NOW - 14 * DAY, "failed", "Too long ago.")
    ran(store, NOW - 13 * DAY, "ok", "7 new.")
    ran(store, NOW - 3 * DAY, "throttled", "Asked to wait.")
    ran(store, NOW - 3 * DAY + HOUR, "ok", "3 new.")
    ran(store, NOW - 2 * DAY, "mismatch", "9 of 10.")
    ran(store, NOW - DAY, "holiday", "A <b>weekend</b>.")
    ran(store, NOW - HOUR, "challenged", "A wall.")
    html = browser.get("/sources").text
    elements(html)
    assert shapes(html) == ["fine", *["none"] * 9, "mended", "warn", "quiet", "bad"]
    assert "10 Nov: Fine (1 of 2 runs had trouble). 3 new." in html
    assert "12 Nov: No announcement today. A &lt;b&gt;weekend&lt;/b&gt;." in html
    assert "Too long ago" not in html
    assert "style=" not in html


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_status_says_what_to_do(
    store: Store, browser: TestClient, status: Status, lang: str
) -> None:
    ran(store, NOW - timedelta(minutes=1), status, "Said by the source.")
    html = browser.get(f"/sources?lang={lang}").text
    (advice, *_) = re.findall(r'<p class="do">(.*?)</p>', html)
    if status == "challenged":
        assert "<code>daypaper collect arxiv</code>" in advice
        assert "https://" in advice
    elif status not in ("ok",):
        assert re.search(r"\d\d:\d\d UTC", advice), advice
    (said,) = re.findall(r"<p>(.*Said by the source\.)</p>", html)
    assert (said == "Said by the source.") == (lang == "en")


def test_nobody_collects(store: Store, browser: TestClient) -> None:
    ran(store, NOW - 2 * DAY, "ok", "7 new.")
    assert "See whether <code>daypaper run</code> is still running" in browser.get("/sources").text


def test_one_source_waits_for_another(store: Store, client: TestClient) -> None:
    ran(store, NOW - 2 * DAY, "ok", "7 new.")
    with store.write() as connection:
        runs.start(connection, "cvf", NOW, NOW, False)
    with store.upstream_lock("cvf"):
        html = client.get("/sources", headers={"Accept": "text/html"}).text
    assert "has its turn after the source that is being asked now" in html
    assert "is still running" not in html


def test_never_run_running_and_switched_off(store: Store, browser: TestClient) -> None:
    html = browser.get("/sources").text
    assert "run <code>daypaper collect arxiv</code> now" in html
    off = CONFIG.sources[-1]
    switched_off = html.split('id="switched-off"')[1]
    assert f'{off.name} <span class="quiet">{off.kind}</span>' in switched_off
    ran(store, NOW - HOUR, "ok", "7 new.")
    with store.write() as connection:
        run = runs.start(connection, "arxiv", NOW, NOW, False)
        runs.progress(connection, run, "page 3: 300 of 1200")
    with store.upstream_lock("arxiv"):
        html = browser.get("/sources?lang=zh").text
    assert "<p>page 3: 300 of 1200</p>" in html
    assert "无需处理，本页会自动刷新" in html


def first(html: str) -> str:
    """What stands in the form of the first source."""
    elements(html)
    return html.split('<form class="fetch"')[1].split("</form>")[0]


def fetch(owner: TestClient, name: str = "arxiv", **more: str) -> int:
    found = re.search(r'name="proof" value="([^"]+)"', owner.get("/sources").text)
    assert found
    return owner.post("/sources", data={"proof": found[1], "fetch": name, **more}).status_code


def waiting(store: Store) -> list[str]:
    with store.read() as connection:
        return sorted(wishes.waiting(connection))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_owner_has_a_source_fetched(app: FastAPI, store: Store, lang: str) -> None:
    ran(store, NOW - HOUR, "ok", "7 new.")
    with local(app) as owner:
        owner.get(f"/sources?lang={lang}")
        assert "<button>" in first(owner.get("/sources").text)
        assert (fetch(owner), waiting(store)) == (303, ["arxiv"])
        assert fetch(owner) == 303  # twice changes nothing
        html = owner.get("/sources").text
        assert "<button>" not in first(html)
        assert "12:00 UTC" in first(html)
        # With the address that a button leads to, "/sources#arxiv", a bare number renews nothing.
        assert '<noscript><meta http-equiv="refresh" content="10; url=/sources">' in html
        html = owner.get("/sources?fetched=arxiv").text
        seen = int(NOW.timestamp())
        assert f'content="10; url=/sources?fetched=arxiv&amp;seen={seen}#arxiv">' in html
        assert 'content="10; url=/sources">' in owner.get("/sources?fetched=javascript:0").text
        with store.write() as connection:
            run = runs.start(connection, "arxiv", NOW, NOW, False)
            wishes.take(connection, "arxiv", run)
        with store.upstream_lock("arxiv"):
            assert "<button>" not in first(owner.get("/sources").text)
            assert (fetch(owner), waiting(store)) == (303, [])  # never twice at once
    with store.read() as connection:
        assert wishes.latest(connection)["arxiv"].run_id == run


def test_the_outcome_is_said_until_the_next_run(app: FastAPI, store: Store) -> None:
    with local(app) as owner:
        fetch(owner)
        ran(store, NOW, "ok", "3 new.")  # no process has taken the wish
        assert "Asked for on 13 Nov 2017, 12:00 UTC" in first(owner.get("/sources").text)
        with store.write() as connection:
            wishes.take(connection, "arxiv", 1)
        html = owner.get("/sources").text
        assert "Fetched as you asked, until 13 Nov 2017, 12:00 UTC" in first(html)
        assert "3 new." in html
        ran(store, NOW, "ok", "Nothing new.")
        assert "Fetched as you asked" not in owner.get("/sources").text


def test_nobody_takes_the_wish(app: FastAPI, store: Store) -> None:
    with store.write() as connection:
        wishes.make(connection, "arxiv", NOW - timedelta(minutes=3))
    with local(app) as owner:
        assert "nobody has begun" in first(owner.get("/sources").text)
        with store.upstream_lock("cvf"), store.write() as connection:
            runs.start(connection, "cvf", NOW, NOW, False)
        with store.upstream_lock("cvf"):
            assert "when it is its turn" in first(owner.get("/sources").text)


def test_politeness_is_kept_and_said(app: FastAPI, store: Store) -> None:
    with local(app) as owner:
        with store.write() as connection:
            ledger.cool_down(connection, "arxiv", NOW + HOUR, "Asked to <b>wait</b>.")
        assert (fetch(owner), waiting(store)) == (303, [])
        said = first(owner.get("/sources").text)
        assert "before 13 Nov 2017, 13:00 UTC" in said
        assert "&lt;b&gt;wait" in said
        assert "<button>" not in said
        with store.write() as connection:
            ledger.cool_down(connection, "arxiv", ledger.FOR_A_PERSON, "Access denied.")
        assert (fetch(owner), waiting(store)) == (303, [])
        assert "run <code>daypaper collect arxiv</code>. Access denied." in first(
            owner.get("/sources").text
        )
        with store.write() as connection:
            ledger.lift(connection, "arxiv")
            ledger.spend_all(connection, "arxiv", NOW.date(), 100)
        assert (fetch(owner), waiting(store)) == (303, [])
        assert "before midnight UTC" in first(owner.get("/sources").text)


def test_only_the_owner_may_and_only_by_the_form(
    app: FastAPI, store: Store, client: TestClient
) -> None:
    client.headers["Accept"] = "text/html"
    assert 'class="fetch"' not in client.get("/sources").text
    assert fetch(client) == 403
    with local(app) as owner:
        assert fetch(owner, proof="made up") == 403
        assert fetch(owner, "nothing") == 404
        assert owner.post("/sources", data={"fetch": "arxiv"}).status_code == 403
    assert waiting(store) == []


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "16 Nov 2017, 09:30 UTC"), ("zh", "2017年11月16日 09:30 UTC")]
)
def test_moments_in_messages_are_said_as_people_write_them(
    store: Store, browser: TestClient, lang: str, said: str
) -> None:
    message = "Left alone until 2017-11-16T09:30:00Z: a.org has no 2017-13-32T00:00:00Z."
    ran(store, NOW - HOUR, "throttled", message)
    for path in ("/sources", "/"):
        page = browser.get(f"{path}?lang={lang}").text
        assert said in page
        assert "T09:30:00Z" not in page
        assert "2017-13-32T00:00:00Z" in page


def test_messages_are_said_in_chinese_on_chinese_pages(store: Store, browser: TestClient) -> None:
    message = "a.org answered 429: too many requests, asking to wait 120 min."
    ran(store, NOW - HOUR, "throttled", message)
    chinese = "a.org 返回了 429：请求过多，要求等待 120 分钟。"
    assert browser.get("/sources").text.count(message) == 2
    page = browser.get("/sources?lang=zh").text
    assert (page.count(chinese), message in page) == (2, False)
    with store.write() as connection:
        run = runs.start(connection, "arxiv", NOW, NOW, False)
        runs.progress(connection, run, "cs.LG: records changed since 2017-11-07: 120")
    with store.upstream_lock("arxiv"):
        for path in ("/sources", "/"):
            assert "自 2017-11-07 起有变动的记录 120" in browser.get(f"{path}?lang=zh").text
