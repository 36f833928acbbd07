"""The page of the sources: strips of days, what to do, never-run, running and switched-off ones."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aggregator.models import STATUSES, Status
from aggregator.settings import Settings
from aggregator.store import runs
from aggregator.store.db import Store
from api.app import create_app
from tests.api.test_pages import elements
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
