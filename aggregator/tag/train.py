"""Training: a corpus and labelled papers -> a model file's content and its honest figures."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from aggregator.errors import UsageError
from aggregator.tag import artifact as artifacts
from aggregator.tag import learn_meaning, meaning, translations
from aggregator.tag.artifact import Artifact
from aggregator.tag.crossval import Labels, cross_validate, fit_topic, tune
from aggregator.tag.evaluate import POSITIVE, grade_matrix
from aggregator.tag.features import features
from aggregator.tag.files import read_labelled, read_papers
from aggregator.tag.meaning import Correction, Embedder
from aggregator.tag.themes import folded, themes, widened
from aggregator.tag.vectors import Vectoriser, shape

log = logging.getLogger(__name__)

LEAST_PAPERS = 6
"""Labelled papers a feature must occur in: at 6 cross-validated F1 was as good as at 3, with half
the features (2: .884, 3: .883, 4: .884, 6: .887 macro-F1 on random + enriched)."""

LEAST_POSITIVES = 10
"""Positives (and negatives) a topic needs: nested five-fold splits must each find some."""

FOLDS = 5
REPEATS = 2
_CHUNK = 4096


@dataclass(frozen=True)
class TrainingResult:
    """What `save` writes, and the cross-validated figures (JSON values; see `train`)."""

    artifact: Artifact
    figures: Mapping[str, Any]
    correction: Correction | None = None


@dataclass(frozen=True)
class Material:
    """What models are fitted on: f features, k themes (`directions` (f, k)), labelled papers."""

    topics: Sequence[str]
    papers: Sequence[tuple[str, str]]
    vectoriser: Vectoriser
    directions: np.ndarray
    labels: Labels
    corpus_papers: int
    pairs: Sequence[translations.Pair]


def train(
    corpus_files: Sequence[Path | str],
    label_files: Sequence[Path | str],
    *,
    now: datetime | None = None,
    embedder: Embedder | None = None,
) -> TrainingResult:
    """Fit a tagger on labelled papers; the corpus tells how common each feature is, and which
    features go together.

    Labels: JSON Lines `{"title", "abstract", "grades": {topic: 0|1|2}}`; `stratum` (`random`,
    `enriched`, `uncertain`) and `id` are used where given. Corpus: JSON Lines with `title` and
    `abstract`; rows that also have `title_zh` and `abstract_zh` teach the model Chinese. `now` is
    noted as the date of training; with an `embedder` a correction by embeddings is learned, too.
    Deterministic; one thread; progress goes to the log.

    Figures are those of nested, stratified, repeated cross-validation, thresholds and calibration
    chosen inside the folds: {"measured_on", "folds", "repeats", "papers", "corpus_papers",
    "features", "themes", "strata": {stratum: evaluation and its "intervals"},
    "calibration_error": {topic: ECE, "mean", "pooled"}}; the
    stratum "random+enriched" is the headline, "arxiv" its part with arXiv ids.

    Raises UsageError naming the file if one is broken, or a topic if it has too few labels.
    """
    material = prepare(corpus_files, label_files)
    figures = {
        "papers": len(material.labels.strata),
        "corpus_papers": material.corpus_papers,
        "features": len(material.vectoriser.vocabulary),
        "themes": material.directions.shape[1],
        **cross_validate(material.labels, material.topics, folds=FOLDS, repeats=REPEATS),
    }
    artifact = fit(material)
    if material.pairs:
        artifact, figures["chinese"] = translations.teach(artifact, material.pairs)
    trained = now.date().isoformat() if now else ""
    artifact = Artifact(**{**vars(artifact), "trained": trained, "figures": figures})
    correction = _correction(material, artifact, embedder) if embedder else None
    return TrainingResult(artifact, figures, correction)


def _correction(material: Material, artifact: Artifact, embedder: Embedder) -> Correction:
    log.info("reading the meaning of %d labelled papers", len(material.papers))
    return learn_meaning.learn(
        material.labels,
        material.topics,
        embedder.embed(material.papers),
        base=artifacts.version_of(artifacts.to_bytes(artifact)),
        embedder=embedder.name,
        folds=2 * FOLDS,
        thresholds=[float(p) for p in artifact.thresholds],
    )


def prepare(corpus_files: Sequence[Path | str], label_files: Sequence[Path | str]) -> Material:
    """Read the files of `train` and turn them into rows; raises as `train` does."""
    labelled = [row for path in label_files for row in read_labelled(path)]
    topics = _topics(labelled)
    papers = [(row["title"], row["abstract"]) for row in labelled]
    log.info("reading %d labelled papers for features", len(papers))
    vocabulary = _vocabulary(papers)
    idf, corpus, pairs = _weigh(vocabulary, papers, corpus_files)
    vectoriser = Vectoriser(vocabulary, idf)
    log.info("finding themes in %d papers", shape(corpus)[0])
    directions = themes(vectoriser.weigh(corpus))
    rows = widened(vectoriser.transform(papers), directions)
    labels = Labels.of(rows, grade_matrix(labelled, topics), labelled, directions.shape[1])
    return Material(topics, papers, vectoriser, directions, labels, shape(corpus)[0], pairs)


def save(result: TrainingResult, path: Path | str) -> None:
    """Write the model file in one step, so that `load` never sees half of it, and beside it the
    correction by embeddings, if there is one.

    Raises UsageError if the place cannot be written.
    """
    artifacts.write(result.artifact, Path(path))
    if result.correction:
        artifacts.put(meaning.to_bytes(result.correction), meaning.beside(Path(path)))


def _topics(labelled: Sequence[Mapping[str, Any]]) -> list[str]:
    """Topics in the order in which the labels name them, each with enough labels."""
    topics = list(dict.fromkeys(topic for row in labelled for topic in row["grades"]))
    if not topics:
        raise UsageError("No labelled papers; expected at least one file with some.")
    for topic, grades in zip(topics, grade_matrix(labelled, topics).T, strict=True):
        for what, grade in (("positive", POSITIVE), ("negative", 0)):
            n = int((grades == grade).sum())
            if n < LEAST_POSITIVES:
                raise UsageError(
                    f'Topic "{topic}" has {n} {what} labels (grade {grade}); expected at least '
                    f"{LEAST_POSITIVES}."
                )
    return topics


def _vocabulary(papers: Sequence[tuple[str, str]]) -> list[str]:
    """Features worth a weight: those in enough labelled papers, in alphabetical order."""
    count: Counter[str] = Counter()
    for title, abstract in papers:
        count.update(set(features(title, abstract)))
    return sorted(name for name, n in count.items() if n >= LEAST_PAPERS)


def _weigh(
    vocabulary: Sequence[str], papers: Sequence[tuple[str, str]], files: Sequence[Path | str]
) -> tuple[np.ndarray, sp.csr_matrix, list[translations.Pair]]:
    """Inverse document frequencies over corpus and labels, smoothed as scikit-learn's:
    ln((1 + n) / (1 + df)) + 1; counts of the corpus papers; papers that come with a translation.
    """
    counter = Vectoriser(vocabulary, np.ones(len(vocabulary)))
    seen = {title.casefold() for title, _ in papers}
    chunk: list[tuple[str, str]] = []
    counts: list[sp.csr_matrix] = []
    pairs: list[translations.Pair] = []
    for path in files:
        log.info("reading the corpus: %s", path)
        for row in read_papers(path):
            paper = (row["title"], row["abstract"])
            if row.get("title_zh") and row.get("abstract_zh"):
                pairs.append((paper, (row["title_zh"], row["abstract_zh"])))
            if paper[0].casefold() in seen:
                continue  # a paper that several lists hold, or a labelled one, counts once
            seen.add(paper[0].casefold())
            chunk.append(paper)
            if len(chunk) == _CHUNK:
                counts.append(counter.counts(chunk))
                chunk.clear()
    corpus = sp.csr_matrix(sp.vstack([*counts, counter.counts(chunk)], format="csr"))
    frequency = _document_frequency(corpus) + _document_frequency(counter.counts(papers))
    return np.log((1 + shape(corpus)[0] + len(papers)) / (1 + frequency)) + 1, corpus, pairs


def _document_frequency(counts: sp.csr_matrix) -> np.ndarray:
    return np.bincount(counts.indices, minlength=shape(counts)[1])


def fit(material: Material) -> Artifact:
    """The final model: weights from all labels; calibration and threshold by cross-fitting."""
    labels, vectoriser = material.labels, material.vectoriser
    weights, intercepts, calibration, thresholds = [], [], [], []
    for column, topic in enumerate(material.topics):
        log.info("fitting %s", topic)
        rows = labels.decided(column)
        model = fit_topic(labels, column, rows)
        tuned = tune(labels, column, rows, folds=2 * FOLDS, seed=0)
        weights.append(folded(model.weights, material.directions))
        intercepts.append(model.intercept)
        calibration.append((tuned.slope, tuned.offset))
        thresholds.append(tuned.threshold)
    return Artifact(
        topics=tuple(material.topics),
        vocabulary=vectoriser.vocabulary,
        idf=vectoriser.idf,
        weights=np.array(weights, dtype=np.float32).T,
        intercepts=np.array(intercepts, dtype=np.float32),
        calibration=np.array(calibration, dtype=np.float32),
        thresholds=np.array(thresholds, dtype=np.float32),
    )
