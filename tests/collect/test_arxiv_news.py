"""What arXiv's feed does not tell: since when the public knows a paper that is revised or cross-listed."""

import pytest
import sqlalchemy as sa

from aggregator.store.db import Store
from aggregator.store.sql import event, paper
from tests.collect.arxiv_day import (
    XML,
    Collect,
    arxiv,
    body,
    collect,
    good_feed,
    good_oai,
    oai,
    one_store,
)
from tests.server import Asked, Reply, Server

__all__ = ["arxiv", "collect", "one_store"]


def news(store: Store) -> dict[str, str]:
    """Title -> the day of the event `new`, of papers that are no history."""
    joined = sa.join(event, paper, event.c.paper_id == paper.c.id)
    asked = sa.select(paper.c.title, event.c.at).select_from(joined)
    with store.read() as connection:
        rows = connection.execute(asked.where(event.c.kind == "new", ~event.c.backfill)).all()
    return {row.title: str(row.at.date()) for row in rows}


def next_feed() -> bytes:
    """The feed of the day after: a new paper, and a revised one that nothing here knows yet."""
    feed = good_feed(15).replace(b"1711.04001", b"1711.06001").replace(b"A widget", b"A cog")
    feed = feed.replace(b"Gadgets from elsewhere", b"A cog")  # the same paper, cross-listed
    return feed.replace(b"1612.00002", b"1609.00009").replace(b"Revised Gadgets", b"Revised Cogs")


def test_a_revised_paper_is_not_new_while_oai_is_still_being_asked(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    collect()
    meanwhile: list[dict[str, str]] = []

    def answer(asked: Asked) -> Reply:
        meanwhile.append(news(one_store))
        return oai(asked)

    arxiv.routes |= {"/rss/cs.CV": Reply(next_feed(), headers=XML), "/oai": answer}
    collect(24)
    assert meanwhile[0]["A cog"] == "2017-11-15"  # at once
    assert "Revised Cogs" not in meanwhile[0]


def test_what_oai_never_brings_is_kept_as_the_feed_told_it(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    collect()
    arxiv.routes |= {"/rss/cs.CV": Reply(next_feed(), headers=XML)}
    collect(24)
    # Of 1609.00009, which is no news whoever tells of it.
    assert news(one_store)["Revised Cogs"] == "2016-10-04"


def test_without_oai_the_whole_feed_is_taken(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    collect()
    arxiv.routes |= {
        "/rss/cs.CV": Reply(next_feed(), headers=XML),
        "/oai": Reply(body("oai_none.xml"), 503),
    }
    collect(24)
    found = news(one_store)
    assert (found["A cog"], found["Revised Cogs"]) == ("2017-11-15", "2016-10-04")


def crossed(asked: Asked) -> Reply:
    """The records of the day after, the same in each category: what the feed calls cross-listed is
    public since that day."""
    if asked.query["metadataPrefix"] == "arXiv":
        return Reply(body("oai_none.xml"), headers=XML)
    page = good_oai().replace(b"1711.04001", b"1711.06001").replace(b"2017-11-14", b"2017-11-15")
    page = page.replace(b"Mon, 13 Nov 2017 02:10:00", b"Tue, 14 Nov 2017 10:00:00")
    return Reply(page.replace(b"A $\\beta$-Widget for", b"Crossed for"), headers=XML)


ADDED = [("cs.CV", "cs.LG"), ("cs.LG", "cs.CV")]


@pytest.mark.parametrize("categories", ADDED)
def test_a_category_that_is_added_takes_no_news_from_another(
    collect: Collect, arxiv: Server, one_store: Store, categories: tuple[str, ...]
) -> None:
    collect()
    feed = next_feed().replace(b"A cog", b"Crossed").replace(b">new<", b">cross<")
    arxiv.routes |= {
        "/rss/cs.CV": Reply(feed, headers=XML),
        "/rss/cs.LG": Reply(feed, headers=XML),
        "/oai": crossed,
    }
    collect(24, categories)
    assert news(one_store)["Crossed for very deep gadgets"] == "2017-11-15"


@pytest.mark.parametrize("categories", ADDED)
def test_what_the_search_finds_of_a_category_that_is_added_is_history(
    collect: Collect, arxiv: Server, one_store: Store, categories: tuple[str, ...]
) -> None:
    collect()
    before = news(one_store)
    new = body("api_two.xml").replace(b"1711.04001", b"1711.02222").replace(b"A widget", b"A cog")
    arxiv.routes |= {"/api": Reply(new, headers=XML), "/oai": Reply(body("oai_none.xml"), 503)}
    collect(48, categories)
    assert news(one_store) == before
