"""How good tags are: precision, recall, F1, average precision, calibration error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aggregator.errors import UsageError
from aggregator.tag.model import Tagger

POSITIVE, LEFT_OUT = 2, 1
"""Grades: 2 is positive, 0 negative; 1 (could take it or leave it) is left out."""


DRAWS = 500
"""Draws of the bootstrap: its bounds are then steady to about .002."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of one topic, each 0..1; None where there is nothing to divide by."""

    papers: int
    positives: int
    tagged: int
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures per topic, and their plain means over the topics where they exist."""

    papers: int
    topics: Mapping[str, Scores]
    macro_precision: float | None
    macro_recall: float | None
    macro_f1: float | None
    mean_average_precision: float | None


def evaluate(tagger: Tagger, labelled: Sequence[Mapping[str, Any]]) -> Evaluation:
    """Measure a tagger on papers with `title`, `abstract` and `grades` {topic: 0, 1 or 2}.

    Only topics known to both count; a topic that a paper has no grade for is left out there.
    Raises UsageError if labels and tagger share no topic.
    """
    graded = {topic for row in labelled for topic in row["grades"]}
    topics = [topic for topic in tagger.topics if topic in graded]
    if not topics:
        raise UsageError(
            f"The labels grade {', '.join(sorted(graded)) or 'nothing'}; expected at least one of "
            f"the model's topics: {', '.join(tagger.topics)}."
        )
    probabilities = tagger.probabilities([(row["title"], row["abstract"]) for row in labelled])
    columns = [tagger.topics.index(topic) for topic in topics]
    grades = grade_matrix(labelled, topics)
    tagged = probabilities >= tagger.thresholds
    return summary(topics, grades, probabilities[:, columns], tagged[:, columns])


def summary(
    topics: Sequence[str], grades: np.ndarray, probabilities: np.ndarray, tagged: np.ndarray
) -> Evaluation:
    """(n_papers, n_topics) grades, probabilities and decisions -> figures."""
    each = {}
    for column, topic in enumerate(topics):
        kept = grades[:, column] != LEFT_OUT
        truth = grades[kept, column] == POSITIVE
        each[topic] = scores(truth, probabilities[kept, column], tagged[kept, column])
    return Evaluation(
        papers=len(grades),
        topics=each,
        macro_precision=_mean([s.precision for s in each.values()]),
        macro_recall=_mean([s.recall for s in each.values()]),
        macro_f1=_mean([s.f1 for s in each.values()]),
        mean_average_precision=_mean([s.average_precision for s in each.values()]),
    )


def intervals(
    topics: Sequence[str], grades: np.ndarray, probabilities: np.ndarray, tagged: np.ndarray
) -> dict[str, Any]:
    """As `summary`: where F1 and average precision lie in 95 of 100 draws of as many papers, with
    replacement (Efron's percentile bootstrap, 1979): {"macro_f1": {"low", "high"},
    "mean_average_precision": …, "topics": {topic: {"f1": …, "average_precision": …}}}.

    It tells the chance of the papers drawn, not that of the labels learned from.
    """
    dice = np.random.default_rng(0)
    found = np.full((DRAWS, len(topics), 2), np.nan)
    for draw in found:
        papers = dice.integers(0, len(grades), len(grades))
        for column in range(len(topics)):
            kept = papers[grades[papers, column] != LEFT_OUT]
            truth = grades[kept, column] == POSITIVE
            if truth.any():
                n_tagged = tagged[kept, column].sum() + truth.sum()
                draw[column, 0] = 2 * (truth & tagged[kept, column]).sum() / n_tagged
                draw[column, 1] = average_precision(truth, probabilities[kept, column])
    means = [draws[~np.isnan(draws)] for draws in found.mean(axis=1).T]
    return {
        "macro_f1": _between(means[0]),
        "mean_average_precision": _between(means[1]),
        "topics": {
            topic: {
                name: _between(draws[~np.isnan(draws)])
                for name, draws in zip(("f1", "average_precision"), found[:, column].T, strict=True)
            }
            for column, topic in enumerate(topics)
        },
    }


def _between(draws: np.ndarray) -> dict[str, float] | None:
    """The middle 95 of 100; None where most draws had nothing to divide by."""
    if len(draws) < DRAWS / 2:
        return None
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"low": float(low), "high": float(high)}


def scores(truth: np.ndarray, probabilities: np.ndarray, tagged: np.ndarray) -> Scores:
    """(n,) booleans, probabilities and decisions of one topic -> its figures."""
    hits, n_tagged, positives = int((truth & tagged).sum()), int(tagged.sum()), int(truth.sum())
    return Scores(
        papers=len(truth),
        positives=positives,
        tagged=n_tagged,
        precision=hits / n_tagged if n_tagged else None,
        recall=hits / positives if positives else None,
        f1=2 * hits / (n_tagged + positives) if positives else None,
        average_precision=average_precision(truth, probabilities) if positives else None,
    )


def average_precision(truth: np.ndarray, ranking: np.ndarray) -> float:
    """Sum over distinct values of `ranking` of precision × gain in recall; ties count as one step.

    As scikit-learn's average_precision_score. Needs at least one positive.
    """
    order = np.argsort(-ranking, kind="stable")
    hits = np.cumsum(truth[order])
    last_of_tie = np.flatnonzero(np.diff(ranking[order], append=np.inf))
    hits = hits[last_of_tie]
    return float(np.sum(np.diff(hits, prepend=0) * hits / (last_of_tie + 1)) / hits[-1])


def calibration_error(truth: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: mean |share of positives − mean probability| over bins of equal
    mass, weighted by their papers (Guo et al., "On calibration of modern neural networks", 2017).
    """
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [len(part) * abs(truth[part].mean() - probabilities[part].mean()) for part in parts]
    return float(sum(gaps) / len(truth))


def grade_matrix(labelled: Sequence[Mapping[str, Any]], topics: Sequence[str]) -> np.ndarray:
    """(n_papers, n_topics) grades; a missing one becomes 1, which is left out."""
    return np.array([[row["grades"].get(topic, LEFT_OUT) for topic in topics] for row in labelled])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
