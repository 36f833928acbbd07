"""Sources that ask for one address: each has an answer only when it was its own."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator.store.db import Store
from aggregator.store.sql import entry, event
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.feeds import item, rss
from tests.sources.test_reddit import child, listing

NOW = datetime(2026, 6, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOML = '[[sources]]\nname = "{name}"\nkind = "{kind}"\npace_seconds = 0\n'
OPTIONS = {
    "feed": ("/feed", 'url = "{url}/feed"'),
    "rsshub": ("/route", 'base_url = "{url}"\nroutes = ["/route"]'),
    "reddit": (
        "/r/MachineLearning/new/.rss",
        'base_url = "{url}"\nsubreddits = ["MachineLearning"]',
    ),
}


def serve(server: Server, kind: str, *numbers: int) -> None:
    """So many items, newest first, and "not modified" for who had just them."""
    body = rss(*map(item, numbers)).encode()
    if kind == "reddit":
        body = listing([child(number) for number in numbers])
    mark = f'"{sha256(body).hexdigest()}"'

    def answer(asked: Asked) -> Reply:
        same = asked.headers.get("if-none-match") == mark
        return Reply(status=304) if same else Reply(body, headers={"ETag": mark})

    server.routes[OPTIONS[kind][0]] = answer


def news(store: Store) -> list[str]:
    """The entries that are news."""
    asked = sa.select(entry.c.title).join(event, event.c.paper_id == entry.c.paper_id)
    with store.read() as connection:
        return list(connection.scalars(asked.where(event.c.kind == "new", ~event.c.backfill)))


@pytest.mark.parametrize("kind", sorted(OPTIONS))
def test_a_source_under_another_name_reads_what_it_finds_and_then_has_news(
    tmp_path: Path, server: Server, kind: str
) -> None:
    with closing(sqlite_store(tmp_path)) as store:

        def source(name: str) -> Collected:
            text = TOML.format(name=name, kind=kind) + OPTIONS[kind][1].format(url=server.url)
            return Collected(store, tmp_path, text)

        serve(server, kind, 2, 1)
        source("old").run(NOW)
        assert source("old").run(NOW + HOUR).counts.fetched == 0
        renamed = source("of-many-names")
        assert renamed.run(NOW + 2 * HOUR).counts.fetched == 2
        assert renamed.run(NOW + 3 * HOUR).counts.fetched == 0
        serve(server, kind, 3, 2, 1)
        assert renamed.run(NOW + 4 * HOUR).counts.new == 1
        assert [title.split()[-1] for title in news(store)] == ["3"]
        with store.read() as connection:
            rows = connection.execute(sa.select(entry.c.title, entry.c.sources)).all()
        assert len({row.title for row in rows if "of-many-names" in row.sources}) == 3
