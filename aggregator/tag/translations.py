"""Learning Chinese from translated papers: the English model teaches, the Chinese text learns.

No labelled Chinese papers exist. Papers with both texts get their probabilities from the English
one; weights of Chinese features are then fitted so that the Chinese text alone gives the same. The
English weights stay as they are, so what was measured of English papers holds.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from aggregator.tag.artifact import Artifact
from aggregator.tag.evaluate import average_precision, scores
from aggregator.tag.features import features
from aggregator.tag.model import calibrated
from aggregator.tag.vectors import Vectoriser

log = logging.getLogger(__name__)

Paper = tuple[str, str]
Pair = tuple[Paper, Paper]
"""(title, abstract) in English, and the same paper in Chinese."""

MOST_FEATURES = 10_000
LEAST_PAPERS = 20
"""A Chinese feature must occur in so many papers, and only the most frequent are kept, so that the
file stays small. Average precision of agreement: .909 with 5,000, .916 with 10,000, .920 with all
14,800."""

PENALTY = 0.05
"""Strength of the L2 penalty on Chinese weights, 1 / C of the English ones. Average precision: .916
from .01 to .05, .913 at .2, .908 at .5."""

HELD_OUT = 5
"""Every fifth pair is kept from learning when agreement is measured."""


def teach(artifact: Artifact, pairs: Sequence[Pair]) -> tuple[Artifact, dict[str, Any]]:
    """Model and translated papers -> the model with Chinese features, and how well the Chinese text
    agrees with the English one on pairs held out: {"pairs", "features", "average_precision",
    "f1"}, means over topics, with the English tags as truth.
    """
    log.info("learning Chinese from %d translated papers", len(pairs))
    english, chinese = [en for en, _ in pairs], [zh for _, zh in pairs]
    teacher = _scores(artifact, Vectoriser(artifact.vocabulary, artifact.idf), english)
    target = calibrated(teacher, artifact.calibration)
    widened = _widened(artifact, chinese)
    vectoriser = Vectoriser(widened.vocabulary, widened.idf)
    rows = vectoriser.transform(chinese)
    held_out = np.arange(len(pairs)) % HELD_OUT == 0
    student = _fitted(widened, rows[~held_out], target[~held_out])
    figures = {
        "pairs": len(pairs),
        "features": len(widened.vocabulary) - len(artifact.vocabulary),
        **_agreement(student, rows[held_out], target[held_out]),
    }
    return _fitted(widened, rows, target), figures


def _widened(artifact: Artifact, papers: Sequence[Paper]) -> Artifact:
    """The model with the frequent features of Chinese text added, all of weight 0."""
    count: Counter[str] = Counter()
    for title, abstract in papers:
        count.update(name for name in set(features(title, abstract)) if not name.isascii())
    known = set(artifact.vocabulary)
    frequent = [
        (name, n)
        for name, n in sorted(count.items(), key=lambda item: (-item[1], item[0]))
        if n >= LEAST_PAPERS and name not in known and not name.replace("…", "").isascii()
    ][:MOST_FEATURES]
    df = np.array([n for _, n in frequent], dtype=np.float64)
    idf = np.log((1 + len(papers)) / (1 + df)) + 1
    nothing = np.zeros((len(frequent), len(artifact.topics)), dtype=np.float32)
    return replace(
        artifact,
        vocabulary=artifact.vocabulary + tuple(name for name, _ in frequent),
        idf=np.concatenate([artifact.idf, idf]).astype(np.float32),
        weights=np.concatenate([artifact.weights, nothing]),
    )


def _fitted(artifact: Artifact, rows: sp.csr_matrix, target: np.ndarray) -> Artifact:
    """The model with the Chinese weights that bring `rows` closest to `target` (n, t)."""
    from scipy.optimize import minimize

    new = np.flatnonzero(~np.any(artifact.weights, axis=1))
    weights = artifact.weights.copy()
    columns = rows[:, new]
    fixed = rows @ artifact.weights + artifact.intercepts
    for topic in range(len(artifact.topics)):
        slope, offset = artifact.calibration[topic]
        start, wanted = slope * fixed[:, topic] + offset, target[:, topic]

        def loss(
            w: np.ndarray, start: np.ndarray = start, wanted: np.ndarray = wanted, a: float = slope
        ) -> tuple[float, np.ndarray]:
            """Cross-entropy to the teacher's probabilities, and its gradient."""
            odds = start + a * (columns @ w)
            gap = calibrated(odds[:, None], np.array([[1.0, 0.0]]))[:, 0] - wanted
            value = np.sum(np.logaddexp(0, odds) - wanted * odds) + PENALTY / 2 * (w @ w)
            return float(value), a * (columns.T @ gap) + PENALTY * w

        best = minimize(loss, np.zeros(len(new)), jac=True, method="L-BFGS-B")
        weights[new, topic] = best.x
    return replace(artifact, weights=weights)


def _scores(artifact: Artifact, vectoriser: Vectoriser, papers: Sequence[Paper]) -> np.ndarray:
    return vectoriser.transform(papers) @ artifact.weights + artifact.intercepts


def _agreement(artifact: Artifact, rows: sp.csr_matrix, target: np.ndarray) -> dict[str, Any]:
    """Figures of the Chinese text with the English tags as truth."""
    p = calibrated(rows @ artifact.weights + artifact.intercepts, artifact.calibration)
    aps, f1s = [], []
    for topic, threshold in enumerate(artifact.thresholds):
        truth = target[:, topic] >= threshold
        if truth.any():
            aps.append(average_precision(truth, p[:, topic]))
            f1s.append(scores(truth, p[:, topic], p[:, topic] >= threshold).f1)
    return {
        "average_precision": round(float(np.mean(aps)), 4) if aps else None,
        "f1": round(float(np.mean(f1s)), 4) if f1s else None,
    }
