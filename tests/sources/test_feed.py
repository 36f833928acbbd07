"""The feed source: every form of feeds, ids and dates that stay, and how it asks."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
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
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import DATA, FETCHED, SHARED, expectation, outcome, samples
from tests.sources.standin import StandIn, stand_in

URL = "https://blog.example/feed"
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TOML = """
[[sources]]
name = "blog"
kind = "feed"
url = "{url}"
pace_seconds = 0
"""


def make_source(url: str = URL, **options: Any) -> FeedSource:
    chosen = FeedOptions(url=url, **options)
    return FeedSource(SourceConfig("blog", "feed", chosen, None, True), Credentials())


def read(body: str | bytes, source: FeedSource | None = None, url: str = URL) -> Parsed:
    sent = body.encode() if isinstance(body, str) else body
    return (source or make_source()).to_drafts(Raw("feed", url, sent, "text/xml", FETCHED))


def rss(*items: str) -> str:
    return f"<rss version='2.0'><channel><title>T</title>{''.join(items)}</channel></rss>"


def item(number: int, text: str = "", at: datetime | None = None, **more: str) -> str:
    """An item; unless told otherwise it is dated so many hours into July 2026."""
    moment = at or datetime(2026, 6, 20, tzinfo=UTC) + timedelta(hours=number)
    fields = {
        "title": f"Item {number}",
        "link": f"https://blog.example/{number}",
        "pubDate": f"{moment:%a, %d %b %Y %H:%M:%S GMT}",
        "description": text,
    } | more
    return "<item>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields.items() if v) + "</item>"


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
    with pytest.raises(BrokenError, match="more than 10 MB"):
        read(rss(item(1, "x" * MOST_BYTES)))
    assert len(read(rss(item(1)).encode() + b" " * MOST_BYTES).drafts) == 1


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


# --- whole runs ----------------------------------------------------------------------------


@pytest.fixture
def blog(tmp_path: Path, server: Server) -> Iterator[Collected]:
    """The source at /feed of a real server."""
    with closing(sqlite_store(tmp_path)) as store:
        yield Collected(store, tmp_path, TOML.format(url=f"{server.url}/feed"))


def titles(collected: Collected) -> set[str]:
    return {draft.title for draft in collected.drafts().values()}


def test_feed_is_asked_with_what_it_gave_and_then_only_checked(
    blog: Collected, server: Server
) -> None:
    def reply(asked: Asked) -> Reply:
        same = asked.headers.get("if-none-match") == '"1"'
        return Reply(status=304) if same else Reply(rss(item(1)).encode(), headers={"ETag": '"1"'})

    server.routes["/feed"] = Reply(status=301, headers={"Location": "/moved"})
    server.routes["/moved"] = reply
    first, second = blog.run(NOW), blog.run(NOW + timedelta(hours=1))
    assert (first.status, first.counts.new) == ("ok", 1)
    assert (second.status, second.counts.fetched, second.requests) == ("ok", 0, 2)
    assert blog.checkpoint()["feed"] == {"at": "2026-07-01T13:00:00Z", "items": 1}


def test_post_joins_its_paper_and_others_stand_for_themselves(
    blog: Collected, server: Server
) -> None:
    server.routes["/feed"] = Reply(rss(item(1, "arXiv:2606.01234"), item(2, "News")).encode())
    blog.run(NOW)
    kinds = {doc["title"]: doc["kind"] for doc in blog.papers()}
    assert kinds == {"Item 1": "paper", "Item 2": "post"}


def test_edited_item_stays_one_and_keeps_its_day(blog: Collected, server: Server) -> None:
    server.routes["/feed"] = Reply(rss(item(1, "A", pubDate="yesterday")).encode())
    blog.run(NOW)
    server.routes["/feed"] = Reply(rss(item(1, "B", pubDate="yesterday")).encode())
    again = blog.run(NOW + timedelta(days=3))
    [draft] = blog.drafts().values()
    assert (again.counts.new, again.counts.updated) == (0, 1)
    assert (draft.abstract, draft.published, draft.dated) == ("B", NOW, False)


def test_cut_off_feed_is_partial_and_read_again(blog: Collected, server: Server) -> None:
    whole = rss(item(1), item(2), item(3)).encode()
    server.routes["/feed"] = Reply(whole[: whole.index(b"Item 3") + 3], headers={"ETag": '"1"'})
    assert blog.run(NOW).status == "partial"
    assert titles(blog) == {"Item 1", "Item 2"}
    server.routes["/feed"] = Reply(whole, headers={"ETag": '"1"'})
    assert blog.run(NOW).status == "ok"
    assert "if-none-match" not in server.asked[-1].headers
    assert titles(blog) == {"Item 1", "Item 2", "Item 3"}


def test_emptied_feed_is_stale_and_a_new_one_not_out_yet(blog: Collected, server: Server) -> None:
    server.routes["/feed"] = Reply(rss().encode())
    assert blog.run(NOW).status == "not_out_yet"
    server.routes["/feed"] = Reply(rss(item(1), item(2)).encode())
    assert blog.run(NOW).status == "ok"
    server.routes["/feed"] = Reply(rss().encode())
    emptied = blog.run(NOW)
    assert (emptied.status, "it had 2" in emptied.message) == ("stale", True)


def window(newest: int, size: int = 10) -> Reply:
    return Reply(rss(*(item(n) for n in range(newest, newest - size, -1))).encode())


def test_window_that_moved_on_is_told_with_both_dates(blog: Collected, server: Server) -> None:
    start = datetime(2026, 6, 20, tzinfo=UTC)
    server.routes["/feed"] = window(20)
    blog.run(start + timedelta(hours=20))
    server.routes["/feed"] = window(29)
    assert blog.run(start + timedelta(hours=29)).status == "ok"
    server.routes["/feed"] = window(60)
    lost = blog.run(start + timedelta(hours=60))
    assert lost.status == "partial"
    assert "2026-06-21T05:00:00Z" in lost.message
    assert "2026-06-22T03:00:00Z" in lost.message
    assert len(titles(blog)) == 10 + 9 + 10
    server.routes["/feed"] = window(65)
    assert blog.run(start + timedelta(hours=65)).status == "ok"


def test_daily_batch_of_one_date_is_no_gap(blog: Collected, server: Server) -> None:
    for day in (1, 2, 3):
        at = datetime(2026, 6, day, 4, tzinfo=UTC)
        items = (item(100 * day + n, at=at) for n in range(10))
        server.routes["/feed"] = Reply(rss(*items).encode())
        assert blog.run(at + timedelta(hours=1)).status == "ok"
    assert len(titles(blog)) == 30


def test_page_leads_to_its_feed_which_is_remembered(blog: Collected, server: Server) -> None:
    head = '<html><link rel="alternate" type="application/rss+xml" href="/{}">'
    server.routes["/feed"] = Reply(head.format("rss").encode())
    server.routes["/rss"] = Reply(rss(item(1)).encode())
    assert blog.run(NOW).status == "ok"
    assert blog.run(NOW).status == "ok"
    assert server.paths() == ["/feed", "/rss", "/rss"]
    server.routes["/feed"] = Reply(head.format("new").encode())
    server.routes["/new"] = Reply(rss(item(2)).encode())
    del server.routes["/rss"]
    assert blog.run(NOW).status == "ok"
    assert server.paths()[3:] == ["/rss", "/feed", "/new"]
    server.routes["/feed"] = Reply(rss(item(3)).encode())
    server.routes["/new"] = Reply(b"<html>gone</html>")
    assert blog.run(NOW).status == "ok"
    assert titles(blog) == {"Item 1", "Item 2", "Item 3"}
    assert "found" not in blog.checkpoint()


def test_feed_found_on_a_page_may_not_be_in_the_private_network(
    blog: Collected, server: Server
) -> None:
    there = server.url.replace("127.0.0.1", "localhost")
    page = f'<html><link rel="alternate" type="application/rss+xml" href="{there}/rss">'
    server.routes["/feed"] = Reply(page.encode())
    server.routes["/rss"] = Reply(rss(item(1)).encode())
    refused = blog.run(NOW)
    assert (refused.status, "private address" in refused.message) == ("failed", True)
    assert "/rss" not in server.paths()


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Reply(b"<html><title>Just a moment...</title></html>"), "challenged", "bot wall"),
        (Reply(b"<html>Captcha</html>", 403), "challenged", "bot wall"),
        (Reply(b"<html>Welcome</html>"), "failed", "names no feed"),
        (Reply(b"gone", 410), "failed", "410"),
        (Reply(b"", 429, {"Retry-After": "7200"}), "throttled", "120 min"),
        (Reply(b"busy", 500), "failed", "500"),
        (Reply(b"", 200), "failed", "no feed"),
        (Reply(b"<rss", cut=True), "failed", "cut the connection"),
    ],
)
def test_trouble_is_told_and_heals(
    blog: Collected, server: Server, reply: Reply, status: str, words: str
) -> None:
    server.routes["/feed"] = reply
    troubled = blog.run(NOW)
    assert (troubled.status, words in troubled.message) == (status, True), troubled.message
    server.routes["/feed"] = Reply(rss(item(1)).encode())
    assert blog.run(NOW + timedelta(days=1)).status == "ok"
    assert titles(blog) == {"Item 1"}


def test_feeds_of_arxiv_and_reddit_keep_those_places_pace() -> None:
    arxiv = make_source("https://rss.arxiv.org/rss/cs.LG")
    reddit = make_source("https://www.reddit.com/r/x/.rss", pace_seconds=1)
    other = make_source("https://notarxiv.org/feed")
    assert (arxiv.upstream, arxiv.pace_seconds) == ("arxiv", 3)
    assert (reddit.upstream, reddit.pace_seconds) == ("reddit", 60)
    assert (other.upstream, other.pace_seconds) == ("feed notarxiv.org", 1)


# --- the stand-in --------------------------------------------------------------------------


@pytest.mark.upstream
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"mode": "status", "status": 500}, "failed"),
        ({"mode": "html_challenge"}, "challenged"),
        ({"mode": "html_challenge", "status": 403}, "challenged"),
        ({"mode": "truncate"}, "partial"),
        ({"mode": "truncate", "http": "short"}, "failed"),
        ({"mode": "malformed"}, "ok"),
        ({"mode": "bad_encoding"}, "ok"),
        ({"mode": "garbage_dates"}, "ok"),
        ({"mode": "reset"}, "failed"),
    ],
    ids=lambda value: str(value.get("mode")) if isinstance(value, dict) else str(value),
)
def test_stand_in_in_trouble_loses_nothing(
    upstream: StandIn, tmp_path: Path, fault: dict[str, Any], status: str
) -> None:
    with closing(sqlite_store(tmp_path)) as store:
        url = f"{upstream.url}/feeds/arxiv15-zh.rss"
        feed = Collected(store, tmp_path, TOML.format(url=url))
        upstream.control(clear=True, fault={"prefix": "/feeds", "times": 3, **fault})
        assert feed.run(datetime(2026, 1, 3, tzinfo=UTC)).status == status
        upstream.control(clear=True)
        assert feed.run(datetime(2026, 1, 4, tzinfo=UTC)).status == "ok"
        drafts = feed.drafts()
    assert len(drafts) == 606
    assert {draft.about for draft in drafts.values()} == about_by_eye()
    assert all(draft.published <= datetime(2026, 1, 3, tzinfo=UTC) for draft in drafts.values())


def about_by_eye() -> set[str]:
    """The papers that the file's links name, told without the code under test."""
    text = (SHARED / "upstream" / "data" / "feeds" / "arxiv15-zh.rss").read_text("utf-8")
    links = [part.partition("</link>")[0] for part in text.split("<link>")]
    return {f"arxiv:{link[-12:-2]}" for link in links if "/abs/" in link}


@pytest.fixture(scope="module")
def upstream() -> Iterator[StandIn]:
    with stand_in("2026-01-03T00:00:00Z") as running:
        yield running


def test_drafts_are_posts() -> None:
    drafts: tuple[Draft, ...] = read(rss(item(1))).drafts
    assert [(draft.role, draft.fidelity) for draft in drafts] == [("post", 0)]
