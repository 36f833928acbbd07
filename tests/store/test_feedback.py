"""What people say of tags: shown at once, kept by the tagger, moved when papers merge."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator import pipeline
from aggregator.collect import rulings
from aggregator.errors import NotFoundError
from aggregator.models import Tag
from aggregator.settings import Settings
from aggregator.store import feedback, papers, people, tags
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from aggregator.tag.tree import overruled
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put

GAN = "Generative adversarial networks with two discriminators"
TOPICS = CONFIG.topics


def paper(store: Store, name: str = "arxiv:1711.00001") -> dict[str, Any]:
    with store.read() as connection:
        return papers.by_name(connection, name).doc


def shown(store: Store, name: str = "arxiv:1711.00001") -> dict[str, tuple[float, str]]:
    return {tag["name"]: (tag["probability"], tag["by"]) for tag in paper(store, name)["topics"]}


def listed(store: Store, topic: str, **more: Any) -> list[str]:
    with store.read() as connection:
        found = papers.page(connection, PaperQuery(topics=(topic,), **more))
    return [doc["title"] for doc in found.items]


def person(store: Store, name: str = "ada") -> int:
    with store.write() as connection:
        return people.ensure(connection, f"email:{name}@example.org", NOW, confirmed=True)


def say(store: Store, who: int, topic: str, relevant: bool, later: int = 0) -> None:
    with store.write() as connection:
        feedback.say(
            connection, who, paper(store)["id"], topic, relevant, NOW + timedelta(seconds=later),
            topics=TOPICS,
        )  # fmt: skip


def tagger(store: Store, folder: Path, *, everything: bool = False) -> None:
    """The shipped tagger, for real."""
    pipeline.tag(store, Settings(data_dir=folder), CONFIG, everything=everything)


def test_a_rejected_tag_goes_and_stays_away(store: Store, tmp_path: Path) -> None:
    put(store, preprint(title=GAN, abstract="We train a GAN: generator against discriminator."))
    tagger(store, tmp_path)
    assert shown(store)["gan"][1] == "model"
    assert shown(store)["learning"][1] == "child"
    say(store, person(store), "gan", False)
    assert not {"gan", "learning"} & shown(store).keys()
    assert listed(store, "gan") == listed(store, "learning") == []
    assert listed(store, "gan", min_probability=0.05) == []
    for everything in (False, True):
        tagger(store, tmp_path, everything=everything)
        assert not {"gan", "learning"} & shown(store).keys()
    put(store, preprint(version=2, title=GAN, abstract="Another abstract on our GAN."))
    tagger(store, tmp_path)
    assert not {"gan", "learning"} & shown(store).keys()


def test_a_confirmed_tag_is_certain_and_reaches_the_parent(store: Store, tmp_path: Path) -> None:
    put(store, preprint(title="Kernel ridge regression", abstract="We bound a risk."))
    tagger(store, tmp_path)
    say(store, person(store), "gan", True)
    for _ in range(2):
        assert shown(store) == {"gan": (1.0, "person"), "learning": (0.9999, "child")}
        assert listed(store, "gan") == listed(store, "learning") == ["Kernel ridge regression"]
        tagger(store, tmp_path, everything=True)


def test_a_word_taken_back_leaves_it_to_the_tagger(store: Store, tmp_path: Path) -> None:
    put(store, preprint(title=GAN, abstract="We train a GAN."))
    tagger(store, tmp_path)
    before, ada = shown(store), person(store)
    say(store, ada, "gan", False)
    say(store, ada, "architectures", True)
    with store.write() as connection:
        paper_id = paper(store)["id"]
        assert feedback.of_person(connection, ada, paper_id) == {
            "gan": False,
            "architectures": True,
        }
        feedback.unsay_all(connection, ada, topics=TOPICS)
        feedback.unsay(connection, ada, paper_id, "gan", topics=TOPICS)
        assert feedback.of_person(connection, ada, paper_id) == {}
    assert "architectures" not in shown(store)
    tagger(store, tmp_path)
    assert shown(store) == before


def test_of_several_people_the_latest_word_counts(store: Store) -> None:
    put(store, preprint())
    give_tags(store, {"Deep Widgets for Semantic Gadgets": [("gan", 0.9)]})
    ada, bob = person(store), person(store, "bob")
    say(store, ada, "gan", False, 10)
    assert "gan" not in shown(store)
    say(store, bob, "gan", True, 20)
    assert shown(store)["gan"] == (1.0, "person")
    say(store, ada, "gan", False, 5)  # she said it before him after all
    assert shown(store)["gan"] == (1.0, "person")
    with store.write() as connection:
        feedback.unsay(connection, bob, paper(store)["id"], "gan")
    assert "gan" not in shown(store)


def test_a_parent_of_its_own_merit_stays_when_a_child_goes(store: Store) -> None:
    put(store, preprint())
    title = "Deep Widgets for Semantic Gadgets"
    give_tags(store, {title: [("gan", 0.7), ("learning", 0.8)]})
    say(store, person(store), "gan", False)
    assert shown(store) == {"learning": (0.8, "model")}
    say(store, person(store), "learning", False, 1)
    say(store, person(store), "gan", True, 2)
    assert shown(store) == {"gan": (1.0, "person")}  # of the parent something else was said


def test_what_was_said_moves_with_a_merged_paper(store: Store) -> None:
    put(store, preprint(), preprint("1711.00002", title="Another work", authors=("Bo Li",)))
    survivor, gone = (paper(store, f"arxiv:1711.0000{n}")["id"] for n in (1, 2))
    ada, bob = person(store), person(store, "bob")
    words = (
        (ada, gone, "gan", True, 5),
        (ada, survivor, "gan", False, 1),
        (bob, gone, "learning", True, 1),
        (bob, survivor, "learning", False, 5),
        (bob, gone, "architectures", True, 1),
    )
    with store.write() as connection:
        for who, which, topic, relevant, later in words:
            feedback.say(connection, who, which, topic, relevant, NOW + timedelta(seconds=later))
        assert rulings.join(connection, [gone, survivor], "a test", NOW) == survivor
        said = tags.said_of(connection, [gone, survivor])
    assert said == {survivor: {"gan": True, "learning": False, "architectures": True}}


def test_papers_that_merge_keep_what_was_said(store: Store, tmp_path: Path) -> None:
    from tests.drafts import page

    put(store, preprint("1711.00001", title="One title", authors=("Ada Lovelace",)))
    put(store, page(title="Another title", authors=("Ada Lovelace",)), source="cvf")
    with store.write() as connection:
        gone = papers.by_name(connection, "cvf:CVPR2018/Lovelace_Deep_Widgets").doc["id"]
        ada = people.ensure(connection, "local", NOW, confirmed=True)
        feedback.say(connection, ada, gone, "gan", True, NOW)
    linked = page(title="Another title", authors=("Ada Lovelace",), arxiv="1711.00001", fidelity=1)
    put(store, linked, source="cvf")
    tagger(store, tmp_path)
    assert paper(store)["id"] != gone
    assert shown(store)["gan"] == (1.0, "person")


def test_there_must_be_such_a_paper(store: Store) -> None:
    ada = person(store)
    with store.write() as connection:
        with pytest.raises(NotFoundError):
            feedback.say(connection, ada, "nope", "gan", True, NOW)
        with pytest.raises(NotFoundError):
            feedback.unsay(connection, ada, "nope", "gan")


def test_overruled_does_not_need_the_tree() -> None:
    stored = [Tag("gan", 0.9, True, "model"), Tag("learning", 0.9, True, "child")]
    assert overruled(stored, {}) == stored
    kept = {tag.topic: tag.tagged for tag in overruled(stored, {"gan": False, "new": True})}
    assert kept == {"gan": False, "learning": True, "new": True}
    with_tree = {t.topic: t for t in overruled(stored, {"gan": False}, TOPICS)}
    assert not with_tree["learning"].tagged
