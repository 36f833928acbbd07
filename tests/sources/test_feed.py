"""The feed source: every form of feeds, and ids, dates and papers of their items."""

import contextlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import BrokenError, SourceError
from aggregator.models import Draft, Parsed
from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.sources.feed import FeedOptions, FeedSource
from aggregator.sources.feed_items import MOST_TEXT, MOST_TITLE, SHORT
from aggregator.sources.feed_pages import MOST_BYTES, discover
from tests.sources.feeds import item, rss
from tests.sources.sample_walk import DATA, FETCHED, SHARED, expectation, outcome, samples

URL = "https://blog.example/feed"


def make_source(url: str = URL, **options: Any) -> FeedSource:
    chosen = FeedOptions(url=url, **options)
    return FeedSource(SourceConfig("blog", "feed", chosen, None, True), Credentials())


def read(body: str | bytes, source: FeedSource | None = None, url: str = URL) -> Parsed:
    sent = body.encode() if isinstance(body, str) else body
    return (source or make_source()).to_drafts(Raw("feed", url, sent, "text/xml", FETCHED))


@pytest.mark.parametrize("sample", samples("feed"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path) -> None:
    expected = expectation(sample)
    assert outcome(make_source(), sample, expected["raw"]) == expected


def test_dates_without_zone_are_chinas_where_the_feed_is_chinese() -> None:
    body = (DATA / "feed" / "gb2312_wechat.xml").read_bytes()
    told = [draft.published for draft in read(body, make_source(language="zh-cn")).drafts]
    assert told == [datetime(2026, 7, 1, 1, 30, tzinfo=UTC), datetime(2026, 6, 29, 16, tzinfo=UTC)]


def test_declared_language_is_believed_unless_the_text_is_chinese() -> None:
    body = rss("<language>de</language>", item(1), item(2, "深度学习"), item(3, "深層学習は"))
    told = [draft.extra["language"] for draft in read(body).drafts]
    assert told == ["de", "zh", "de"]
    assert read(body, make_source(language="fr")).drafts[1].extra["language"] == "fr"


def test_papers_only_leaves_out_what_names_no_paper() -> None:
    body = rss(item(1, "arXiv:2606.01234"), item(2), item(3, "x" * SHORT + " arXiv:2606.00001"))
    parsed = read(body, make_source(papers_only=True))
    assert [draft.title for draft in parsed.drafts] == ["Item 1", "Item 3"]
    assert (parsed.declared, parsed.skipped) == (2, ())


@pytest.mark.parametrize(
    ("given", "about", "mentions"),
    [
        ({"link": "http://arxiv.org/abs/2606.01234v3"}, "arxiv:2606.01234", ()),
        ({"guid": "oai:arXiv.org:2606.01234v1"}, "arxiv:2606.01234", ()),
        ({"title": "[arXiv:2606.01234] Kites"}, "arxiv:2606.01234", ()),
        ({"text": "See arXiv:2606.01234."}, "arxiv:2606.01234", ()),
        ({"text": "See arXiv:2606.01234." + " x" * SHORT}, None, ("arxiv:2606.01234",)),
        (
            {"text": "arXiv:2606.01234, arXiv:2606.00002"},
            None,
            ("arxiv:2606.01234", "arxiv:2606.00002"),
        ),
        (
            {"title": "arXiv:2606.01234", "text": "and arXiv:2606.00002"},
            "arxiv:2606.01234",
            ("arxiv:2606.00002",),
        ),
        ({"text": "2606.01234 is a number"}, None, ()),
    ],
)
def test_what_an_item_is_about(
    given: dict[str, Any], about: str | None, mentions: tuple[str, ...]
) -> None:
    [draft] = read(rss(item(1, **given))).drafts
    assert (draft.about, draft.mentions) == (about, mentions)


def test_ids_of_one_feed_do_not_meet_those_of_another() -> None:
    body = rss("<item><guid>1</guid><title>A</title></item>")
    other = FeedSource(
        SourceConfig("other", "feed", FeedOptions(url="https://o.example/"), None, True),
        Credentials(),
    )
    stranger = rss("<item><guid>https://blog.example/1</guid><title>Not theirs</title></item>")
    keys = {read(body).drafts[0].key, read(body, other).drafts[0].key}
    assert keys == {"feed:blog/1", "feed:other/1"}
    assert read(stranger).drafts[0].key == "feed:https://blog.example/1"
    assert read(stranger, other).drafts[0].key == "feed:other/https://blog.example/1"


def test_key_is_the_same_whatever_else_the_feed_shows() -> None:
    alone = read(rss(item(2))).drafts[0]
    among = read(rss(item(3), item(2), item(1))).drafts[1]
    assert alone == among


def test_long_ids_titles_and_texts_are_bounded() -> None:
    long = read(rss(item(1, "深" * 9000, title="题" * 9000, guid="g" * 9000))).drafts[0]
    assert (len(long.abstract), len(long.title)) == (MOST_TEXT, MOST_TITLE)
    assert len(long.key) < 100


def test_too_large_a_feed_is_refused_and_blanks_do_not_count() -> None:
    with pytest.raises(BrokenError, match="more than 6 MB"):
        read(rss(item(1, "x" * MOST_BYTES)))
    assert len(read(rss(item(1)).encode() + b" " * MOST_BYTES).drafts) == 1


@pytest.mark.parametrize(
    "piece",
    [
        "<item>",
        "<item><title><![CDATA[",
        "<!--",
        "&",
        "<a ",
        "<item><title>$\\alpha {",
        "<item><description>" + "&lt;div>" * 12_000,
    ],
)
def test_hostile_repetition_takes_no_long_time(piece: str) -> None:
    started = time.process_time()
    with contextlib.suppress(SourceError):
        read("<rss version='2.0'><channel>" + piece * (200_000 // len(piece)))
    assert time.process_time() - started < 15


PARTS = [
    "<rss version='2.0'><channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "</link>",
    "<guid>", "</guid>", "<description>", "</description>", "<![CDATA[", "]]>", "&lt;", "&", "<pubDate>",
    "</pubDate>", "2026-06-30", "https://arxiv.org/abs/2606.01234", "javascript:x", "http://[", "é",
    "<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>", "</entry>", "<id>", "</id>", "</rss>",
    "<link rel='related' href='//x'/>", "<author>", "</author>", "a@b.example", "\x00", "<!--",
]  # fmt: skip
json_values = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["\ud800", "http://[", "https://arxiv.org/abs/2606.01234", [], {}, [{}], [1]])
)
KEYS = ["id", "url", "external_url", "title", "content_html", "content_text", "summary", "tags",
        "date_published", "authors", "author"]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=20).map("".join) | st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(body: str | bytes) -> None:
    try:
        parsed = read(body)
    except SourceError:
        return
    check(parsed)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), json_values) | json_values, max_size=4))
def test_any_json_item_is_read_or_skipped(items: list[Any]) -> None:
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": items}
    parsed = read(json.dumps(feed))
    assert parsed.declared is not None
    assert len(parsed.drafts) + len(parsed.skipped) >= parsed.declared
    check(parsed)


def check(parsed: Parsed) -> None:
    for draft in parsed.drafts:
        assert draft.title
        assert draft.url.startswith(("http://", "https://"))
        assert draft.published <= FETCHED
        assert repr(draft).encode().find(0) < 0


def test_captured_feeds_are_read_to_their_last_item() -> None:
    folder = SHARED / "captures" / "feeds"
    if not folder.exists():
        pytest.skip("the captured feeds do not lie beside this checkout")
    read_ones = 0
    for path in sorted((folder / "chinese" / "wechat").iterdir()):
        parsed = read(path.read_bytes())
        assert not parsed.skipped, path.name
        assert len(parsed.drafts) == parsed.declared, path.name
        assert all(draft.dated for draft in parsed.drafts), path.name
        read_ones += 1
    for path in sorted(p for p in folder.rglob("*.xml") if "illformed" in p.parts):
        try:
            check(read(path.read_bytes()))
        except SourceError:
            continue
        read_ones += 1
    assert read_ones > 30


# --- autodiscovery -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "address"),
    [
        ('<link rel="alternate" type="application/rss+xml" href="/rss">', "https://p.example/rss"),
        ("<LINK REL='feed alternate' TYPE='application/atom+xml;x=1' HREF=a>", "https://p.example/a"),
        ('<base href="https://q.example/b/"><link rel=alternate type=application/feed+json href=f>',
         "https://q.example/b/f"),
        ('<link rel="alternate" type="application/rss+xml" title="Comments" href="/c">'
         '<link rel="alternate" type="application/rss+xml" href="/d">', "https://p.example/d"),
        ('<link rel="alternate" type="application/json" href="/wp-json/x">', ""),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:x">', ""),
        ('<link rel="alternate" hreflang="de" href="/de">', ""),
        ('<link rel="stylesheet" type="application/rss+xml" href="/s">', ""),
    ],
)  # fmt: skip
def test_page_names_its_feed(head: str, address: str) -> None:
    body = f"<html><head>{head}</head><body></body></html>".encode()
    assert discover(body, "text/html", "https://p.example/") == address


def test_feeds_of_arxiv_and_reddit_keep_those_places_pace() -> None:
    arxiv = make_source("https://rss.arxiv.org/rss/cs.LG")
    reddit = make_source("https://www.reddit.com/r/x/.rss", pace_seconds=1)
    other = make_source("https://notarxiv.org/feed")
    assert (arxiv.upstream, arxiv.pace_seconds) == ("arxiv", 3)
    assert (reddit.upstream, reddit.pace_seconds) == ("reddit", 60)
    assert (other.upstream, other.pace_seconds) == ("feed notarxiv.org", 1)


def test_drafts_are_posts() -> None:
    drafts: tuple[Draft, ...] = read(rss(item(1))).drafts
    assert [(draft.role, draft.fidelity) for draft in drafts] == [("post", 0)]
