"""Learning in the store: people's words move other papers, are taken back, and topics get models."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aggregator import pipeline
from aggregator.errors import UsageError
from aggregator.learn import labels, learning, taggers
from aggregator.settings import Settings
from aggregator.store import feedback, model, papers, people
from aggregator.store.db import Store
from aggregator.tag import meaning, own, teach
from aggregator.tag.artifact import SHIPPED
from aggregator.tag.model import load
from aggregator.topics import Config, Topic, Work
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, put
from tests.tag.made_up import labelled

KITES = Topic(
    name="kites",
    title="Kites",
    keywords=("kite", "paper kite"),
    works=(Work(title="On kites and their tails", year=2001),),
)
WITH_KITES: Config = replace(CONFIG, topics=(*CONFIG.topics, KITES))
# What the shipped model takes for a GAN, and a reader here does not.
ODD = "Adversarial discriminator of sedimentary basalt"
TRUE = "Generative adversarial networks for images"


def texts(n: int) -> list[tuple[str, str]]:
    return [(f"{row['title']} {i}", row["abstract"]) for i, row in enumerate(labelled(n))]


def said(n: int) -> list[teach.Said]:
    odd = [(f"{ODD} {i}", "We train a discriminator on basalt and quartz.") for i in range(n)]
    true = [(f"{TRUE} {i}", "A generator and a discriminator play a game.") for i in range(n)]
    return [teach.Said(p, {"gan": False}) for p in odd] + [
        teach.Said(p, {"gan": True}) for p in true
    ]


def log_odds(p: float) -> float:
    return float(np.log(p) - np.log1p(-p))


def test_words_move_papers_like_them_and_leave_others() -> None:
    base = load()
    found, figures = teach.teach(base, said(12), texts(200))
    assert found is not None
    assert figures.keys() == {"gan"}
    assert figures["gan"].kept
    column = base.topics.index("gan")
    new = [(ODD, "Another discriminator of basalt."), (TRUE, "A generator.")]
    before, after = base.probabilities(new)[:, column], found.probabilities(new)[:, column]
    # In log-odds: the shipped model is all but sure of the odd ones, too.
    assert log_odds(after[0]) < log_odds(before[0]) - 3
    assert after[1] > before[1] - 0.05
    others = [n for n in range(len(base.topics)) if n != column]
    assert (found.artifact.weights[:, others] == base.artifact.weights[:, others]).all()
    assert np.abs(base.probabilities(texts(50)) - found.probabilities(texts(50))).max() < 0.05
    assert found.artifact.figures["taught"]["base"] == base.version


def test_what_people_rejected_is_not_made_up_for_by_other_papers() -> None:
    base, words = load(), said(12)
    column = base.topics.index("gan")
    found, figures = teach.teach(base, words, [*texts(200), *(one.paper for one in words)])
    assert found is not None
    assert figures["gan"].taught["precision"] == 1.0
    # Were they counted among those of which as many are tagged as before, it would fall to .01.
    assert found.thresholds[column] == pytest.approx(base.thresholds[column])


def test_what_is_no_better_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    base = load()
    assert teach.teach(base, said(3), texts(100)) == (None, {})
    assert teach.teach(base, [], []) == (None, {})
    monkeypatch.setattr(teach, "PENALTY", 1e9)  # a model that cannot move
    found, figures = teach.teach(base, said(10), texts(100))
    assert found is None
    assert not figures["gan"].kept
    assert figures["gan"].taught == pytest.approx(figures["gan"].base, abs=1e-3)


def fill(store: Store) -> None:
    put(
        store,
        *(
            preprint(
                f"1711.{n:05d}", title=one.paper[0], abstract=one.paper[1], authors=(f"A {n}",)
            )
            for n, one in enumerate(said(14))
        ),
    )


def say(store: Store, words: dict[int, bool], now: datetime = NOW) -> None:
    with store.write() as connection:
        ada = people.ensure(connection, people.LOCAL, NOW, confirmed=True)
        for number, relevant in words.items():
            doc = papers.by_name(connection, f"arxiv:1711.{number:05d}").doc
            feedback.say(connection, ada, doc["id"], "gan", relevant, now, topics=CONFIG.topics)


def test_learning_in_the_store_and_taking_it_back(store: Store, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    fill(store)
    pipeline.tag(store, settings, CONFIG)
    say(store, {n: n >= 14 for n in (*range(11), *range(14, 25))})
    assert learning.is_due(store, NOW)
    attempt = learning.learn(store, settings, CONFIG, NOW)
    assert (attempt.outcome, attempt.words) == ("kept", 22)
    using = taggers.in_use(store, settings, CONFIG)
    assert using.tagger is not using.base
    column = using.base.topics.index("gan")
    unjudged = [(f"{ODD} 12", "We train a discriminator on basalt and quartz.")]
    gone = using.tagger.probabilities(unjudged)[0, column]
    assert gone < using.base.probabilities(unjudged)[0, column] - 0.02
    # Only that topic and the one above it are looked at again; papers nobody judged follow.
    pipeline.tag(store, settings, CONFIG)
    with store.read() as connection:
        doc = papers.by_name(connection, "arxiv:1711.00012").doc
    assert {t["name"]: t["probability"] for t in doc["topics"]}.get("gan", gone) == pytest.approx(
        gone, abs=1e-3
    )
    assert not learning.is_due(store, NOW + timedelta(days=2))
    figures = learning.topic_figures(store, settings, CONFIG)["gan"]
    assert figures["people"]["confirmed"] == figures["people"]["rejected"] == 11
    assert figures["people"]["kept"] is True
    assert learning.roll_back(store, NOW)
    assert taggers.in_use(store, settings, CONFIG).tagger is using.base
    assert not learning.roll_back(store, NOW)
    with store.read() as connection:
        last = model.last_attempt(connection)
    assert last is not None
    assert last.outcome == "rolled_back"


def test_who_says_otherwise_by_now_has_said_something_new(store: Store, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    fill(store)
    say(store, dict.fromkeys(range(11), True))
    learning.learn(store, settings, CONFIG, NOW)
    later = NOW + timedelta(days=2)
    assert not learning.is_due(store, later)
    say(store, dict.fromkeys(range(9), False), later)
    assert not learning.is_due(store, later)
    say(store, {9: False}, later)
    assert learning.is_due(store, later)


def test_the_model_before_is_used_again(store: Store) -> None:
    with store.write() as connection:
        for version in ("a", "b", "c"):
            model.swap_in(
                connection, "taught", "", basis="x", version=version, now=NOW, figures={},
                content=version.encode(),
            )  # fmt: skip
        assert model.in_use(connection)["taught", ""].version == "c"
        assert model.take_back(connection, "taught", "")
        assert model.in_use(connection)["taught", ""].version == "b"
        assert model.data(connection, model.in_use(connection)["taught", ""].pk) == b"b"
        assert model.take_back(connection, "taught", "")
        assert not model.take_back(connection, "taught", "")


def test_a_broken_model_is_refused_and_the_base_used(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data_dir=tmp_path)
    base = taggers.read_base(settings)
    with store.write() as connection:
        version = f"broken {store.is_sqlite}"
        model.swap_in(
            connection, "taught", "", basis=base.version, version=version, now=NOW, figures={},
            content=b"nonsense",
        )  # fmt: skip
    assert taggers.in_use(store, settings, CONFIG).tagger is base
    assert "not a model file" in caplog.text


def test_a_broken_or_foreign_model_file_is_refused_and_the_shipped_one_used(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shipped = taggers.read_base(Settings(data_dir=tmp_path / "empty"))
    settings = Settings(data_dir=tmp_path)
    whole = SHIPPED.read_bytes()
    cut, foreign = whole[: len(whole) // 2], meaning.SHIPPED.read_bytes()
    for content in (b"", cut, whole[:-9_000] + b"?" * 9_000, foreign):
        caplog.clear()
        settings.own_tagger.write_bytes(content)
        assert taggers.read_base(settings) is shipped
        assert taggers.in_use(store, settings, CONFIG).tagger is shipped
        assert caplog.text.count("not a model file") == 1  # said once, and not for each batch
        assert f"{settings.own_tagger}: " in caplog.text
        assert "the shipped model is" in caplog.text
        taggers.check(settings)
    settings.own_tagger.write_bytes(whole)
    assert taggers.read_base(settings) is not shipped


def kites(n: int) -> list[tuple[str, str]]:
    return [
        (f"A kite in the wind {i}", f"The kite and its tail rise on a breeze of {i} knots.")
        for i in range(n)
    ]


def test_a_topic_of_ones_own_learns_from_its_keywords() -> None:
    sample = [*kites(30), *texts(600)]
    made = own.fit(KITES, [("On kites and their tails", "")], [], sample)
    assert made is not None
    tagger = taggers.as_tagger(taggers.artifacts.to_bytes(made), "kites")
    p = tagger.probabilities([
        ("Another kite", "It has a tail."),
        ("A tail on a breeze", "It rises in the wind of ten knots."),
        ("On a theory of kernels", "We propose a parser."),
    ])[:, 0]  # fmt: skip
    assert p[0] > tagger.thresholds[0] > p[2]
    assert p[1] > 3 * p[2]
    wrong = [own.Judged(paper, False) for paper in kites(30)[:10]]
    again = own.fit(KITES, [], wrong, sample)
    assert again is not None
    less = taggers.as_tagger(taggers.artifacts.to_bytes(again), "kites")
    assert less.probabilities(kites(1))[0, 0] < tagger.probabilities(kites(1))[0, 0]
    assert own.fit(KITES, [], [], sample[:100]) is None
    assert own.fit(KITES, [], [], texts(600)) is None


def test_a_short_text_of_unknown_words_is_not_about_a_topic_that_is_frequent() -> None:
    # Posts have titles alone, so that few words come to look like the topic.
    about = [(title, "") for title, _ in kites(300)]
    others = [(title, f"{text} It is in the wind of a day.") for title, text in texts(300)]
    made = own.fit(KITES, [], [], [*about, *others])
    assert made is not None
    tagger = taggers.as_tagger(taggers.artifacts.to_bytes(made), "kites")
    p = tagger.probabilities([("Vermicompost fertilizer", ""), about[0]])[:, 0]
    assert own.THRESHOLD < p[0] < tagger.thresholds[0] < p[1]


def test_a_new_topic_gets_its_model_at_the_first_tagging(store: Store, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    many = [*kites(30), *texts(600)]
    put(
        store,
        *(
            preprint(f"1712.{n:05d}", title=title, abstract=text, authors=(f"B {n}",))
            for n, (title, text) in enumerate(many)
        ),
    )
    pipeline.tag(store, settings, CONFIG)
    pipeline.tag(store, settings, WITH_KITES)
    using = taggers.in_use(store, settings, WITH_KITES)
    assert using.own.keys() == {"kites"}
    assert learning.topic_figures(store, settings, WITH_KITES)["kites"]["decided_by"] == "own"
    with store.read() as connection:
        doc = papers.by_name(connection, "arxiv:1712.00000").doc
    assert [(t["name"], t["by"]) for t in doc["topics"]] == [("kites", "model")]
    made = using.made["own", "kites"].pk
    pipeline.tag(store, settings, WITH_KITES)
    assert taggers.in_use(store, settings, WITH_KITES).made["own", "kites"].pk == made


def test_labels_go_out_and_come_in(store: Store, tmp_path: Path) -> None:
    fill(store)
    pipeline.tag(store, Settings(data_dir=tmp_path), CONFIG)
    say(store, {0: False, 20: True})
    text = "".join(labels.export_labels(store))
    lines = [json.loads(line) for line in text.splitlines()]
    assert sorted(line["grades"]["gan"] for line in lines) == [0, 2]
    assert all(line["identifiers"]["arxiv"].startswith("1711.") for line in lines)
    file = tmp_path / "labels.jsonl"
    strange = {"id": "2501.99999", "title": "Nowhere", "abstract": "", "grades": {"gan": 2}}
    more = {"id": "1711.00003", "title": "x", "abstract": "", "grades": {"gan": 2, "cooking": 2}}
    graded = {"id": "1711.00004", "title": "x", "abstract": "", "grades": {"gan": 1}}
    rows = [strange, more, graded]
    file.write_text(text + "".join(json.dumps(row) + "\n" for row in rows))
    assert labels.import_labels(store, CONFIG, file, NOW) == labels.Imported(1, 1, 2)
    assert labels.import_labels(store, CONFIG, file, NOW) == labels.Imported(0, 1, 2)
    file.write_text(text + '{"title": "x", "grades": {"gan": 7}}\n')
    with pytest.raises(UsageError, match="line 3"):
        labels.import_labels(store, CONFIG, file, NOW)


def test_what_to_label_next(store: Store, tmp_path: Path) -> None:
    fill(store)
    pipeline.tag(store, Settings(data_dir=tmp_path), CONFIG)
    found = labels.next_to_label(store, CONFIG, ["gan"], 4, NOW)
    assert len(found) == 4
    say(store, dict.fromkeys(range(14), True))
    after = labels.next_to_label(store, CONFIG, ["gan"], 50, NOW)
    assert not any(one["title"].startswith(ODD) for one in after)
    with pytest.raises(UsageError, match="cooking"):
        labels.next_to_label(store, CONFIG, ["cooking"], 4, NOW)


def test_near_the_threshold_recent_and_unlike() -> None:
    from aggregator.tag.uncertain import Candidate, choose, use

    near = [Candidate(str(n), f"Basalt discriminator {n % 2}", use(0.5, 0.5, n)) for n in range(4)]
    far = Candidate("far", "Kernels", use(0.99, 0.5, 0))
    other = Candidate("other", "Kernels of graphs", use(0.45, 0.5, 5))
    old = Candidate("old", "Optimal transport", use(0.5, 0.5, 20_000))
    found = [one.id for one in choose([*near, far, other, old], 3)]
    assert found[:2] == ["0", "other"]
    assert choose([], 3) == []
