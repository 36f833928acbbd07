"""When a source is asked again after a budget or an upstream made it stop; and what its state says then."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator import pipeline, topics
from aggregator.collect.attempt import Outcome
from aggregator.settings import Settings
from aggregator.status import source_states
from aggregator.store.db import Store
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.feeds import item, rss

NOON = datetime(2026, 6, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CITATIONS = """
[[sources]]
name = "cites"
kind = "citations"
provider = "semanticscholar"
base_url = "{url}"
works = ["1412.6980", "1502.03167"]
pace_seconds = 0
daily_requests = {budget}
"""
FEED = """
[[sources]]
name = "blog"
kind = "feed"
url = "{url}/feed"
every = "1h"
pace_seconds = 0
"""


class Scheduled:
    """A source as the scheduler sees it: asked when it is due, with a state in between."""

    def __init__(self, store: Store, folder: Path, toml: str) -> None:
        self._store, self._settings = store, Settings(data_dir=folder)
        self._config = topics.parse(toml, "topics.toml")

    def collect(self, at: datetime) -> Outcome | None:
        """What became of it; None if it was not due."""
        done = pipeline.collect(self._store, self._settings, self._config, as_of=at)
        return next(iter(done.sources.values()), None)

    def state(self, at: datetime) -> dict[str, Any]:
        with self._store.read() as connection:
            sources = pipeline.make_sources(self._config, self._settings)
            return source_states(self._store, connection, sources, at)[0]


@pytest.fixture
def make(server: Server, tmp_path: Path) -> Iterator[Callable[..., Scheduled]]:
    with closing(sqlite_store(tmp_path)) as store:
        yield lambda toml, **values: Scheduled(
            store, tmp_path, toml.format(url=server.url, **values)
        )


def page(asked: Asked) -> Reply:
    """Three pages for each work."""
    offset = int(asked.query["offset"])
    number = int(asked.path.split(":")[1].split("/")[0].replace(".", ""))
    one = {
        "paperId": f"{number + offset:040x}", "title": f"Widgets {number} {offset}", "abstract": "We.",
        "publicationDate": "2026-06-10", "year": 2026, "authors": [],
    }  # fmt: skip
    following = {"next": offset + 1} if offset < 2 else {}
    return Reply(
        json.dumps({"offset": offset, **following, "data": [{"citingPaper": one}]}).encode()
    )


def test_a_used_budget_is_waited_for_until_midnight_and_not_a_day(
    make: Callable[..., Scheduled], server: Server
) -> None:
    for work in ("1412.6980", "1502.03167"):
        server.routes[f"/graph/v1/paper/ARXIV:{work}/citations"] = page
    cites = make(CITATIONS, budget=4)
    first = cites.collect(NOON)
    assert first
    assert first.status == "ok"
    assert "4 requests are used" in first.message
    assert "2026-06-13T00:00:00Z" in first.message
    assert cites.state(NOON)["next_due"] == "2026-06-13T00:00:00Z"
    assert cites.collect(NOON + 11 * HOUR) is None
    midnight = cites.collect(NOON + 12 * HOUR)
    assert midnight
    assert (midnight.status, midnight.requests) == ("ok", 4)
    assert "are used" not in midnight.message
    # Nothing waits any more: the next one is a day later again.
    assert cites.state(NOON + 13 * HOUR)["next_due"] == "2026-06-14T00:00:00Z"
    server.asked.clear()
    last = cites.collect(NOON + 36 * HOUR)
    assert last
    assert (last.requests, cites.state(NOON + 37 * HOUR)["next_due"]) == (2, "2026-06-15T00:00:00Z")


@pytest.mark.parametrize("code", [429, 500, 503, 403])
def test_a_wish_to_be_left_alone_is_when_it_is_due_again(
    make: Callable[..., Scheduled], server: Server, code: int
) -> None:
    server.routes["/feed"] = Reply(b"", code, {"Retry-After": "7200"})
    blog = make(FEED)
    refused = blog.collect(NOON)
    assert refused
    assert refused.status == ("failed" if code == 403 else "throttled")
    assert "asking to wait 120 min" in refused.message
    assert blog.state(NOON)["next_due"] == "2026-06-12T14:00:00Z"
    server.routes["/feed"] = Reply(rss(item(1)).encode())
    assert blog.collect(NOON + HOUR) is None
    healed = blog.collect(NOON + 2 * HOUR)
    assert healed
    assert healed.status == "ok"
    assert blog.state(NOON + 2 * HOUR)["next_due"] == "2026-06-12T15:00:00Z"


def test_a_wish_to_be_left_alone_is_heard_by_the_rest_of_the_run(
    make: Callable[..., Scheduled], server: Server
) -> None:
    server.routes["/graph/v1/paper/batch"] = Reply(b"", 403, {"Retry-After": "7200"})
    for work in ("1412.6980", "1502.03167"):
        server.routes[f"/graph/v1/paper/ARXIV:{work}/citations"] = bare
    refused = make(CITATIONS, budget=50).collect(NOON)
    assert refused
    assert refused.status == "throttled"
    assert "Left alone until 2026-06-12T14:00:00Z" in refused.message
    assert refused.requests == 2


def bare(asked: Asked) -> Reply:
    """A page whose abstract has to be looked up."""
    reply = page(asked)
    return Reply(reply.body.replace(b'"We."', b"null"))
