"""A day of collecting from a server that plays arXiv: what is stored, said, and asked again."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator import pipeline
from aggregator.errors import UsageError
from aggregator.settings import Settings
from aggregator.store import ledger
from aggregator.store.db import Store
from aggregator.store.sql import checkpoint, run
from tests.collect.arxiv_day import (
    NOW,
    XML,
    Collect,
    arxiv,
    body,
    collect,
    config,
    good_feed,
    good_oai,
    oai,
    one_store,
    titles,
)
from tests.server import Asked, Reply, Server

__all__ = ["arxiv", "collect", "one_store"]


def test_a_day_is_collected_and_what_could_not_be_read_is_said(
    collect: Collect, one_store: Store
) -> None:
    done = collect()
    assert (done.status, done.skipped) == ("mismatch", 2)
    assert "1711.04999" in done.message
    assert {"A β-Widget for very deep gadgets", "Revised Gadgets"} <= titles(one_store)
    with one_store.read() as connection:
        row = connection.execute(sa.select(run)).one()
    assert (row.status, row.new, row.finished is not None) == ("mismatch", 5, True)


def test_what_rss_has_and_oai_has_not_is_kept_and_said(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    arxiv.routes["/rss/cs.CV"] = Reply(body("rss_day.xml"), headers=XML)
    done = collect()
    assert done.status == "partial"
    assert "1705.01234" in done.message
    assert "Gadgets from elsewhere" in titles(one_store)


def test_the_second_look_of_a_day_asks_only_whether_something_changed(
    collect: Collect, arxiv: Server
) -> None:
    arxiv.routes["/rss/cs.CV"] = lambda asked: (
        Reply(status=304)
        if asked.headers.get("if-none-match")
        else Reply(good_feed(), headers={**XML, "ETag": "abc"})
    )
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    collect()
    arxiv.asked.clear()
    done = collect(1)
    assert (done.status, done.counts.new) == ("ok", 0)
    assert arxiv.paths() == ["/rss/cs.CV"]


def test_a_broken_record_proves_nothing_and_is_asked_for_again(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    def place() -> Any:
        with one_store.read() as connection:
            return ledger.checkpoints(connection, "arxiv").get("oai:cs.CV")

    assert collect().status == "mismatch"  # the page has a version without a date
    assert place() is None
    assert collect(1).status == "mismatch"
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    assert collect(2).status == "ok"
    assert place()


def test_after_a_denial_nothing_is_asked_until_a_person_says_so(
    collect: Collect, one_store: Store, arxiv: Server, tmp_path: Path
) -> None:
    good = arxiv.routes["/rss/cs.CV"]
    arxiv.routes["/rss/cs.CV"] = Reply(b"Access denied", 403)
    collect()
    arxiv.routes["/rss/cs.CV"] = good
    settings, made = Settings(data_dir=tmp_path), config(arxiv.url)
    done = pipeline.collect(one_store, settings, made, as_of=NOW + timedelta(days=9))
    assert done.sources["arxiv"].status == "challenged"
    assert "daypaper collect" in done.sources["arxiv"].message
    assert arxiv.paths() == ["/rss/cs.CV"]
    assert collect(24 * 9).status != "challenged"
    assert len(arxiv.paths()) > 1


def test_oai_down_is_filled_in_by_search_and_said(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    arxiv.routes["/oai"] = Reply(b"<html>oops</html>")
    done = collect()
    assert done.status == "partial"
    assert "Filled in by arXiv's search" in done.message
    assert "A widget, looked up" in titles(one_store)


def test_a_denial_of_the_search_stops_everything_too(collect: Collect, arxiv: Server) -> None:
    arxiv.routes["/oai"] = Reply(b"<html>oops</html>")
    arxiv.routes["/api"] = Reply(b"Access denied", 403)
    done = collect()
    assert (done.status, arxiv.paths()[-1]) == ("challenged", "/api")


def test_a_broken_page_leaves_the_checkpoint_where_it_was(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    collect()

    def place() -> Any:
        with one_store.read() as connection:
            return ledger.checkpoints(connection, "arxiv")["oai:cs.CV"]

    before = place()
    arxiv.routes["/oai"] = Reply(body("oai_raw.xml")[:700], headers=XML)
    done = collect(24)
    assert done.status == "partial"
    assert place() == before


@pytest.mark.parametrize(
    "page", [b"Access denied", b"<html><title>Just a moment...</title></html>"]
)
def test_a_denial_stops_everything_at_once_and_says_what_to_do(
    collect: Collect, arxiv: Server, page: bytes
) -> None:
    arxiv.routes["/rss/cs.CV"] = Reply(page, 403)
    done = collect()
    assert done.status == "challenged"
    assert "help@arxiv.org" in done.message
    assert arxiv.paths() == ["/rss/cs.CV"]


def test_a_long_retry_after_is_kept_in_logical_time(collect: Collect, arxiv: Server) -> None:
    good = arxiv.routes["/rss/cs.CV"]
    arxiv.routes["/rss/cs.CV"] = Reply(b"", 429, {"Retry-After": "7200"})
    assert collect().status == "throttled"
    arxiv.routes["/rss/cs.CV"] = good
    arxiv.asked.clear()
    assert "Left alone until 2017-11-14T14:00:00Z" in collect(1).message
    assert arxiv.asked == []
    assert collect(2.1).status == "mismatch"


def test_yesterdays_batch_under_todays_date_is_stale(collect: Collect, arxiv: Server) -> None:
    collect()
    arxiv.routes["/rss/cs.CV"] = Reply(good_feed(15), headers=XML)
    arxiv.routes["/oai"] = Reply(body("oai_none.xml"), headers=XML)
    done = collect(24)
    assert done.status == "stale"
    assert "yesterday's batch under today's date for cs.CV" in done.message


def test_an_old_batch_in_the_first_feed_ever_is_told_by_oai_and_not_stored(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    old = good_feed().replace(b"1711.04001", b"1705.01234").replace(b"A widget", b"An old gadget")
    arxiv.routes["/rss/cs.CV"] = Reply(old, headers=XML)
    done = collect()
    assert done.status == "mismatch"  # two records are broken here, which is worse
    assert "yesterday's batch under today's date for cs.CV. OAI-PMH has today's" in done.message
    assert "An old gadget" not in titles(one_store)


def test_a_batch_that_is_not_served_yet_is_waited_for_and_then_late(
    collect: Collect, arxiv: Server
) -> None:
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    collect()
    arxiv.routes["/oai"] = Reply(body("oai_none.xml"), headers=XML)
    early = collect(13.2)  # 20:12 in New York: announced, but OAI-PMH has it from 22:30
    assert early.status == "not_out_yet"
    assert "22:30 New York" in early.message
    arxiv.routes["/rss/cs.CV"] = Reply(
        body("rss_empty.xml").replace(b"14 Nov", b"15 Nov"), headers=XML
    )
    assert collect(18).status == "not_out_yet"  # 01:00 in New York
    late = collect(24)  # 07:00
    assert late.status == "stale"
    assert "is late" in late.message


def test_a_feed_that_shows_nothing_agrees_with_nobody(collect: Collect, arxiv: Server) -> None:
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    assert "RSS and OAI-PMH agree" in collect().message
    arxiv.routes["/rss/cs.CV"] = Reply(body("rss_empty.xml"), headers=XML)
    done = collect(0.5, since=NOW)
    assert (done.status, done.message.partition("; ")[2]) == ("ok", "from OAI-PMH.")


def test_a_record_that_was_deleted_today_is_no_listing(collect: Collect, arxiv: Server) -> None:
    head, _, rest = good_oai().partition(b"<record>")
    [deleted] = [one for one in rest.split(b"<record>") if b"deleted" in one]
    only = head + b"<record>" + deleted.partition(b"</record>")[0] + b"</record>"
    only += b"</ListRecords></OAI-PMH>"
    arxiv.routes |= {
        "/oai": Reply(only, headers=XML),
        "/rss/cs.CV": Reply(body("rss_empty.xml"), headers=XML),
    }
    assert collect().status == "stale"


def test_weekends_are_quiet(collect: Collect, arxiv: Server) -> None:
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    done = collect(24 * 4)  # Saturday
    assert done.status == "holiday"
    assert "weekend" in done.message
    assert "Sun 19 Nov 20:00 New York" in done.message


def test_a_replay_of_an_earlier_day_moves_no_checkpoint(collect: Collect, one_store: Store) -> None:
    collect()

    def marks() -> dict[str, Any]:
        with one_store.read() as connection:
            rows = connection.execute(sa.select(checkpoint.c.stream, checkpoint.c.value))
            return {row.stream: row.value for row in rows}

    before = marks()
    collect(-24)
    assert marks() == before


def test_an_interrupted_back_fill_goes_on_where_it_was(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    """Two pages of a closed window; the second answer breaks, as if the process had been killed."""
    first = body("oai_raw.xml").replace(
        b"<resumptionToken/>", b"<resumptionToken>page-2</resumptionToken>"
    )
    broken = True

    def answer(asked: Asked) -> Reply:
        token = asked.query.get("resumptionToken")
        if token == "page-2":
            return Reply(b"", 404) if broken else Reply(body("oai_none.xml"), headers=XML)
        if asked.query.get("metadataPrefix") == "arXivRaw" and "until" in asked.query:
            return Reply(first, headers=XML)
        return oai(asked)

    arxiv.routes["/oai"] = answer
    since = NOW - timedelta(days=40)
    assert collect(since=since).status == "partial"
    broken = False
    arxiv.asked.clear()
    collect(1, since=since)
    asked = next(a for a in arxiv.asked if a.path == "/oai")
    assert asked.query.get("resumptionToken") == "page-2"


def test_a_back_fill_that_leaves_a_gap_does_not_move_the_daily_harvest(
    collect: Collect, arxiv: Server
) -> None:
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    collect(-24 * 20)
    collect(since=NOW - timedelta(days=1))
    arxiv.asked.clear()
    collect(24)
    asked = next(a for a in arxiv.asked if a.path == "/oai")
    assert asked.query["from"] == "2017-10-22"  # three days before the last daily harvest


@pytest.mark.parametrize("token", [b"again", b"dead"])
def test_a_server_that_gives_no_end_is_given_up(
    collect: Collect, arxiv: Server, token: bytes
) -> None:
    page = body("oai_raw.xml").replace(
        b"<resumptionToken/>", b"<resumptionToken>" + token + b"</resumptionToken>"
    )

    def answer(asked: Asked) -> Reply:
        if asked.query.get("resumptionToken") == "dead":
            return Reply(body("oai_bad_token.xml"), headers=XML)
        return Reply(page, headers=XML)

    arxiv.routes["/oai"] = answer
    assert collect().status == "partial"
    assert arxiv.paths().count("/oai") < 10


def test_in_the_evening_oai_is_a_listing_ahead_of_rss(collect: Collect, arxiv: Server) -> None:
    arxiv.routes["/oai"] = Reply(
        body("oai_raw.xml").replace(b"<datestamp>2017-11-14", b"<datestamp>2017-11-15"), headers=XML
    )
    done = collect(15.8)  # 22:48 in New York: tomorrow's listing by OAI-PMH, today's by RSS
    assert "stale" not in done.message
    assert "yesterday" not in done.message


def test_an_error_of_our_own_stops_one_source_only_and_backs_off(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    def crash(_: Asked) -> Reply:
        with one_store.write() as connection:  # as if the disk were full
            connection.execute(sa.text("DROP TABLE mention"))
        return Reply(good_feed(), headers=XML)

    arxiv.routes["/rss/cs.CV"] = crash
    done = collect()
    assert done.status == "failed"
    assert "An error of Daypaper's own (OperationalError)" in done.message
    with one_store.read() as connection:
        row = connection.execute(sa.select(run)).one()
    assert (row.failures, row.finished is not None) == (1, True)


def test_a_replay_is_no_mismatch(collect: Collect, arxiv: Server) -> None:
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    assert collect(-24).status != "mismatch"


def test_a_run_in_the_future_does_not_freeze_the_source(
    collect: Collect, one_store: Store, arxiv: Server
) -> None:
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    collect(24 * 365 * 20)
    collect()
    collect(1)
    with one_store.read() as connection:
        assert ledger.checkpoints(connection, "arxiv")["oai:cs.CV"] == {"from": "2017-11-14"}


def test_look_ups_that_are_refused_wait_as_asked(
    collect: Collect, arxiv: Server, one_store: Store
) -> None:
    with one_store.write() as connection:
        ledger.want(connection, {"arxiv:1711.09999"})
    arxiv.routes["/api"] = Reply(b"", 429, {"Retry-After": "7200"})
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    collect()
    assert arxiv.paths().count("/api") == 1
    with one_store.read() as connection:
        assert ledger.cooldown(connection, "arxiv", NOW + timedelta(hours=1)) is not None
        assert ledger.wanted(connection, "arxiv", 5, NOW) == ["1711.09999"]  # no try was lost


@pytest.mark.parametrize("answers", [False, True])
def test_an_answer_with_nothing_is_believed_if_a_known_paper_is_answered(
    collect: Collect, arxiv: Server, one_store: Store, answers: bool
) -> None:
    with one_store.write() as connection:
        ledger.want(connection, {"arxiv:1111.99999"})

    def api(asked: Asked) -> Reply:
        known = answers and asked.query["id_list"] != "1111.99999"
        return Reply(body("api_two.xml" if known else "api_none.xml"), headers=XML)

    arxiv.routes["/api"] = api
    arxiv.routes["/oai"] = Reply(good_oai(), headers=XML)
    collect()
    assert arxiv.paths().count("/api") == 2
    with one_store.read() as connection:
        waiting = ledger.cooldown(connection, ledger.LOOK_UPS, NOW)
        assert bool(waiting) != answers
        assert bool(ledger.wanted(connection, "arxiv", 5, NOW)) != answers  # no try was lost
    if waiting:
        assert "nor with one that it had" in waiting[1]


def test_unknown_sources_are_named(one_store: Store, arxiv: Server, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='No enabled source "arxive"; expected one of: arxiv'):
        pipeline.collect(one_store, Settings(data_dir=tmp_path), config(arxiv.url), ["arxive"])


def test_only_what_is_due_is_asked(one_store: Store, arxiv: Server, tmp_path: Path) -> None:
    settings, made = Settings(data_dir=tmp_path), config(arxiv.url, 'every = "6h"')
    arxiv.routes["/oai"] = Reply(body("oai_none.xml"), headers=XML)
    arxiv.routes["/rss/cs.CV"] = Reply(body("rss_empty.xml"), headers=XML)

    def ran(hours: float) -> bool:
        return bool(
            pipeline.collect(one_store, settings, made, as_of=NOW + timedelta(hours=hours)).sources
        )

    assert [ran(0), ran(0.5), ran(0.7)] == [True, False, True]  # late: again in 40 minutes
