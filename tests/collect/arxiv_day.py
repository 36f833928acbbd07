"""What arXiv's services answer on a day in November 2017, and a source that asks them, for tests that
collect from it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator import pipeline, topics
from aggregator.collect.attempt import Outcome
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.store.sql import paper
from aggregator.topics import Config
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server

DATA = Path(__file__).parents[1] / "data" / "arxiv"
XML = {"Content-Type": "text/xml"}


def body(name: str) -> bytes:
    return (DATA / name).read_bytes()


def good_feed(day: int = 14) -> bytes:
    """The feed of a day, without its broken item and with nothing that OAI-PMH does not have."""
    feed = body("rss_day.xml").replace(b"1705.01234", b"1711.04001")
    head, _, tail = feed.partition(b"    <item>\n      <title>No identifier")
    whole = head + tail.partition(b"</item>\n")[2]
    return whole.replace(b"14 Nov", f"{day} Nov".encode())


def good_oai() -> bytes:
    """The page of records without its broken ones."""
    page = body("oai_raw.xml").replace(b"no date at all", b"Mon, 13 Nov 2017 09:00:00 GMT")
    return page.replace(b"<title> </title>", b"<title>A title</title>")


def oai(asked: Asked) -> Reply:
    """Both formats in one page each; the names have a second page."""
    token = asked.query.get("resumptionToken", "")
    if token == "next-names":
        return Reply(body("oai_none.xml"), headers=XML)
    name = {"arXivRaw": "oai_raw.xml", "arXiv": "oai_names.xml"}[asked.query["metadataPrefix"]]
    return Reply(body(name), headers=XML)


NOW = datetime(2017, 11, 14, 12, tzinfo=UTC)


@pytest.fixture
def arxiv(server: Server) -> Server:
    server.routes = {
        "/oai": oai,
        "/rss/cs.CV": Reply(good_feed(), headers=XML),
        "/api": Reply(body("api_two.xml"), headers=XML),
    }
    return server


@pytest.fixture
def one_store(tmp_path: Path) -> Iterator[Store]:
    with closing(sqlite_store(tmp_path)) as made:
        yield made


def config(url: str, more: str = "", categories: tuple[str, ...] = ("cs.CV",)) -> Config:
    return topics.parse(
        f"""
        [[sources]]
        name = "arxiv"
        kind = "arxiv"
        categories = {list(categories)}
        oai_url = "{url}/oai"
        rss_url = "{url}/rss"
        api_url = "{url}/api"
        pace_seconds = 0
        {more}
        """,
        "topics.toml",
    )


Collect = Callable[..., Outcome]


@pytest.fixture
def collect(one_store: Store, arxiv: Server, tmp_path: Path) -> Collect:
    """Collect arXiv once, at `hours` after noon of 14 November 2017."""
    settings = Settings(data_dir=tmp_path)

    def once(hours: float = 0, categories: tuple[str, ...] = ("cs.CV",), **how: Any) -> Outcome:
        as_of = NOW + timedelta(hours=hours)
        made = config(arxiv.url, categories=categories)
        return pipeline.collect(one_store, settings, made, ["arxiv"], as_of=as_of, **how).sources[
            "arxiv"
        ]

    return once


def titles(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.scalars(sa.select(paper.c.title)))
