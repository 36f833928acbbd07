"""What people said, carried to other papers: the base model's weights, moved as little as explains it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np
import scipy.sparse as sp

from aggregator.tag import ridge
from aggregator.tag.evaluate import average_precision, scores
from aggregator.tag.model import Tagger, calibrated

Paper = tuple[str, str]

PENALTY = 0.03
"""Strength of the pull to the base's weights, in its calibrated log-odds."""
ANCHOR = 0.1
"""What a paper of the store that nobody judged weighs: the base's own probability is its target, so
that words of few papers do not move what was well known. Simulated with 1,500 labelled papers as the
base's, 1,500 as people's words, 1,510 to measure by: docs/tagging.md."""
STILL = 1e6
"""Penalty on the constant: people judge what is tagged or near, so how many papers of a topic there
are cannot be told from their words."""
LEAST = 10
"""Papers of a topic that people must have judged, with at least two of each kind."""
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Said:
    """A paper, and what people said of its topics."""

    paper: Paper
    words: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Taught:
    """A topic's outcome: how many papers were judged, figures of the base and, by cross-validation on
    the same papers, of the taught model: `f1`, `average_precision`, `log_loss`, `precision`."""

    papers: int
    relevant: int
    base: Mapping[str, float | None]
    taught: Mapping[str, float | None] = field(default_factory=dict)
    kept: bool = False


def teach(
    base: Tagger, said: Sequence[Said], anchors: Sequence[Paper]
) -> tuple[Tagger | None, dict[str, Taught]]:
    """The base after people's words, and what became of each topic that enough was said of; None if
    no topic got better. Of the `anchors` those that nobody judged hold the base where it is: as many
    of them are tagged as before.

    A topic is kept only if, on the judged papers, with each fold's model taught by the others, its
    F1 is no lower and its log loss lower than the base's.
    """
    rows = base.vectoriser.transform([one.paper for one in said])
    judged_by_anybody = {one.paper for one in said}
    rest = base.vectoriser.transform([one for one in anchors if one not in judged_by_anybody])
    figures: dict[str, Taught] = {}
    weights = np.array(base.artifact.weights, dtype=np.float64)
    thresholds = np.array(base.thresholds, dtype=np.float64)
    for column, topic in enumerate(base.topics):
        judged = np.array([n for n, one in enumerate(said) if topic in one.words], dtype=np.int64)
        truth = np.array([said[n].words[topic] for n in judged], dtype=bool)
        if len(judged) < LEAST or min(truth.sum(), (~truth).sum()) < 2:
            continue
        mine = sp.csr_matrix(rows[judged])
        odds, still = _odds(base, mine, column), _odds(base, rest, column)
        threshold = log_odds(float(base.thresholds[column]))
        before = measured(truth, odds, odds - threshold)
        after = measured(truth, *_unseen(mine, truth, odds, rest, still, threshold))
        kept = no_worse(before, after)
        figures[topic] = Taught(len(judged), int(truth.sum()), before, after, kept)
        if kept:
            change = _change(mine, truth, odds, rest, still)
            weights[:, column] += change / base.artifact.calibration[column, 0]
            cut = _matched(still, still + rest @ change, threshold)
            thresholds[column] = _sure(np.array([cut]))[0]
    if not any(one.kept for one in figures.values()):
        return None, figures
    return _with(base, weights, thresholds, figures), figures


def _odds(base: Tagger, rows: sp.csr_matrix, column: int) -> np.ndarray:
    """(n,) calibrated log-odds of the base."""
    slope, offset = base.artifact.calibration[column].astype(np.float64)
    scores = rows @ base.artifact.weights[:, column] + base.artifact.intercepts[column]
    return slope * scores.astype(np.float64) + offset


def _change(
    rows: sp.csr_matrix, truth: np.ndarray, odds: np.ndarray, rest: sp.csr_matrix, still: np.ndarray
) -> np.ndarray:
    """(f,) what to add to the weights of the log-odds."""
    fitted = ridge.fit(
        sp.csr_matrix(sp.vstack([rows, rest])),
        np.concatenate([truth.astype(float), _sure(still)]),
        weight=np.concatenate([np.ones(len(truth)), np.full(len(still), ANCHOR)]),
        start=np.concatenate([odds, still]),
        penalty=PENALTY,
        constant_penalty=STILL,
    )
    return fitted.weights


def _unseen(
    rows: sp.csr_matrix,
    truth: np.ndarray,
    odds: np.ndarray,
    rest: sp.csr_matrix,
    still: np.ndarray,
    threshold: float,
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) log-odds of each judged paper by a model that was taught by the other folds, and by how
    much they pass that model's threshold."""
    from sklearn.model_selection import StratifiedKFold

    folds = min(FOLDS, int(truth.sum()), int((~truth).sum()))
    found, passed = odds.copy(), odds.copy()
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    for seen, unseen in splitter.split(np.zeros(len(truth)), truth):
        change = _change(sp.csr_matrix(rows[seen]), truth[seen], odds[seen], rest, still)
        found[unseen] += rows[unseen] @ change
        passed[unseen] = found[unseen] - _matched(still, still + rest @ change, threshold)
    return found, passed


def _matched(before: np.ndarray, after: np.ndarray, threshold: float) -> float:
    """The threshold by which as many of the anchors are tagged as before, all in log-odds. With the
    old one taught models tagged too few: people's words are mostly about what is tagged."""
    count = int((before >= threshold).sum())
    if not 0 < count < len(after):
        return threshold
    ordered = np.sort(after)[::-1]
    return float((ordered[count - 1] + ordered[count]) / 2)


def measured(truth: np.ndarray, odds: np.ndarray, passed: np.ndarray) -> dict[str, float | None]:
    """A model's figures on judged papers: `truth` (n,) what people said, `odds` (n,) its log-odds, `passed`
    (n,) by how much they pass its threshold."""
    p = _sure(odds)
    found = scores(truth, p, passed >= 0)
    loss = float(np.mean(np.logaddexp(0, odds) - truth * odds))
    return {
        "precision": _rounded(found.precision),
        "recall": _rounded(found.recall),
        "f1": _rounded(found.f1),
        "average_precision": _rounded(average_precision(truth, p)),
        "log_loss": _rounded(loss),
    }


def no_worse(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> bool:
    """Is F1 no lower and log loss lower than before?"""
    return (after["f1"] or 0.0) >= (before["f1"] or 0.0) and (after["log_loss"] or 0.0) < (
        before["log_loss"] or 0.0
    )


def _with(
    base: Tagger, weights: np.ndarray, thresholds: np.ndarray, figures: Mapping[str, Taught]
) -> Tagger:
    """The base with other weights. `figures["taught"]` names the base and, by topic, what changed."""
    changed: dict[str, Any] = {
        topic: sha256(weights[:, column].astype("<f4").tobytes()).hexdigest()[:12]
        for column, topic in enumerate(base.topics)
        if topic in figures and figures[topic].kept
    }
    about = {**base.artifact.figures, "taught": {"base": base.version, "topics": changed}}
    artifact = replace(
        base.artifact,
        weights=weights.astype(np.float32),
        thresholds=thresholds.astype(np.float32),
        figures=about,
    )
    return replace(base, artifact=artifact)


def _sure(odds: np.ndarray) -> np.ndarray:
    return calibrated(odds[:, None], np.array([[1.0, 0.0]]))[:, 0]


def log_odds(p: float) -> float:
    """The log-odds of a probability between 0 and 1."""
    return float(np.log(p / (1 - p)))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
