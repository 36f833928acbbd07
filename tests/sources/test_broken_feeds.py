"""feedparser's own samples of good and broken feeds, some thousand: none crashes, hangs, or has a date
that cannot be; and what a sample says of an item is what Daypaper reads, or the difference is named."""

import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, timedelta

import pytest

from aggregator.errors import SourceError
from aggregator.parse.dates import EARLIEST
from aggregator.parse.feed import FeedEntry, parse_feed
from aggregator.sources.base import Raw
from aggregator.sources.feed_items import Manner
from aggregator.sources.feed_pages import read
from tests.sources.feed_expectations import agrees, claims, content_type
from tests.sources.sample_walk import FETCHED, SHARED

SAMPLES = SHARED / "captures" / "feeds" / "feedparser_tests_corpus.tar.gz"
MOST_SECONDS = 2.0
DIFFERENT = {
    "wellformed/sanitize/entry_title_": "a title is text: what markup is in it stays to be read",
    "wellformed/base/http_entry_title_": "addresses inside a title are left as they are",
    "wellformed/base/http_entry_id_": "an id is one letter by letter, not an address to be completed",
    "wellformed/base/http_item_link_": "links are completed later, by the address of the feed",
    "wellformed/atom/entry_author_map_author.xml": "nobody's e-mail address is kept",
    "wellformed/atom10/entry_author_map_author.xml": "nobody's e-mail address is kept",
    "wellformed/cdf/": "CDF, of 1997, is no feed any more",
}

pytestmark = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the captured feeds do not lie beside this checkout"
)


def samples() -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each."""
    with tarfile.open(SAMPLES) as packed:
        for member in packed:
            file = packed.extractfile(member) if member.isfile() else None
            if file and member.name.endswith((".xml", ".rss", ".atom", ".json")):
                yield member.name.partition("/")[2], file.read()


def items(body: bytes) -> tuple[FeedEntry, ...]:
    """The items of a sample, served as it wants to be."""
    try:
        return parse_feed(body, content_type(body), sanitized=False).entries
    except SourceError:
        return ()


def test_what_a_sample_says_of_its_items_is_read() -> None:
    checked, reasons = 0, set[str]()
    for name, body in samples():
        for claim in claims(body):
            found = items(body)[claim.item : claim.item + 1]
            checked += 1
            if not (found and agrees(found[0], claim)):
                reasons |= {prefix for prefix in DIFFERENT if name.startswith(prefix)} or {name}
    assert reasons == set(DIFFERENT)
    assert checked > 100


def test_no_sample_crashes_hangs_or_has_an_impossible_date() -> None:
    manner = Manner("feed", "samples", UTC)
    slow: list[str] = []
    count: Counter[str] = Counter()
    for name, body in samples():
        raw = Raw("feed", f"https://samples.example/{name}", body, content_type(body), FETCHED)
        started = time.process_time()
        try:
            drafts = read(raw, manner).parsed.drafts
            count["feeds"] += 1
        except SourceError:
            drafts = ()
            count["no feeds"] += 1
        if time.process_time() - started > MOST_SECONDS:
            slow.append(name)
        count["items"] += len(drafts)
        for draft in drafts:
            assert draft.title, name
            assert draft.published.year >= EARLIEST, name
            assert draft.published <= FETCHED + timedelta(days=1), name
    assert not slow
    assert count["feeds"] > 1000 > count["no feeds"]
    assert count["items"] > 500  # most samples show one field of a feed, and no item
