"""What people said of a topic of one's own: its model with their words, if that is better than without."""

from collections.abc import Sequence

import numpy as np

from aggregator.tag import keywords as rule
from aggregator.tag import own
from aggregator.tag.artifact import Artifact
from aggregator.tag.model import Tagger
from aggregator.tag.tags import TopicLike
from aggregator.tag.teach import FOLDS, LEAST, Taught, log_odds, measured, no_worse
from aggregator.tag.vectors import Vectoriser

_SURE = 1e-9


def teach_own(
    topic: TopicLike,
    works: Sequence[own.Paper],
    judged: Sequence[own.Judged],
    sample: Sequence[own.Paper],
    trained: str = "",
) -> tuple[Artifact | None, Taught | None]:
    """The topic's model after people's words and its figures on the papers they judged, beside those of
    the model from keywords and works alone. None for both where fewer than `LEAST` were judged; the
    model is None, too, if it is no better.

    Each judged paper is measured by a model that was made without what was said of it.
    """
    if len(judged) < LEAST:
        return None, None
    truth = np.array([one.relevant for one in judged], dtype=bool)
    plain = own.fit(topic, works, [], sample)
    before = _passed(topic, plain, judged)
    after = np.zeros((len(judged), 2))
    for unseen in _folds(truth):
        seen = [one for n, one in enumerate(judged) if n not in unseen]
        made = own.fit(topic, works, seen, sample)
        after[unseen] = _passed(topic, made, [judged[n] for n in unseen])
    figures = [measured(truth, odds, over) for odds, over in (before.T, after.T)]
    kept = no_worse(*figures)
    found = own.fit(topic, works, judged, sample, trained) if kept else None
    kept = found is not None
    return found, Taught(len(judged), int(truth.sum()), figures[0], figures[1], kept)


def _folds(truth: np.ndarray) -> list[np.ndarray]:
    """The judged papers in `FOLDS` parts that have as many relevant ones as may be, in a fixed order."""
    mixed = np.random.default_rng(0).permutation(len(truth))
    ordered = mixed[np.argsort(truth[mixed], kind="stable")]
    return [ordered[n::FOLDS] for n in range(FOLDS)]


def _passed(topic: TopicLike, made: Artifact | None, judged: Sequence[own.Judged]) -> np.ndarray:
    """(n, 2): log-odds of papers, and by how much they pass the threshold; without a model the
    keywords'."""
    papers = [one.paper for one in judged]
    if made is None:
        p = np.array([rule.keyword_probability(*x, topic.keywords, topic.exclude) for x in papers])
        threshold = rule.THRESHOLD
    else:
        tagger = Tagger(made, Vectoriser(made.vocabulary, made.idf), "")
        p, threshold = tagger.probabilities(papers)[:, 0], float(made.thresholds[0])
    p = np.clip(p, _SURE, 1 - _SURE)
    odds = np.log(p) - np.log1p(-p)
    return np.column_stack([odds, odds - log_odds(threshold)])
