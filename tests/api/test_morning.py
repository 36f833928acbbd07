"""The line at the top of the front page that says how the sources are."""

import html
import re
from datetime import datetime, timedelta

import pytest
from starlette.testclient import TestClient

from aggregator.models import Status
from aggregator.store.db import Store
from tests.api.test_pages import elements
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import put
from tests.test_status import ran

HOUR = timedelta(hours=1)
TODAY, BEFORE = NOW - 5 * HOUR, NOW - 30 * HOUR  # within a day all is as it should be

Runs = tuple[tuple[datetime, Status, str], ...]


@pytest.mark.parametrize(
    ("asked", "en", "zh"),
    [
        ((), "0 of 2 sources are fine · arxiv Not asked yet · 1 more needs a look", None),
        (
            ((TODAY, "ok", "arxiv"), (TODAY, "holiday", "cvf")),
            "2 of 2 sources are fine",
            "2 个来源中 2 个正常",
        ),
        (
            ((TODAY, "ok", "arxiv"), (TODAY, "ok", "cvf"), (NOW - HOUR, "failed", "cvf")),
            "1 of 2 sources are fine · cvf silent since 07:00 UTC",
            "2 个来源中 1 个正常 · cvf 没有回应（上次成功：07:00 UTC）",
        ),
        (
            ((TODAY, "partial", "arxiv"), (BEFORE, "ok", "cvf"), (TODAY, "throttled", "cvf")),
            "0 of 2 sources are fine · cvf silent since 12 Nov · 1 more needs a look",
            "2 个来源中 0 个正常 · cvf 没有回应（上次成功：11月12日） · 另有 1 个需要留意",
        ),
        (
            ((TODAY, "mismatch", "arxiv"), (TODAY, "ok", "cvf")),
            "1 of 2 sources are fine · arxiv Numbers do not agree",
            None,
        ),
        (
            ((TODAY, "ok", "arxiv"), (NOW - HOUR, "challenged", "cvf")),
            "1 of 2 sources are fine · cvf Behind a bot wall",
            None,
        ),
    ],
)
def test_one_line_says_how_the_sources_are(
    browser: TestClient, store: Store, asked: Runs, en: str, zh: str | None
) -> None:
    put(store, preprint())
    for at, status, source in asked:
        ran(store, at, status, "Said by the source.", source=source)
    for lang, expected in (("en", en), ("zh", zh)):
        page = browser.get(f"/?lang={lang}").text
        elements(page)
        (line,) = re.findall(r'<p class="summary"><a href="#health">(.*?)</a></p>', page, re.DOTALL)
        said = html.unescape(" ".join(re.sub("<[^>]+>", " ", line).split()))
        assert 'id="health"' in page
        if expected:
            assert said == expected
