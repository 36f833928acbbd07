"""The feed source in whole runs: a real server, a real store, and the stand-in in trouble."""

import base64
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.feeds import item, rss
from tests.sources.sample_walk import SHARED
from tests.sources.standin import StandIn, stand_in

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TOML = """
[[sources]]
name = "blog"
kind = "feed"
url = "{url}"
pace_seconds = 0
"""


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


BASIC = "Basic " + base64.b64encode(b"user:p@ss").decode()
PRIVATE = "user:p%40ss"
"""Of an address that begins with it; what is asked for there is `Basic` with the password p@ss."""


def private(tmp_path: Path, server: Server, path: str) -> Collected:
    """The source at this path of the server, by user and password, with a token in its address."""
    url = server.url.replace("://", f"://{PRIVATE}@") + f"{path}?token=hidden"
    return Collected(sqlite_store(tmp_path), tmp_path, TOML.format(url=url))


@pytest.mark.parametrize("status", [200, 403, 404, 429, 500])
@pytest.mark.parametrize("body", ["", "<html><title>Just a moment...</title>", "{}", "{"])
def test_what_opens_a_private_feed_is_in_no_message(
    tmp_path: Path, server: Server, status: int, body: str
) -> None:
    server.routes["/feed"] = Reply(body.encode(), status)
    with closing((feed := private(tmp_path, server, "/feed")).store):
        done = feed.run(NOW)
    assert done.status != "ok"
    assert server.url.removeprefix("http://") in done.message
    assert not re.search("user|ss@|hidden", done.message)
    (asked, *_) = server.asked
    assert (asked.query, asked.headers["authorization"]) == ({"token": "hidden"}, BASIC)


@pytest.mark.parametrize("status", [200, 302, 403, 404, 429, 500])
@pytest.mark.parametrize("path", ["/feed/SECRET/rss", "/SECRET", "/s3cr3t/SECRET.xml"])
def test_a_key_in_the_path_of_a_feed_is_in_no_message(
    tmp_path: Path, server: Server, path: str, status: int
) -> None:
    html = "<html><title>Just a moment...</title>"
    server.routes[path] = Reply(html.encode(), status, {"Location": path})
    with closing((feed := private(tmp_path, server, path)).store) as store:
        done = feed.run(NOW)
        with store.read() as connection:
            kept = str(connection.execute(sa.text("SELECT cooldown_reason FROM upstream")).all())
    assert done.status != "ok"
    assert server.url.removeprefix("http://") in done.message
    assert not re.search("(?i)secret|s3cr3t|hidden", done.message + kept)
    if status in (302, 404):
        assert ("/feed/…" in done.message) == path.startswith("/feed")


def test_a_key_in_the_path_of_a_feed_is_in_no_link(tmp_path: Path, server: Server) -> None:
    server.routes["/feed/SECRET"] = Reply(
        b"<rss><channel><item><title>One</title></item></channel></rss>"
    )
    with closing((feed := private(tmp_path, server, "/feed/SECRET")).store):
        assert feed.run(NOW).counts.new == 1
        [draft] = feed.drafts().values()
        assert draft.url == f"{server.url}/"
        assert "SECRET" not in str(feed.papers())


def test_what_opens_a_private_feed_is_in_no_link(tmp_path: Path, server: Server) -> None:
    items = "<item><title>One</title><link>/one</link></item><item><title>Two</title></item>"
    page = '<html><link rel="alternate" type="application/rss+xml" href="/feed">'
    server.routes["/blog"] = Reply(page.encode(), headers={"Content-Type": "text/html"})
    server.routes["/feed"] = Reply(f'<rss version="2.0"><channel>{items}</channel></rss>'.encode())
    with closing((feed := private(tmp_path, server, "/blog")).store):
        for hours in (0, 1):
            assert feed.run(NOW + timedelta(hours=hours)).status == "ok"
        assert {doc["title"] for doc in feed.papers()} == {"One", "Two"}
        assert not re.search("user|ss@|hidden", str(feed.papers()) + str(feed.drafts()))
    assert [one.path for one in server.asked] == ["/blog", "/feed", "/feed"]
    assert {one.headers.get("authorization") for one in server.asked} == {BASIC}


def test_user_and_password_are_for_their_host_alone(tmp_path: Path, server: Server) -> None:
    with Server() as other, closing((feed := private(tmp_path, server, "/feed")).store):
        other.routes["/"] = Reply(rss(item(1)).encode())
        server.routes["/feed"] = Reply(status=302, headers={"Location": f"{other.url}/"})
        feed.run(NOW)
        assert [one.headers.get("authorization") for one in other.asked] in ([None], [])


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


def undated(newest: int) -> bytes:
    return rss(*(item(n, pubDate="") for n in range(newest, newest - 10, -1))).encode()


def test_what_arrived_of_a_cut_off_answer_does_not_hide_the_gap_before_it(
    blog: Collected, server: Server
) -> None:
    server.routes["/feed"] = Reply(undated(10))
    blog.run(NOW)
    cut = undated(40)
    server.routes["/feed"] = Reply(cut[: cut.index(b"Item 34") + 3])
    part = blog.run(NOW + timedelta(hours=3))
    assert part.status == "partial"
    assert "ends in the middle: its first 6 items are kept" in part.message
    assert len(titles(blog)) == 10 + 6
    server.routes["/feed"] = Reply(undated(41))
    gap = blog.run(NOW + timedelta(hours=4))
    assert (gap.status, "none of the 10 items" in gap.message) == ("partial", True)
    assert "2026-07-01T12:00:00Z" in gap.message
    assert blog.run(NOW + timedelta(hours=5)).status == "ok"


def test_a_cut_off_answer_that_reaches_what_was_there_is_no_gap(
    blog: Collected, server: Server
) -> None:
    server.routes["/feed"] = Reply(undated(10))
    blog.run(NOW)
    cut = undated(14)
    server.routes["/feed"] = Reply(cut[: cut.index(b"Item 12") + 3])
    assert blog.run(NOW + timedelta(hours=3)).status == "partial"
    server.routes["/feed"] = Reply(undated(15))
    assert blog.run(NOW + timedelta(hours=4)).status == "ok"
    assert len(titles(blog)) == 15


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
        ({"mode": "bad_encoding"}, "partial"),
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
