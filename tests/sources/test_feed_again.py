"""A feed that has changed: only what is new or says something else is looked at, and all is counted."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.conftest import sqlite_store
from tests.server import Reply, Server
from tests.sources.collected import Collected
from tests.sources.feeds import item, rss

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOML = '[[sources]]\nname = "blog"\nkind = "feed"\nurl = "{url}/feed"\npace_seconds = 0\n{more}'


@pytest.fixture
def blog(tmp_path: Path, server: Server) -> Iterator[Collected]:
    with closing(sqlite_store(tmp_path)) as store:
        yield Collected(store, tmp_path, TOML.format(url=server.url, more=""))


def counts(collected: Collected, at: datetime, since: datetime | None = None) -> tuple[int, ...]:
    done = collected.run(at, since=since)
    assert (done.status, done.skipped) == ("ok", 0), done.message
    c = done.counts
    return c.fetched, c.new, c.updated, c.unchanged


def serve(server: Server, *items: str) -> None:
    server.routes["/feed"] = Reply(rss(*items).encode())


def test_known_items_are_counted_and_new_ones_read(blog: Collected, server: Server) -> None:
    serve(server, item(1, "A"), item(2, "B"), item(3, "C"))
    assert counts(blog, NOW) == (3, 3, 0, 0)
    serve(server, item(4, "D"), item(1, "A"), item(2, "other"), item(3, "C"))
    assert counts(blog, NOW + HOUR) == (4, 1, 1, 2)
    told = {draft.title: draft.abstract for draft in blog.drafts().values()}
    assert told == {"Item 1": "A", "Item 2": "other", "Item 3": "C", "Item 4": "D"}
    serve(server, item(2, "other"), item(3, "C"))
    assert counts(blog, NOW + 2 * HOUR) == (2, 0, 0, 2)
    serve(server, item(1, "A"), item(2, "other"), item(3, "C"))  # one that comes back
    assert counts(blog, NOW + 3 * HOUR) == (3, 0, 0, 3)


def test_items_are_read_again_when_the_feed_says_something_else(
    blog: Collected, server: Server
) -> None:
    serve(server, item(1), item(2))
    counts(blog, NOW)
    serve(server, "<language>fr</language>", item(1), item(2))
    assert counts(blog, NOW + HOUR) == (2, 0, 2, 0)
    assert {draft.extra["language"] for draft in blog.drafts().values()} == {"fr"}


def test_a_feed_that_says_what_it_said_before_costs_seven_statements(
    blog: Collected, server: Server
) -> None:
    """How the source stands, checkpoint, cooldown, the run; the validator; checkpoint and run again:
    that is asked hourly for each of hundreds of feeds. The representative works are asked for once for all
    of them."""
    server.routes["/feed"] = lambda asked: (
        Reply(status=304)
        if asked.headers.get("if-none-match")
        else Reply(rss(item(1)).encode(), headers={"ETag": "a"})
    )
    assert counts(blog, NOW) == (1, 1, 0, 0)
    told: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        told.append(statement)

    event.listen(blog.store.engine, "before_cursor_execute", note)
    assert counts(blog, NOW + HOUR) == (0, 0, 0, 0)
    event.remove(blog.store.engine, "before_cursor_execute", note)
    tables = [re.search(r"(?:FROM|INTO|UPDATE) (\w+)", one) for one in told]
    assert len(told) == 1 + 7, tables


def test_since_looks_at_everything(blog: Collected, server: Server) -> None:
    serve(server, item(1), item(2))
    counts(blog, NOW)
    with blog.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM mention")
        connection.exec_driver_sql("UPDATE entry SET abstract = 'lost', digest = ''")
    serve(server, item(1), item(2), item(3))
    assert counts(blog, NOW + HOUR) == (3, 1, 0, 2)
    assert counts(blog, NOW + HOUR, since=NOW - HOUR) == (3, 0, 2, 1)


def test_an_item_that_shares_its_address_with_a_known_one_is_another(
    blog: Collected, server: Server
) -> None:
    site = "https://blog.example/"
    serve(server, item(1, link=site))
    counts(blog, NOW)
    serve(server, item(1, link=site), item(2, link=site))
    assert counts(blog, NOW + HOUR)[0] == 2
    assert {draft.title for draft in blog.drafts().values()} == {"Item 1", "Item 2"}


def test_one_of_two_items_with_one_id_stays_a_repeat(blog: Collected, server: Server) -> None:
    serve(server, item(1, guid="https://blog.example/x"))
    counts(blog, NOW)
    twice = item(1, guid="https://blog.example/x")
    serve(server, twice, twice, item(2))
    assert counts(blog, NOW + HOUR) == (2, 1, 0, 1)


def test_papers_only_counts_papers(tmp_path: Path, server: Server) -> None:
    toml = TOML.format(url=server.url, more="papers_only = true\n")
    with closing(sqlite_store(tmp_path)) as store:
        blog = Collected(store, tmp_path, toml)
        serve(server, item(1), item(2, "arXiv:2606.01234"))
        assert counts(blog, NOW) == (1, 1, 0, 0)
        serve(server, item(1), item(2, "arXiv:2606.01234"), item(3))
        assert counts(blog, NOW + HOUR) == (1, 0, 0, 1)
