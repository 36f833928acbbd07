"""A topic of one's own learns what people said of it, if that is better, and takes it back."""

from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import pipeline
from aggregator.learn import learning, taggers
from aggregator.settings import Settings
from aggregator.store import feedback, papers, people
from aggregator.store.db import Store
from aggregator.tag import own, teach_own
from aggregator.tag.artifact import Artifact
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import put
from tests.learn.test_learning import KITES, WITH_KITES, texts

LATER = NOW + timedelta(days=1)


def birds(n: int) -> list[tuple[str, str]]:
    return [
        (f"The red kite of valley {i}", f"The kite nests on an oak, and {i} chicks have fledged.")
        for i in range(10, 10 + n)
    ]


def kites(n: int) -> list[tuple[str, str]]:
    return [
        (f"A kite in the wind {i}", f"The kite and its tail rise on a breeze of {i} knots.")
        for i in range(10, 10 + n)
    ]


SAMPLE = [*kites(30), *birds(30), *texts(600)]


def judged(n: int) -> list[own.Judged]:
    return [own.Judged(paper, False) for paper in birds(n)] + [
        own.Judged(paper, True) for paper in kites(n)
    ]


def test_words_are_measured_on_papers_not_learned_from() -> None:
    found, figures = teach_own.teach_own(KITES, [], judged(10), SAMPLE)
    assert found is not None
    assert figures is not None
    assert (figures.papers, figures.relevant, figures.kept) == (20, 10, True)
    before, after = figures.base["precision"], figures.taught["precision"]
    assert before == 0.5
    assert after is not None
    assert after > 0.8
    assert teach_own.teach_own(KITES, [], judged(4), SAMPLE) == (None, None)


def test_what_is_no_better_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = own.fit(KITES, [], [], SAMPLE)

    def same(*_: object) -> Artifact | None:
        return plain

    monkeypatch.setattr(own, "fit", same)
    found, figures = teach_own.teach_own(KITES, [], judged(10), SAMPLE)
    assert found is None
    assert figures is not None
    assert not figures.kept
    assert figures.taught == figures.base


def test_without_a_model_the_keywords_are_what_is_measured() -> None:
    found, figures = teach_own.teach_own(KITES, [], judged(10), SAMPLE[:100])
    assert found is None
    assert figures is not None
    assert figures.base == figures.taught
    assert (figures.base["precision"], figures.base["recall"]) == (0.5, 1.0)


def test_a_topic_of_ones_own_learns_in_the_store_and_takes_it_back(
    store: Store, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)
    put(
        store,
        *(
            preprint(f"1712.{n:05d}", title=title, abstract=text, authors=(f"B {n}",))
            for n, (title, text) in enumerate(SAMPLE)
        ),
    )
    pipeline.tag(store, settings, WITH_KITES)
    first = taggers.in_use(store, settings, WITH_KITES)
    with store.write() as connection:
        ada = people.ensure(connection, people.LOCAL, NOW, confirmed=True)
        for n in (*range(10), *range(30, 40)):
            doc = papers.by_name(connection, f"arxiv:1712.{n:05d}").doc
            feedback.say(connection, ada, doc["id"], "kites", n < 10, NOW, topics=WITH_KITES.topics)
    attempt = learning.learn(store, settings, WITH_KITES, LATER)
    assert attempt.outcome == "kept"
    assert attempt.message == "Better by what people said: kites."
    figures = learning.topic_figures(store, settings, WITH_KITES)["kites"]["people"]
    assert (figures["confirmed"], figures["rejected"], figures["kept"]) == (10, 10, True)
    taught = taggers.in_use(store, settings, WITH_KITES)
    bird = [birds(30)[29]]
    assert (
        taught.own["kites"].probabilities(bird)[0, 0]
        < first.own["kites"].probabilities(bird)[0, 0] - 0.1
    )
    assert learning.roll_back(store, LATER)
    again = taggers.in_use(store, settings, WITH_KITES)
    assert again.own["kites"].version == first.own["kites"].version
    assert not learning.roll_back(store, LATER)
    # What was taken back is not made anew by the next tagging.
    pipeline.tag(store, settings, WITH_KITES)
    assert taggers.in_use(store, settings, WITH_KITES).made == again.made
