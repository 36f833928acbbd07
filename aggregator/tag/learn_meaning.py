"""Learning how embeddings correct the words, from log-odds of papers that the words' model had not seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from aggregator.tag import ridge
from aggregator.tag.crossval import (
    Labels,
    Tuning,
    averaged,
    figures,
    fit_topic,
    held_out,
    splits,
    tuned,
)
from aggregator.tag.meaning import Correction
from aggregator.tag.model import AS_THEY_ARE, calibrated

PENALTY = 1.0
"""L2 penalty of the correction's weights; rows have length 1."""


@dataclass(frozen=True, slots=True)
class _Topic:
    """The correction of one topic, in log-odds; see `Correction`."""

    slope: float
    weights: np.ndarray
    constant: float
    threshold: float

    def corrected(self, odds: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return self.slope * odds + vectors @ self.weights + self.constant


def learn(
    labels: Labels,
    topics: Sequence[str],
    vectors: np.ndarray,
    *,
    base: str,
    embedder: str,
    folds: int,
    thresholds: Sequence[float],
) -> Correction:
    """Labelled papers and their embeddings (n, d) -> the correction of the words' model of version
    `base`, whose `thresholds` are probabilities.

    A logistic regression that starts from the words' log-odds and moves as little as explains the
    labels (`ridge.fit`), calibrated again, with a threshold of its own.
    """
    made = []
    for column in range(len(topics)):
        rows = labels.decided(column)
        words = _words(labels, column, rows, folds=folds, seed=0)[0]
        made.append(_learn(labels, column, rows, words, vectors, folds=folds, seed=0))
    return Correction(
        topics=tuple(topics),
        base=base,
        embedder=embedder,
        slopes=np.array([one.slope for one in made]),
        weights=np.array([one.weights for one in made]).T,
        constants=np.array([one.constant for one in made]),
        shifts=np.array(
            [one.threshold - _log_odds(p) for one, p in zip(made, thresholds, strict=True)]
        ),
    )


def cross_validate(
    labels: Labels, topics: Sequence[str], vectors: np.ndarray, *, folds: int, repeats: int
) -> dict[str, Any]:
    """Figures of words and meaning on papers that neither has seen, in the form of
    `crossval.cross_validate`."""
    runs = [
        figures(labels, topics, *unseen(labels, topics, vectors, folds=folds, seed=seed))
        for seed in range(repeats)
    ]
    return {"folds": folds, "repeats": repeats, **averaged(runs)}


def unseen(
    labels: Labels, topics: Sequence[str], vectors: np.ndarray, *, folds: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(n, t) probabilities and decisions of words and meaning, as `crossval.unseen`."""
    probabilities = np.full(labels.grades.shape, np.nan)
    tagged = np.zeros(labels.grades.shape, dtype=bool)
    for column in range(len(topics)):
        rows = labels.decided(column)
        for seen, out in splits(labels.truth(column, rows), folds, seed):
            words, tuning = _words(labels, column, rows[seen], folds=folds, seed=seed)
            one = _learn(labels, column, rows[seen], words, vectors, folds=folds, seed=seed)
            scores = fit_topic(labels, column, rows[seen]).score(labels.rows[rows[out]])
            odds = one.corrected(tuning.slope * scores + tuning.offset, vectors[rows[out]])
            probabilities[rows[out], column] = calibrated(odds[:, None], AS_THEY_ARE)[:, 0]
            tagged[rows[out], column] = odds >= one.threshold
    return probabilities, tagged


def _words(
    labels: Labels, column: int, rows: np.ndarray, *, folds: int, seed: int
) -> tuple[np.ndarray, Tuning]:
    """(n,) calibrated log-odds of the words, each by a model that had not seen the paper."""
    scores = held_out(labels, column, rows, folds=folds, seed=seed)
    tuning = tuned(labels, column, rows, scores)
    return tuning.slope * scores + tuning.offset, tuning


def _learn(
    labels: Labels,
    column: int,
    rows: np.ndarray,
    words: np.ndarray,
    vectors: np.ndarray,
    *,
    folds: int,
    seed: int,
) -> _Topic:
    """The correction of one topic, its calibration and threshold chosen by folds."""
    truth, mine = labels.truth(column, rows), vectors[rows]
    weight = labels.importance(column, rows)

    def fit(some: np.ndarray) -> ridge.Fitted:
        return ridge.fit(
            sp.csr_matrix(mine[some]),
            truth[some].astype(float),
            weight=weight[some],
            penalty=PENALTY,
            start=words[some],
        )

    corrected = words.copy()
    for seen, out in splits(truth, folds, seed):
        part = fit(seen)
        corrected[out] += mine[out] @ part.weights + part.constant
    tuning = tuned(labels, column, rows, corrected)
    whole = fit(np.arange(len(rows)))
    return _Topic(
        tuning.slope,
        tuning.slope * whole.weights,
        tuning.slope * whole.constant + tuning.offset,
        _log_odds(tuning.threshold),
    )


def _log_odds(p: float) -> float:
    return float(np.log(p / (1 - p)))
