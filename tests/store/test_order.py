"""What the store says depends on the set of drafts, not on pages or their order."""

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from aggregator.collect.ingest import store_drafts
from aggregator.models import Draft, Parsed
from aggregator.store.db import Store
from aggregator.store.sql import entry, paper
from tests.conftest import NOW, sqlite_store
from tests.merge.test_match import drafts


def said(store: Store, pages: Sequence[Sequence[Draft]]) -> list[Any]:
    """Store the pages into the emptied store: each paper's entries and what it says, ids aside."""
    with store.write() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(sa.text("DELETE FROM paper_fts"))
    for drafts_of_page in pages:
        with store.write() as connection:
            store_drafts(connection, [Parsed(tuple(drafts_of_page))], "s", NOW, backfill=False)
    with store.read() as connection:
        docs = [dict(row.doc) for row in connection.execute(sa.select(paper.c.doc))]
        owners = {row.key: row.paper_id for row in connection.execute(sa.select(entry))}
    for doc in docs:
        assert all(owners[e["key"]] == doc["id"] for e in doc["entries"])
    return sorted(json.dumps({**doc, "id": ""}, sort_keys=True) for doc in docs)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that `said` empties before it stores anything."""
    with closing(sqlite_store(tmp_path_factory.mktemp("order"))) as store:
        yield store


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    found=st.lists(drafts(), min_size=2, max_size=7, unique_by=lambda d: d.key),
    cuts=st.lists(st.integers(1, 6), max_size=4),
    dice=st.randoms(use_true_random=False),
)
def test_pages_and_their_order_do_not_matter(empty: Store, found: list[Draft], cuts, dice) -> None:
    shuffled = found.copy()
    dice.shuffle(shuffled)
    edges = sorted({0, len(shuffled), *(c for c in cuts if c < len(shuffled))})
    pages = [shuffled[a:b] for a, b in itertools.pairwise(edges)]
    assert said(empty, pages) == said(empty, [found])
