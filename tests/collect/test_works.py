"""Representative works follow topics.toml, unless a person says otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest

from aggregator import pipeline
from aggregator.collect import works
from aggregator.learn import explaining
from aggregator.models import SUREST
from aggregator.settings import Settings
from aggregator.store import feedback, papers, people
from aggregator.store.db import Store
from aggregator.tag.documents import tag_documents
from aggregator.topics import Config
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, put

TITLE = "Deep Residual Learning"


WITHOUT: Config = replace(
    CONFIG, topics=tuple(topic.model_copy(update={"works": ()}) for topic in CONFIG.topics)
)


def loaded(store: Store, settings: Settings, config: Config) -> dict[str, tuple[float, str]]:
    """The topics of the one paper there is, once its works are loaded and all is tagged."""
    works.load(store, config, NOW)
    pipeline.tag(store, settings, config)
    with store.read() as connection:
        [doc] = papers.iterate(connection)
    return {t["name"]: (t["probability"], t["by"]) for t in doc["topics"]}


@pytest.mark.parametrize("known", [False, True])
def test_a_work_that_leaves_the_file_stands_for_its_topic_no_more(
    store: Store, tmp_path: Path, known: bool
) -> None:
    settings = Settings(data_dir=tmp_path)
    if known:  # as a paper of a source, too
        put(store, preprint("1512.03385", title=TITLE, abstract="Of cats."))
    before = loaded(store, settings, WITHOUT) if known else {}
    given = loaded(store, settings, CONFIG)
    assert given["architectures"] == (1.0, "works")
    assert loaded(store, settings, WITHOUT) == before
    with store.read() as connection:
        assert papers.starters(connection) == {}
    assert loaded(store, settings, CONFIG) == given


@pytest.mark.parametrize("known", [False, True])
def test_a_person_s_word_goes_before_the_file_s(store: Store, tmp_path: Path, known: bool) -> None:
    settings = Settings(data_dir=tmp_path)
    if known:
        put(store, preprint("1512.03385", title=TITLE, abstract="Of cats."))
    loaded(store, settings, CONFIG)
    with store.write() as connection:
        [doc] = papers.iterate(connection)
        person = people.ensure(connection, people.LOCAL, NOW, confirmed=True)
        for topic, yes in (("architectures", False), ("gan", True)):
            feedback.say(connection, person, doc["id"], topic, yes, NOW, topics=CONFIG.topics)
    wanted = {"gan": (1.0, "person"), "learning": (SUREST, "child")}
    assert loaded(store, settings, CONFIG) == wanted
    _, explained = explaining.explain_paper(store, settings, CONFIG, doc["id"])
    assert {one.topic: (one.probability, one.by) for one in explained if one.tagged} == wanted


def test_whose_works_are_of_a_child_alone_are_of_its_parent_while_they_are_of_it() -> None:
    entries = [{"role": "work", "topics": ["gan"]}]
    doc = {"title": TITLE, "abstract": "", "starter": False, "entries": entries}
    cases: list[tuple[dict[str, bool], list[str]]] = [
        ({}, ["learning", "gan"]),
        ({"gan": False}, []),
    ]
    for said, tagged in cases:
        [tags] = tag_documents([doc], {}, CONFIG.topics, [said])
        assert [tag.topic for tag in tags if tag.tagged] == tagged
