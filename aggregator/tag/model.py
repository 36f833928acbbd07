"""The trained tagger: papers -> calibrated probability per topic, and what made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from aggregator.tag import artifact as artifacts
from aggregator.tag.artifact import Artifact
from aggregator.tag.meaning import Meaning
from aggregator.tag.vectors import Vectoriser


@dataclass(frozen=True)
class Tagger:
    """A model in memory. `version` tells which model made a tag: it changes with any content.
    `meaning` corrects what the words say, where embeddings are switched on."""

    artifact: Artifact
    vectoriser: Vectoriser
    version: str
    meaning: Meaning | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics it was trained on: the columns of `probabilities`."""
        return self.artifact.topics

    @property
    def thresholds(self) -> np.ndarray:
        """(n_topics,) least probability at which a paper is tagged."""
        words = self.artifact.thresholds
        if self.meaning is None:
            return words
        odds = np.log(words / (1 - words.astype(np.float64)))
        return calibrated(self.meaning.thresholds(odds)[None], AS_THEY_ARE)[0]

    def probabilities(
        self, papers: Sequence[tuple[str, str]], words: Sequence[Sequence[str]] = ()
    ) -> np.ndarray:
        """(title, abstract) pairs -> (n_papers, n_topics) float64 in 0..1.

        The chance that a reader of the topic would clearly want the paper, among papers as they
        come in a daily feed. Either text may be empty. `words` are the papers' as `words_of` gives
        them, where they are known already.
        """
        seen = self.vectoriser
        rows = seen.transform_words(words) if words else seen.transform(papers)
        scores = rows @ self.artifact.weights + self.artifact.intercepts
        if self.meaning is None:
            return calibrated(scores, self.artifact.calibration)
        slope, offset = self.artifact.calibration.astype(np.float64).T
        return calibrated(self.meaning.corrected(slope * scores + offset, papers), AS_THEY_ARE)

    def meant(self, title: str, abstract: str, topic: str) -> float | None:
        """What the paper's meaning added to the log-odds of a topic; None without embeddings."""
        if self.meaning is None:
            return None
        return float(self.meaning.added([(title, abstract)])[0, self.topics.index(topic)])

    def explain(self, title: str, abstract: str, topic: str) -> list[tuple[str, float]]:
        """What spoke for the topic (weight > 0) or against it, heaviest first.

        Weights are log-odds: with the model's constant they add up to those of the probability.
        Raises ValueError if the model does not know the topic.
        """
        return self.explain_row(self.vectoriser.transform([(title, abstract)]), topic)

    def explain_row(self, row: sp.csr_matrix, topic: str) -> list[tuple[str, float]]:
        """As `explain`, of a paper's row that the vectoriser made."""
        column = self.topics.index(topic)
        slope = float(self.artifact.calibration[column, 0])
        if self.meaning:
            slope *= float(self.meaning.correction.slopes[column])
        weights = row.data * self.artifact.weights[row.indices, column] * slope
        named = zip((self.vectoriser.vocabulary[i] for i in row.indices), weights, strict=True)
        return sorted(
            ((name, float(weight)) for name, weight in named),
            key=lambda pair: (-abs(pair[1]), pair),
        )


AS_THEY_ARE = np.array([[1.0, 0.0]])
"""Slope and offset of scores that are log-odds already."""


def calibrated(scores: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """(n, n_topics) scores and (n_topics, 2) slope and offset -> probabilities, float64.

    Platt, "Probabilistic outputs for support vector machines", 1999.
    """
    slope, offset = np.asarray(calibration, dtype=np.float64).T
    # tanh does not overflow where exp would.
    return 0.5 * (1 + np.tanh(0.5 * (slope * np.asarray(scores, dtype=np.float64) + offset)))


def load(path: Path | str | None = None) -> Tagger:
    """Read a model file; without a path the one that ships with Daypaper.

    Raises UsageError if the file is missing or broken.
    """
    artifact, version = artifacts.read(artifacts.SHIPPED if path is None else Path(path))
    return Tagger(artifact, Vectoriser(artifact.vocabulary, artifact.idf), version)
