"""feedparser's own samples of good and broken feeds, some thousand: none crashes, hangs, or has a date
that cannot be."""

import tarfile
import time
from collections import Counter
from datetime import UTC, timedelta

import pytest

from aggregator.errors import SourceError
from aggregator.parse.dates import EARLIEST
from aggregator.sources.base import Raw
from aggregator.sources.feed_items import Manner
from aggregator.sources.feed_pages import read
from tests.sources.sample_walk import FETCHED, SHARED

SAMPLES = SHARED / "captures" / "feeds" / "feedparser_tests_corpus.tar.gz"
MOST_SECONDS = 2.0


@pytest.mark.skipif(
    not SAMPLES.exists(), reason="the captured feeds do not lie beside this checkout"
)
def test_no_sample_crashes_hangs_or_has_an_impossible_date() -> None:
    manner = Manner("feed", "samples", UTC)
    slow: list[str] = []
    count: Counter[str] = Counter()
    with tarfile.open(SAMPLES) as samples:
        for member in samples:
            file = samples.extractfile(member) if member.isfile() else None
            if file is None or not member.name.endswith((".xml", ".rss", ".atom", ".json")):
                continue
            url = f"https://samples.example/{member.name}"
            raw = Raw("feed", url, file.read(), "application/xml", FETCHED)
            started = time.process_time()
            try:
                drafts = read(raw, manner).parsed.drafts
                count["feeds"] += 1
            except SourceError:
                drafts = ()
                count["no feeds"] += 1
            if time.process_time() - started > MOST_SECONDS:
                slow.append(member.name)
            count["items"] += len(drafts)
            for draft in drafts:
                assert draft.title, member.name
                assert draft.published.year >= EARLIEST, member.name
                assert draft.published <= FETCHED + timedelta(days=1), member.name
    assert not slow
    assert count["feeds"] > 1000 > count["no feeds"]
    assert count["items"] > 500  # most samples show one field of a feed, and no item
