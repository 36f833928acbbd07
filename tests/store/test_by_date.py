"""Lists that no single index has in their order, words that are not finished, and counted topics."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator.store import feedback, lists, papers, people, query
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from aggregator.store.sql import paper, tag
from tests.conftest import NOW, sqlite_store
from tests.drafts import DAY, page, preprint
from tests.filled import fill, give_tags, put
from tests.older import downgrade
from tests.store.test_papers_read import walk


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Some hundred papers on SQLite."""
    made = sqlite_store(tmp_path_factory.mktemp("many"))
    fill(made, 700, length=30)
    yield made
    made.close()


def everything(store: Store) -> list[dict[str, Any]]:
    return walk(store, PaperQuery(limit=100))


def begins(doc: dict[str, Any], start: str) -> bool:
    text = " ".join([doc["title"], doc["abstract"], *doc["authors"]]).lower()
    return any(word.strip(".").startswith(start) for word in text.split())


@pytest.mark.parametrize("start", ["w", "wid", "word2", "word1234", "zz"])
def test_a_beginning_finds_every_paper_with_such_a_word(many: Store, start: str) -> None:
    wanted = [doc["id"] for doc in everything(many) if begins(doc, start)]
    found = walk(many, PaperQuery(q=start, prefix=True, limit=30))
    assert [doc["id"] for doc in found] == wanted


def test_a_beginning_meets_the_other_conditions(many: Store) -> None:
    both = [
        doc["id"]
        for doc in everything(many)
        if begins(doc, "gra") and "attention" in doc["title"].split()
        and any(one["name"] == "gan" for one in doc["topics"])
    ]  # fmt: skip
    asked = PaperQuery(q="attention gra", prefix=True, topics=("gan",), limit=7)
    titled = [
        doc["id"] for doc in walk(many, asked) if "attention" in doc["title"].split()
    ]  # others have it in the abstract alone
    assert titled == both
    assert both


def test_a_ranking_while_typing_goes_by_the_words_that_are_finished(many: Store) -> None:
    asked = PaperQuery(q="residual wor", prefix=True, sort="relevance", limit=20)
    with many.read() as connection:
        found = papers.page(connection, asked).items
        plain = papers.page(connection, PaperQuery(q="residual", sort="relevance", limit=20)).items
    assert all(begins(doc, "wor") and begins(doc, "residual") for doc in found)
    assert found[0]["title"].split().count("residual") == plain[0]["title"].split().count(
        "residual"
    )


def test_common_beginnings_are_not_looked_for_in_the_index(
    many: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index would join all words that begin so: on a million papers that takes seconds."""
    monkeypatch.setattr(lists, "_in_order", None)
    with many.read() as connection:
        assert len(papers.page(connection, PaperQuery(q="w", prefix=True)).rows) == 20


@pytest.mark.parametrize("least", [0.2, 0.5, 0.9])
def test_a_least_probability_keeps_the_order_over_pages(store: Store, least: float) -> None:
    fill(store, 120, length=5)
    with store.read() as connection:
        sure = sa.select(paper.c.id).join(tag, tag.c.paper_pk == paper.c.pk)
        asked = sure.where(tag.c.topic == "gan", tag.c.probability >= least)
        wanted = list(connection.scalars(asked.order_by(paper.c.at.desc(), paper.c.pk.desc())))
    found = walk(store, PaperQuery(topics=("gan",), min_probability=least, limit=9))
    assert [doc["id"] for doc in found] == wanted


@pytest.mark.parametrize("most", [0, 40])
def test_venues_that_begin_alike_are_one_list(
    store: Store, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "MOST_VENUES", most)
    drafts = [
        page(
            f"{venue}{year}/Lovelace_{n}",
            title=f"Widgets the {n}th at {venue} {year}",
            published=DAY + timedelta(days=30 * (n * 7 % 11)),
        )
        for venue in ("CVPR", "ICCV")
        for year in (2017, 2018)
        for n in range(6)
    ]
    put(store, *drafts)
    known = everything(store)
    for asked in ("CVPR", "CVPR 2018", "cvpr 20", "ICCV 2017"):
        name = asked.lower()
        wanted = [
            doc["id"] for doc in known
            if (doc["venue"] or "").lower() == name or (doc["venue"] or "").lower().startswith(f"{name} ")
        ]  # fmt: skip
        found = walk(store, PaperQuery(venue=asked, limit=4))
        assert [doc["id"] for doc in found] == wanted, asked


def test_the_index_follows_a_paper_to_an_earlier_day(store: Store) -> None:
    put(store, page())
    put(store, preprint("1712.00001", title="Widgets again", published=DAY + timedelta(days=40)))
    put(store, preprint())  # the first paper's preprint: it was public half a year before
    found = walk(store, PaperQuery(q="widgets", limit=1))
    assert [doc["title"] for doc in found] == ["Widgets again", "Deep Widgets for Semantic Gadgets"]


def test_topics_count_their_papers(store: Store) -> None:
    def counted() -> dict[str, int]:
        with store.read() as connection:
            return papers.topic_counts(connection)

    titles = ("One", "Two", "Three")
    drafts = [
        preprint(f"1711.0000{n}", title=title, authors=(f"Author {title}",))
        for n, title in enumerate(titles)
    ]
    put(store, *drafts)
    give_tags(store, {title: [("gan", 0.9), ("learning", 0.1)] for title in titles})
    assert counted() == {"gan": 3}
    with store.write() as connection:
        person = people.ensure(connection, people.LOCAL, NOW, confirmed=True)
        first = connection.scalar(sa.select(paper.c.id).order_by(paper.c.pk).limit(1)) or ""
        feedback.say(connection, person, first, "gan", False, NOW)
        feedback.say(connection, person, first, "learning", True, NOW)
    assert counted() == {"gan": 2, "learning": 1}
    with store.write() as connection:
        connection.execute(sa.update(paper).where(paper.c.id == first).values(starter=True))
    assert counted() == {"gan": 2}
    with store.write() as connection:
        connection.execute(sa.update(paper).where(paper.c.id == first).values(starter=False))
        connection.execute(sa.delete(tag).where(tag.c.topic == "gan"))
    assert counted() == {"learning": 1}


def test_the_index_and_the_counts_survive_the_way_back_and_forth(tmp_path: Path) -> None:
    with closing(sqlite_store(tmp_path)) as store:
        fill(store, 60, length=10)
        asked = PaperQuery(q="residual", limit=100)
        before = [doc["id"] for doc in walk(store, asked)]
        with store.read() as connection:
            counts = papers.topic_counts(connection)
        downgrade(store, "0015")
        with store.read() as connection:
            old = connection.scalar(sa.text("SELECT max(rowid) FROM paper_fts"))
            assert old == connection.scalar(sa.select(sa.func.max(paper.c.pk)))
        store.migrate()
        assert [doc["id"] for doc in walk(store, asked)] == before
        with store.read() as connection:
            assert papers.topic_counts(connection) == counts
    assert before
