"""A changed topic: its tags and those above it are made anew, everything else stays as it is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator import pipeline, tagging
from aggregator.settings import Settings
from aggregator.store import feedback, papers, people, retag
from aggregator.store.db import Store
from aggregator.store.sql import tag, topic_state
from aggregator.topics import Config, Topic
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, put

KITES = Topic(name="kites", title="Kites", parent="learning", keywords=("kite", "string"))
TITLES = (
    "Generative adversarial networks with two discriminators",
    "A kite on a string",
    "Kernel ridge regression",
)


def config(*topics: Topic) -> Config:
    return replace(CONFIG, topics=(*CONFIG.topics, *topics))


def tagger(store: Store, folder: Path, topics: Config) -> int:
    return pipeline.tag(store, Settings(data_dir=folder), topics)


def shown(store: Store) -> dict[str, dict[str, str]]:
    with store.read() as connection:
        docs = list(papers.iterate(connection))
    return {doc["title"]: {t["name"]: t["by"] for t in doc["topics"]} for doc in docs}


def rows(store: Store) -> set[tuple[Any, ...]]:
    with store.read() as connection:
        columns = (tag.c.paper_pk, tag.c.topic, tag.c.probability, tag.c.by)
        return {tuple(row) for row in connection.execute(sa.select(*columns))}


@pytest.fixture(autouse=True)
def filled(store: Store, tmp_path: Path) -> None:
    for number, title in enumerate(TITLES):
        put(store, preprint(f"1711.0000{number}", title=title, authors=(f"Author {number}",)))
    assert tagger(store, tmp_path, CONFIG) == len(TITLES)


def test_a_new_topic_and_its_parent_and_nothing_else(store: Store, tmp_path: Path) -> None:
    before, gan, kite = rows(store), TITLES[0], TITLES[1]
    assert tagger(store, tmp_path, CONFIG) == 0
    assert tagger(store, tmp_path, config(KITES)) == len(TITLES)
    assert shown(store)[kite] == {"kites": "keywords", "learning": "child"}
    assert shown(store)[gan] == {"gan": "model", "learning": "child"}
    assert {row[1] for row in rows(store) ^ before} == {"kites", "learning"}
    assert tagger(store, tmp_path, config(KITES)) == 0


def test_an_edited_topic_and_one_that_leaves(store: Store, tmp_path: Path) -> None:
    before = rows(store)
    tagger(store, tmp_path, config(KITES))
    edited = KITES.model_copy(update={"keywords": ("regression",), "parent": ""})
    assert tagger(store, tmp_path, config(edited)) == len(TITLES)
    assert shown(store)[TITLES[1]] == {}
    assert shown(store)[TITLES[2]] == {"kites": "keywords"}
    assert tagger(store, tmp_path, CONFIG) == len(TITLES)
    assert rows(store) == before
    with store.read() as connection:
        names = set(connection.scalars(sa.select(topic_state.c.topic)))
    assert names == {topic.name for topic in CONFIG.topics}


def test_a_persons_word_stays(store: Store, tmp_path: Path) -> None:
    with store.write() as connection:
        paper_id = papers.by_name(connection, "arxiv:1711.00001").doc["id"]
        ada = people.ensure(connection, people.LOCAL, NOW, confirmed=True)
        for topic, relevant in (("gan", True), ("kites", False)):
            feedback.say(connection, ada, paper_id, topic, relevant, NOW, topics=CONFIG.topics)
    tagger(store, tmp_path, CONFIG)
    tagger(store, tmp_path, config(KITES))
    assert shown(store)[TITLES[1]] == {"gan": "person", "learning": "child"}
    tagger(store, tmp_path, CONFIG)
    assert shown(store)[TITLES[1]] == {"gan": "person", "learning": "child"}


def test_the_walk_goes_on_where_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "BATCH", 1)
    seen: list[Sequence[str]] = []
    save = retag.save

    def dies(*given: Any) -> None:
        save(*given)
        seen.append([one.doc["title"] for one in given[1]])
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(retag, "save", dies)
    with pytest.raises(KeyboardInterrupt):
        tagger(store, tmp_path, config(KITES))
    put(store, preprint("1711.00009", title="Another kite", authors=("Bo Li",)))
    assert tagger(store, tmp_path, config(KITES)) == 3
    # The second one's transaction was undone, so it came again; the new paper came between.
    assert [titles[0] for titles in seen] == [TITLES[2], TITLES[1], TITLES[1], TITLES[0]]
    assert shown(store)["Another kite"] == {"kites": "keywords", "learning": "child"}
