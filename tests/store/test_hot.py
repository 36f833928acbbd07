"""The hot list: in the order of the formula, whatever comes, and read by index."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from aggregator.clock import parse_moment
from aggregator.digest import rank
from aggregator.store import papers, statements
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from tests.drafts import DAY, post, preprint
from tests.filled import fill, put
from tests.store.test_papers_read import ask, walk


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store, 130)
    return store


def test_hot_weighs_attention_against_age(store: Store) -> None:
    put(
        store,
        preprint("1711.00001", title="Quiet and new"),
        preprint("1711.00002", title="Loud and older", published=DAY - timedelta(days=3)),
        preprint("1710.00001", title="Loud and old", published=DAY - timedelta(days=35)),
        post("t3_a", about="arxiv:1711.00002", score=300),
        post("t3_b", about="arxiv:1710.00001", score=9000),
    )
    assert ask(store, sort="hot", kind="paper") == [
        "Loud and older",
        "Quiet and new",
        "Loud and old",
    ]


def test_what_is_commented_on_is_hot(store: Store) -> None:
    put(
        store,
        preprint("1711.00001", title="Voted for"),
        preprint("1711.00002", title="Talked over"),
        post("t3_a", about="arxiv:1711.00001", score=8),
        post("t3_b", about="arxiv:1711.00002", score=3, num_comments=9),
    )
    assert ask(store, sort="hot", kind="paper") == ["Talked over", "Voted for"]


@pytest.mark.parametrize("topics", [(), ("gan",)])
def test_the_hot_list_is_in_the_order_of_the_formula(
    filled: Store, topics: tuple[str, ...]
) -> None:
    """Also after posts came and were voted for, and tags were made before and after."""
    with filled.read() as connection:
        arxiv = [doc["identifiers"]["arxiv"] for doc in papers.iterate(connection)]
    for score in (5, 700, 40):
        posts = [
            post(f"t3_{n}", about=f"arxiv:{name}", score=score * n)
            for n, name in enumerate(arxiv[:30])
        ]
        put(filled, *posts)
        found = walk(filled, PaperQuery(topics=topics, sort="hot", kind="paper", limit=7))
        heat = [rank.hot(doc["buzz"], parse_moment(doc["at"])) for doc in found]
        assert heat == sorted(heat, reverse=True)
        assert len(found) == len(walk(filled, PaperQuery(topics=topics, kind="paper", limit=100)))


def test_the_hot_list_of_rare_words_is_looked_up_and_sorted(filled: Store) -> None:
    words = PaperQuery(q="widgets", sort="hot", limit=100)
    found = [doc["id"] for doc in walk(filled, words)]
    by_date = {doc["id"] for doc in walk(filled, replace(words, sort="new"))}
    assert len(found) > 1
    assert set(found) == by_date


def test_a_page_of_the_hot_list_walks_its_index(filled: Store) -> None:
    """It is no sorted copy of all papers."""
    if not filled.is_sqlite:
        pytest.skip("PostgreSQL's planner sorts tables as small as this one.")
    for topics in ((), ("gan",)):
        query = PaperQuery(topics=topics, sort="hot", kind="paper")
        statement = statements.ordered(query, None, True, False)
        text = statement.compile(filled.engine, compile_kwargs={"literal_binds": True})
        with filled.read() as connection:
            plan = [row.detail for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]
        assert any("heat" in step for step in plan), plan
        assert not any("TEMP B-TREE" in step for step in plan), plan
