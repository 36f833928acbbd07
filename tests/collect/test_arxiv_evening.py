"""What an evening's harvest is good for: OAI-PMH begins to show a listing at 22:30, RSS at midnight."""

from aggregator.store.db import Store
from tests.collect.arxiv_day import (
    XML,
    Collect,
    arxiv,
    body,
    collect,
    good_feed,
    good_oai,
    one_store,
    titles,
)
from tests.server import Reply, Server

__all__ = ["arxiv", "collect", "one_store"]

EVENING, LATER, MIDNIGHT = 15.8, 16.2, 17.2
"""22:48, 23:12 and 00:12 in New York, in hours after noon of 14 November."""
TOMORROW = good_oai().replace(b"<datestamp>2017-11-14", b"<datestamp>2017-11-15")
REVISED = b"<record>\n<header><identifier>oai:arXiv.org:1612.00002"


def half_filled(page: bytes) -> bytes:
    """The page without one record, a revision, which RSS does not show either."""
    head, _, rest = page.partition(REVISED)
    return head + rest.partition(b"</record>")[2]


def quiet() -> Reply:
    return Reply(body("rss_empty.xml"), headers=XML)


def test_a_listing_that_was_half_there_in_the_evening_is_whole_after_midnight(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    arxiv.routes |= {"/oai": Reply(half_filled(TOMORROW), headers=XML), "/rss/cs.CV": quiet()}
    done = collect(EVENING)
    assert done.status == "ok"
    assert "complete" not in done.message
    assert "Listing of Wed 15 Nov: 5 papers so far, from OAI-PMH" in done.message
    assert "Revised Gadgets" not in titles(one_store)
    arxiv.routes |= {
        "/oai": Reply(TOMORROW, headers=XML),
        "/rss/cs.CV": Reply(good_feed(15), headers=XML),
    }
    done = collect(MIDNIGHT)
    assert "Revised Gadgets" in titles(one_store)
    assert "Listing of Wed 15 Nov is complete: 6 papers; RSS and OAI-PMH agree" in done.message


def test_a_listing_is_harvested_once_in_the_evening_and_once_after_midnight(
    collect: Collect, arxiv: Server
) -> None:
    arxiv.routes |= {"/oai": Reply(TOMORROW, headers=XML), "/rss/cs.CV": quiet()}
    collect(EVENING)
    arxiv.asked.clear()
    assert "Listing of Wed 15 Nov was had by OAI-PMH before" in collect(LATER).message
    assert "/oai" not in arxiv.paths()
    arxiv.routes["/rss/cs.CV"] = Reply(good_feed(15), headers=XML)
    collect(MIDNIGHT)
    assert "/oai" in arxiv.paths()
    arxiv.asked.clear()
    assert "was complete before" in collect(MIDNIGHT + 1).message
    assert "/oai" not in arxiv.paths()


def test_on_a_sunday_evening_the_listing_before_is_no_proof_of_mondays(
    collect: Collect, arxiv: Server
) -> None:
    sunday = EVENING + 24 * 5
    arxiv.routes |= {"/oai": Reply(good_oai(), headers=XML), "/rss/cs.CV": quiet()}
    done = collect(sunday)
    assert done.status == "not_out_yet"
    assert "listing of Mon 20 Nov" in done.message


WALL = Reply(b"<!DOCTYPE html><html><title>Just a moment...</title></html>")


def test_a_bot_wall_before_rss_alone_leaves_the_harvest(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    arxiv.routes |= {
        "/oai": Reply(good_oai(), headers=XML),
        "/rss/cs.CV": WALL,
        "/rss/cs.LG": WALL,
    }
    done = collect(categories=("cs.CV", "cs.LG"))
    assert "Revised Gadgets" in titles(one_store)
    assert done.status == "partial"
    assert "is had by OAI-PMH; its RSS failed: arXiv's RSS of cs.CV shows a page" in done.message
    assert [path for path in arxiv.paths() if path.startswith("/rss")] == ["/rss/cs.CV"]


def test_a_bot_wall_before_rss_is_told_while_oai_has_nothing(
    collect: Collect, arxiv: Server
) -> None:
    arxiv.routes |= {"/oai": Reply(body("oai_none.xml"), headers=XML), "/rss/cs.CV": WALL}
    done = collect()
    assert done.status == "stale"
    assert "(a bot wall)" in done.message


def test_behind_two_bot_walls_nothing_more_is_asked(collect: Collect, arxiv: Server) -> None:
    arxiv.routes |= {"/oai": WALL, "/rss/cs.CV": WALL}
    done = collect()
    assert done.status == "challenged"
    assert arxiv.paths() == ["/rss/cs.CV", "/oai"]


def test_what_rss_had_is_kept_though_oai_is_behind_a_bot_wall(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    arxiv.routes["/oai"] = WALL
    assert collect().status == "challenged"
    assert "Revised Gadgets" in titles(one_store)
