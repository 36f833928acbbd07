"""The hot list: in the order of the formula, whatever comes, and read by index."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from aggregator.clock import parse_moment
from aggregator.digest import rank
from aggregator.store import feedback, papers, people, statements
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from aggregator.store.sql import paper, tag
from tests.conftest import NOW
from tests.drafts import DAY, post, preprint
from tests.filled import fill, give_tags, put
from tests.older import downgrade
from tests.store.test_papers_read import ask, pages, walk


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


def places(store: Store) -> dict[tuple[str, str], float]:
    """(paper, topic) -> its place in the topic's hot list, after the formula; what is stored is that."""
    asked = sa.select(paper.c.id, paper.c.doc, tag.c.topic, tag.c.probability, tag.c.heat)
    with store.read() as connection:
        rows = connection.execute(asked.join(tag, tag.c.paper_pk == paper.c.pk)).all()
    found: dict[tuple[str, str], float] = {}
    for row in rows:
        heat = rank.hot(row.doc["buzz"], parse_moment(row.doc["at"]))
        found[row.id, row.topic] = rank.hot_in_topic(heat, row.probability)
    assert {(row.id, row.topic): row.heat for row in rows} == pytest.approx(found, abs=1e-12)
    return found


LISTS = {
    "all": PaperQuery(),
    "topic": PaperQuery(topics=("gan",)),
    "several topics": PaperQuery(topics=("gan", "learning")),
    "unlikely": PaperQuery(topics=("gan",), min_probability=0.1),
    "words": PaperQuery(topics=("gan",), q="widgets"),
    "unlikely words": PaperQuery(topics=("gan",), q="widgets", min_probability=0.1),
}


@pytest.mark.parametrize("asked", LISTS.values(), ids=LISTS)
def test_the_hot_list_is_in_the_order_of_the_formula(filled: Store, asked: PaperQuery) -> None:
    """Also after posts came and were voted for, and tags were made before and after."""
    with filled.read() as connection:
        arxiv = [doc["identifiers"]["arxiv"] for doc in papers.iterate(connection)]
    for score in (5, 700, 40):
        posts = [
            post(f"t3_{n}", about=f"arxiv:{name}", score=score * n)
            for n, name in enumerate(arxiv[:30])
        ]
        put(filled, *posts)
        parts = pages(filled, replace(asked, sort="hot", kind="paper", limit=7))
        stored = places(filled)
        one = asked.topics[0] if len(asked.topics) == 1 else ""
        heat = [
            sorted(
                stored[doc["id"], one] if one else rank.hot(doc["buzz"], parse_moment(doc["at"]))
                for doc in part
            )
            for part in parts
        ]
        assert all(one[0] >= other[-1] for one, other in pairwise(heat))
        found = [doc for part in parts for doc in part]
        by_date = walk(filled, replace(asked, kind="paper", limit=100))
        assert {doc["id"] for doc in found} == {doc["id"] for doc in by_date}
        assert len(found) == len(by_date) > 7


def test_what_is_surely_about_a_topic_stands_before_what_may_be(store: Store) -> None:
    put(
        store,
        preprint("1711.00001", title="Surely"),
        preprint("1711.00002", title="Perhaps"),
        preprint("1711.00003", title="Perhaps, and talked about"),
        post("t3_a", about="arxiv:1711.00003", score=3),
    )
    give_tags(
        store,
        {"Surely": [("gan", 0.99)], "Perhaps": [("gan", 0.5), ("learning", 0.9)],
         "Perhaps, and talked about": [("gan", 0.5), ("learning", 0.5)]},
    )  # fmt: skip
    gan = ["Perhaps, and talked about", "Surely", "Perhaps"]
    assert ask(store, sort="hot", topics=("gan",)) == gan
    assert ask(store, sort="hot", topics=("learning",)) == ["Perhaps, and talked about", "Perhaps"]
    assert ask(store, sort="hot", kind="paper")[0] == "Perhaps, and talked about"
    with store.write() as connection:
        person = people.ensure(connection, people.LOCAL, NOW, confirmed=True)
        names = {doc["title"]: doc["id"] for doc in papers.iterate(connection)}
        feedback.say(connection, person, names["Perhaps"], "gan", True, NOW)
        feedback.say(connection, person, names["Surely"], "gan", False, NOW)
    assert ask(store, sort="hot", topics=("gan",)) == gan[::2]
    assert places(store)[names["Perhaps"], "gan"] == pytest.approx(
        rank.hot({}, DAY), abs=1e-12
    )  # certain: as in the list of everything


@pytest.mark.parametrize("least", [None, 0.1])
def test_what_is_of_one_subject_stands_apart_on_a_page(store: Store, least: float | None) -> None:
    """The page holds the papers that it would hold otherwise, and the next one goes on after them."""
    titles = ["AlphaKite flies", "What AlphaKite saw", "Speech without labels", "Radar for weather"]
    put(
        store,
        *(
            preprint(f"1711.0000{n}", title=title, published=DAY - timedelta(days=n))
            for n, title in enumerate([*titles, "The strings of AlphaKite", "A survey of gliders"])
        ),
    )
    give_tags(store, {title: [("gan", 0.9)] for title in titles})
    asked = PaperQuery(topics=("gan",), min_probability=least, limit=3)
    assert ask(store, limit=3) == titles[:3]
    apart = [titles[0], titles[2], titles[1]]
    assert ask(store, sort="hot", limit=4) == [*apart, titles[3]]
    hot = [[doc["title"] for doc in part] for part in pages(store, replace(asked, sort="hot"))]
    assert hot == [apart, titles[3:]]


def test_half_as_likely_weighs_as_half_the_attention() -> None:
    quiet, loud = {"score": 9}, {"score": 19}
    assert rank.hot_in_topic(rank.hot(loud, DAY), 0.4) == pytest.approx(
        rank.hot_in_topic(rank.hot(quiet, DAY), 0.8)
    )
    assert rank.hot_in_topic(7.5, 1.0) == 7.5
    assert rank.hot_in_topic(7.5, 0.0) == 5.5


def test_an_older_store_gets_the_places_of_its_tags(store: Store) -> None:
    fill(store, 40, length=5)
    wanted = places(store)
    downgrade(store, "0017")
    both = sa.select(paper.c.heat, tag.c.heat).join(tag, tag.c.paper_pk == paper.c.pk)
    with store.read() as connection:
        rows = connection.execute(both).all()
    assert len(rows) == len(wanted)
    assert all(paper_heat == tag_heat for paper_heat, tag_heat in rows)
    store.migrate()
    assert places(store) == wanted


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
    hot = PaperQuery(sort="hot", kind="paper")
    topic = replace(hot, topics=("gan",))
    unlikely = replace(topic, min_probability=0.1)
    for statement in (
        statements.ordered(hot, None, True, False),
        statements.ordered(topic, None, True, True),
        statements.keys(unlikely, None, True, True, statements.Branch(tagged=True)),
        statements.keys(unlikely, None, True, True, statements.Branch(tagged=False)),
    ):
        text = statement.compile(filled.engine)
        with filled.read() as connection:
            asked = (f"EXPLAIN QUERY PLAN {text}", (1,) * str(text).count("?"))
            plan = [row.detail for row in connection.exec_driver_sql(*asked)]
        assert any("heat" in step for step in plan), plan
        assert not any("TEMP B-TREE" in step for step in plan), plan
