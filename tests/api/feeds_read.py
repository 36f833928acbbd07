"""What tests of feeds share: a paper in a topic, and a feed that feedparser accepts."""

import io
from typing import Any

import feedparser
from starlette.testclient import TestClient

from aggregator.store import papers
from aggregator.store.db import Store
from tests.drafts import preprint
from tests.filled import give_tags, put

FORMS = ("atom", "rss", "json")


def one(store: Store, title: str = "One", **fields: Any) -> str:
    """A paper tagged gan; returns its id."""
    put(store, preprint(title=title, **fields))
    with store.read() as connection:
        doc = papers.by_name(connection, "arxiv:1711.00001").doc
    give_tags(store, {doc["title"]: [("gan", 0.9)]})
    return doc["id"]


def parsed(client: TestClient, path: str) -> Any:
    """The feed at that address; fails on anything that feedparser finds wrong."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    made = feedparser.parse(io.BytesIO(answer.content), response_headers=dict(answer.headers))
    assert not made.bozo, made.get("bozo_exception")
    return made
