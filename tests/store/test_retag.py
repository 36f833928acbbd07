"""A changed topic: its tags and those above it are made anew, everything else stays as it is."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from aggregator import pipeline
from aggregator.settings import Settings
from aggregator.store import feedback, model, papers, people, retag
from aggregator.store.db import Store
from aggregator.store.retag import OvertakenError
from aggregator.store.sql import tag, topic_state
from aggregator.tag.anew import Change, Look, Plain
from aggregator.tag.model import Tagger, load
from aggregator.tag.versions import topic_versions
from aggregator.topics import Config, Topic
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, fill, put

KITES = Topic(name="kites", title="Kites", parent="learning", keywords=("kite", "string"))
TITLES = (
    "Generative adversarial networks with two discriminators",
    "A kite on a string",
    "Kernel ridge regression",
)


def config(*topics: Topic) -> Config:
    return replace(CONFIG, topics=(*CONFIG.topics, *topics))


def tagger(store: Store, folder: Path, topics: Config, *, everything: bool = False) -> int:
    return pipeline.tag(store, Settings(data_dir=folder), topics, everything=everything)


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


def test_everything_anew_finds_nothing_to_write(store: Store, tmp_path: Path) -> None:
    before = rows(store)
    assert before
    assert tagger(store, tmp_path, CONFIG, everything=True) == len(TITLES)
    assert rows(store) == before


class Dying(Store):
    """A store that a process loses in the middle of its last write."""

    def __init__(self, other: Store, writes: int) -> None:
        super().__init__(other.engine.url.render_as_string(hide_password=False), other.data_dir)
        self.left = writes

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        self.left -= 1
        with super().write() as connection:
            yield connection
            if not self.left:
                raise KeyboardInterrupt


def test_the_walk_goes_on_where_it_was(store: Store, tmp_path: Path) -> None:
    fill(store, 1_200, length=3)
    blocks = 1 + (1_200 + len(TITLES)) // retag.BLOCK
    wanted = config(KITES)
    # That there is no model of the topic, the beginning of the walk, one block, and the next one.
    dying = Dying(store, 4)
    with closing(dying), pytest.raises(KeyboardInterrupt):
        tagger(dying, tmp_path, wanted)
    with store.read() as connection:
        assert len(retag.walk_blocks(connection, 99)) == blocks - 1
    put(store, preprint("1711.99999", title="Another kite", authors=("Bo Li",)))
    with store.read() as connection:
        left = [retag.read(connection, b, whole=False) for b in retag.walk_blocks(connection, 99)]
    assert tagger(store, tmp_path, wanted) == sum(len(one.papers) for one in left) + 1
    assert shown(store)["Another kite"] == {"kites": "keywords", "learning": "child"}
    assert tagger(store, tmp_path, wanted) == 0


Versions = dict[str, str]


def in_hand(store: Store, topics: Config) -> tuple[retag.Piece, list[Change], Look, Versions]:
    """The waiting papers of the first block as a process has them that is about to write."""
    tagger = load()
    by_topic: dict[str, Tagger] = {"gan": tagger, "architectures": tagger}
    versions = topic_versions(topics.topics, by_topic)
    with store.write() as connection:
        stale = retag.begin(connection, versions, {})
        piece = retag.read(connection, 0, whole=True)
    look = Look(tuple(map(Plain.of, topics.topics)), by_topic, stale)
    return piece, look.changes(piece.papers, whole=True), look, versions


def save(store: Store, found: tuple[retag.Piece, list[Change], Look, Versions]) -> int:
    piece, changes, look, versions = found
    with store.write() as connection:
        return retag.save(connection, piece, changes, versions, look.stale)


def test_a_paper_that_changed_meanwhile_is_looked_at_again(store: Store, tmp_path: Path) -> None:
    put(store, preprint("1711.00003", title="Widgets", authors=("Bo Li",)))
    put(store, preprint("1711.00004", title="Gadgets", authors=("Bo Lo",)))
    found = in_hand(store, CONFIG)
    # At the same logical moment as before.
    put(store, preprint("1711.00003", title=TITLES[0], authors=("Bo Li",), version=2))
    assert save(store, found) == 1
    assert save(store, found) == 0  # and who comes late writes nothing
    assert tagger(store, tmp_path, CONFIG) == 1
    assert shown(store)["Gadgets"] == {}
    with store.read() as connection:
        doc = papers.by_name(connection, "arxiv:1711.00003").doc
    assert {t["name"] for t in doc["topics"]} == {"gan", "learning"}


def test_a_word_that_was_said_meanwhile_is_heard(store: Store, tmp_path: Path) -> None:
    put(store, preprint("1711.00003", title="Adversarial " + TITLES[0], authors=("Bo Li",)))
    found = in_hand(store, CONFIG)
    with store.write() as connection:
        paper_id = papers.by_name(connection, "arxiv:1711.00003").doc["id"]
        ada = people.ensure(connection, people.LOCAL, NOW, confirmed=True)
        feedback.say(connection, ada, paper_id, "gan", False, NOW, topics=CONFIG.topics)
    assert save(store, found) == 0
    tagger(store, tmp_path, CONFIG)
    with store.read() as connection:
        assert papers.by_name(connection, "arxiv:1711.00003").doc["topics"] == []


def test_who_has_an_older_model_writes_nothing(store: Store, tmp_path: Path) -> None:
    put(store, preprint("1711.00003", title="A kite", authors=("Bo Li",)))
    found = in_hand(store, CONFIG)
    with store.write() as connection:
        versions = topic_versions(config(KITES).topics, dict.fromkeys(("gan",), load()))
        retag.begin(connection, versions, {})
    with pytest.raises(OvertakenError):
        save(store, found)
    tagger(store, tmp_path, config(KITES))
    assert shown(store)["A kite"] == {"kites": "keywords", "learning": "child"}


def test_models_of_another_moment_are_not_begun_with(store: Store) -> None:
    one = {"kind": "own", "name": "kites", "basis": "b", "version": "v", "figures": {}}
    with store.write() as connection:
        model.swap_in(connection, **one, now=NOW, content=None)  # type: ignore[arg-type]
    with store.write() as connection, pytest.raises(OvertakenError):
        retag.begin(connection, {"gan": "another"}, {})


def test_claims_exclude_each_other(store: Store) -> None:
    with store.claims("x") as mine:
        assert mine.take(7)
        assert not mine.take(7)
        mine.give_back(7)
        assert mine.take(7)
        if not store.is_sqlite:  # there others wait for all of it
            with store.claims("x") as others, store.claims("y") as elsewhere:
                assert not others.take(7)
                assert others.take(8)
                assert elsewhere.take(7)
    with store.claims("x") as later:
        assert later.take(7)


def test_one_look_finds_many_blocks(store: Store, tmp_path: Path) -> None:
    """Else all that wait were sorted once for each block: a store's tagging grew with its square."""
    count = 5 * retag.BLOCK
    put(store, *(preprint(f"1712.{n:05d}", title=f"Sparse kites {n}") for n in range(count)))
    looks: list[str] = []

    def seen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "tagged_by IS NULL ORDER BY" in " ".join(statement.split()):
            looks.append(statement)

    event.listen(store.engine, "before_cursor_execute", seen)
    assert tagger(store, tmp_path, CONFIG) == count
    assert 0 < len(looks) <= 3


def test_a_look_does_not_sort_what_waits(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("SQLite always walks the index of what waits")
    with store.read() as connection:
        retag.waiting_blocks(connection)
        asked = (
            "EXPLAIN SELECT pk FROM paper WHERE tagged_by IS NULL ORDER BY at DESC, pk DESC LIMIT 9"
        )
        plan = " ".join(connection.exec_driver_sql(asked).scalars())
    assert "ix_paper_waiting" in plan
    assert "Sort" not in plan
