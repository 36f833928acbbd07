"""What is news on day one, and what only history: on the first run, and on the runs that complete it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator.store.db import Store
from aggregator.store.sql import event, paper
from tests.collect.arxiv_day import XML, body, good_feed, good_oai
from tests.conftest import sqlite_store
from tests.server import Reply, Server
from tests.sources.collected import Collected
from tests.sources.feeds import item, rss

NOON = datetime(2017, 11, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ARXIV = """
[[sources]]
name = "arxiv"
kind = "arxiv"
categories = [{categories}]
oai_url = "{url}/oai"
rss_url = "{url}/rss"
api_url = "{url}/api"
pace_seconds = 0
"""
HUB = """
[[sources]]
name = "hub"
kind = "rsshub"
routes = [{routes}]
base_url = "{url}"
pace_seconds = 0
"""
BLOG = """
[[sources]]
name = "blog"
kind = "feed"
url = "{url}/feed"
pace_seconds = 0
"""


@pytest.fixture
def make(server: Server, tmp_path: Path) -> Iterator[Callable[..., Collected]]:
    """Sources over one store: made again with other options, they go on."""
    with closing(sqlite_store(tmp_path)) as store:
        yield lambda toml, **values: Collected(
            store, tmp_path, toml.format(url=server.url, **values)
        )


def told(store: Store) -> dict[str, bool]:
    """Title -> is that it is new a piece of news?"""
    asked = (
        sa.select(paper.c.title, event.c.backfill)
        .join(paper, paper.c.id == event.c.paper_id)
        .where(event.c.kind == "new")
    )
    with store.read() as connection:
        return {row.title: not row.backfill for row in connection.execute(asked)}


def test_what_was_out_before_the_first_run_is_history_also_if_a_later_run_brings_it(
    make: Callable[..., Collected], server: Server
) -> None:
    server.routes = {
        "/rss/cs.CV": Reply(body("rss_empty.xml"), headers=XML),
        "/oai": Reply(b"busy", 500),
        "/api": Reply(body("api_two.xml"), headers=XML),
    }
    arxiv = make(ARXIV, categories='"cs.CV"')
    assert arxiv.run(NOON).status == "partial"
    assert told(arxiv.store) == {"A widget, looked up": False}
    server.routes["/rss/cs.CV"] = Reply(good_feed(15), headers=XML)
    server.routes["/oai"] = Reply(good_oai(), headers=XML)
    arxiv.run(NOON + DAY)
    news = told(arxiv.store)
    assert len(news) >= 4
    # The feed announces on 15 November what OAI-PMH dates on the 14th: that was public before.
    assert not any(news.values()), news


def test_a_category_that_is_added_begins_as_a_source_does(
    make: Callable[..., Collected], server: Server
) -> None:
    none = Reply(body("oai_none.xml"), headers=XML)
    server.routes = {
        "/rss/cs.CV": Reply(body("rss_empty.xml"), headers=XML),
        "/rss/cs.LG": Reply(good_feed(), headers=XML),
        "/oai": none,
    }
    make(ARXIV, categories='"cs.CV"').run(NOON - DAY)
    server.routes["/oai"] = lambda asked: (
        none if asked.query.get("set", "").endswith("CV") else Reply(good_oai(), headers=XML)
    )
    both = make(ARXIV, categories='"cs.CV", "cs.LG"')
    both.run(NOON)
    news = told(both.store)
    assert len(news) >= 4
    assert not any(news.values()), news


def test_a_route_that_is_added_brings_history_and_the_others_news(
    make: Callable[..., Collected], server: Server
) -> None:
    start = datetime(2026, 6, 20, tzinfo=UTC)
    server.routes = {
        "/weibo/user/1": Reply(rss(item(1)).encode()),
        "/weibo/user/2": Reply(rss(item(2), item(3)).encode()),
    }
    make(HUB, routes='"/weibo/user/1"').run(start + DAY)
    server.routes["/weibo/user/1"] = Reply(rss(item(4), item(1)).encode())
    hub = make(HUB, routes='"/weibo/user/1", "/weibo/user/2"')
    hub.run(start + 2 * DAY)
    assert told(hub.store) == {"Item 1": False, "Item 2": False, "Item 3": False, "Item 4": True}


def test_a_first_answer_that_was_cut_off_is_completed_by_history(
    make: Callable[..., Collected], server: Server
) -> None:
    start = datetime(2026, 6, 20, tzinfo=UTC)
    whole = rss(item(1), item(2), item(3)).encode()
    server.routes["/feed"] = Reply(whole[: whole.index(b"Item 2") + 3])
    blog = make(BLOG)
    assert blog.run(start + DAY).status == "partial"
    server.routes["/feed"] = Reply(whole)
    assert blog.run(start + 2 * DAY).status == "ok"
    server.routes["/feed"] = Reply(rss(item(4), item(1)).encode())
    blog.run(start + 3 * DAY)
    assert told(blog.store) == {"Item 1": False, "Item 2": False, "Item 3": False, "Item 4": True}


def test_papers_that_the_first_posts_name_are_history_and_later_ones_news(
    make: Callable[..., Collected], server: Server
) -> None:
    server.routes = {
        "/rss/cs.CV": Reply(body("rss_empty.xml"), headers=XML),
        "/oai": Reply(body("oai_none.xml"), headers=XML),
        "/api": Reply(body("api_two.xml"), headers=XML),
        "/feed": Reply(rss(item(1, "https://arxiv.org/abs/1711.05001")).encode()),
    }
    both = make(ARXIV + BLOG, categories='"cs.CV"')
    both.run(NOON + DAY)
    looked_up = {title: news for title, news in told(both.store).items() if "looked up" in title}
    assert looked_up
    assert not any(looked_up.values()), looked_up
