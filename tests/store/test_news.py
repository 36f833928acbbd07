"""What pages and digests ask the store of news: no more than they show."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from aggregator.digest.select import EventRow, select
from aggregator.sending import news as digests
from aggregator.settings import Settings
from aggregator.store import news, papers, similar
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.drafts import DAY, preprint
from tests.filled import CONFIG, fill, give_tags, put

UNTIL = DAY + timedelta(days=1)


@pytest.fixture
def tagged(store: Store) -> Store:
    """A paper of a topic, one of another, and one of none."""
    put(
        store,
        preprint("1711.00001", title="Adversarial"),
        preprint("1711.00002", title="Attentive"),
        preprint("1711.00003", title="Neither"),
    )
    give_tags(store, {"Adversarial": [("gan", 0.9)], "Attentive": [("architectures", 0.9)]})
    return store


def test_news_of_topics_are_of_these_topics(tagged: Store) -> None:
    def titles(*topics: str) -> set[str]:
        rows = news.topic_rows(connection, DAY, UNTIL, topics)
        return {row.doc["title"] for row in rows}

    with tagged.read() as connection:
        assert titles("gan") == {"Adversarial"}
        assert titles("gan", "architectures") == titles() == {"Adversarial", "Attentive"}


def test_a_page_is_put_together_by_outlines_as_by_whole_documents(store: Store) -> None:
    fill(store, 60, length=30)

    def sections(rows: list[EventRow]) -> list[tuple[Any, ...]]:
        made = select(rows, CONFIG.topics, since, NOW, limit=5)
        return [
            (
                section.name,
                [(i.paper["id"], i.marks, i.probability) for i in section.items],
                section.rest,
            )
            for section in made.sections
        ]

    since = DAY - timedelta(days=9999)
    with store.read() as connection:
        outlines = news.outlines(connection, since, NOW)
        found = sections(outlines)
        assert found == sections(news.topic_rows(connection, since, NOW))
        assert any(rest for *_, rest in found), "more papers than are shown"
        assert not any("abstract" in row.doc for row in outlines)


def test_something_happened_if_only_elsewhere(tagged: Store) -> None:
    with tagged.read() as connection:
        assert news.happened(connection, DAY, UNTIL)
        assert not news.happened(connection, UNTIL, UNTIL + timedelta(days=1))


def test_a_digest_of_a_topic_has_its_papers_alone(tagged: Store, tmp_path: Path) -> None:
    made, _ = digests.digest(tagged, Settings(data_dir=tmp_path), CONFIG, ("gan",), DAY, UNTIL, 25)
    shown = {section.name: [i.paper["title"] for i in section.items] for section in made.sections}
    assert shown["gan"] == ["Adversarial"]
    assert "architectures" not in shown


def test_what_came_since_a_visit_is_looked_up_by_when_it_was_seen(tagged: Store) -> None:
    """The kind fits nearly all events, however many there are."""
    if not tagged.is_sqlite:
        pytest.skip("PostgreSQL's planner walks tables as small as this one.")
    asked = news.since_seen_query(NOW, ["gan"])
    text = asked.compile(tagged.engine, compile_kwargs={"literal_binds": True})
    with tagged.read() as connection:
        plan = [row.detail for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]
        assert news.since_seen(connection, NOW, ["gan"]) == (0, None)
        found = [
            news.since_seen(connection, NOW - timedelta(days=9999), topics)[0]
            for topics in (["gan"], ["gan", "architectures"])
        ]
        assert found == [1, 2]
    assert any("seen_at" in step for step in plan), plan


def test_the_newest_that_is_shown_is_looked_up_from_event_to_event(store: Store) -> None:
    """PostgreSQL took what was asked of each event for worth putting together of all papers first."""
    if store.is_sqlite:
        pytest.skip("SQLite puts nothing together.")
    fill(store, 60, length=30)
    asked = []
    with store.read() as connection:
        connection.exec_driver_sql("ANALYZE paper, event, tag")
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append(said[2:4]))
        assert news.latest(connection, NOW + timedelta(days=9))
        statement, values = asked[0]
        plan = connection.exec_driver_sql(f"EXPLAIN VERBOSE {statement}", values)
        assert "hashed" not in "".join(plan.scalars())


def test_candidates_are_added_up_by_weight(store: Store) -> None:
    """A paper with the same title is the most alike, whatever else shares a word."""
    fill(store, 60, length=30)
    put(store, *(preprint(f"1801.0000{n}", title="Quokka burrow thermodynamics") for n in (1, 2)))
    with store.read() as connection:
        doc = papers.by_name(connection, "arxiv:1801.00001").doc
        found = similar.of(connection, doc, 3)
    assert found[0][0]["title"] == doc["title"]
