"""Lists of words on PostgreSQL: whichever way a page is found, by the first papers of the list, by sifting
them, or by the search index, it is the same page."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from aggregator.store import lists
from aggregator.store.db import Store
from aggregator.store.query import PaperQuery
from aggregator.store.sql import paper
from tests.conftest import NOW
from tests.filled import fill

QUERIES = (
    "residual",
    "deep",
    "graph networks",
    '"residual learning"',
    "resid*",
    "attention sparse",
)


@pytest.fixture
def postgres(store: Store) -> Store:
    if store.is_sqlite:
        pytest.skip("SQLite's search index lies in the order of dates.")
    fill(store, 90, length=12)
    return store


def pages(store: Store, query: PaperQuery) -> tuple[list[str], list[str]]:
    """(the ids of all pages in order, the statements that were asked)"""
    found: list[str] = []
    asked: list[str] = []
    cursor = None
    with store.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
        while True:
            page = lists.page(connection, query, cursor)
            found += [name for name, _ in page.rows]
            cursor = page.next
            if cursor is None:
                return found, asked


@pytest.mark.parametrize("words", QUERIES)
@pytest.mark.parametrize(
    "more", [{}, {"sort": "hot"}, {"until": NOW - timedelta(days=1)}, {"kind": "paper"}]
)
def test_all_ways_lead_to_the_same_pages(
    postgres: Store, monkeypatch: pytest.MonkeyPatch, words: str, more: dict[str, Any]
) -> None:
    query = PaperQuery(q=words, limit=2, **more)
    monkeypatch.setattr(lists, "_NEAR", ())
    monkeypatch.setattr(lists, "SIFTED_FROM", 999)
    expected, _ = pages(postgres, query)
    with postgres.read() as connection:
        key = paper.c.heat if query.sort == "hot" else paper.c.at
        order = sa.select(paper.c.id).order_by(key.desc(), paper.c.pk.desc())
        every = list(connection.scalars(order))
    assert expected == [name for name in every if name in expected], "in order, each once"
    for steps, least in (((4, 1), (9, 0)), 999), ((), 0), (((3, 1), (7, 0)), 0):
        monkeypatch.setattr(lists, "_NEAR", steps)
        monkeypatch.setattr(lists, "SIFTED_FROM", least)
        monkeypatch.setattr(lists, "SIFTED", 20)
        assert pages(postgres, query)[0] == expected


def test_common_words_are_found_by_one_statement(postgres: Store) -> None:
    with postgres.read() as connection:
        asked: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
        assert len(lists.page(connection, PaperQuery(q="deep", limit=2)).rows) == 2
    assert len(asked) == 1, asked
