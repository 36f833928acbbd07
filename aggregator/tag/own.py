"""A topic's own model: from its keywords, its works and what people said, over papers of the store."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from aggregator.tag import keywords as rule
from aggregator.tag import ridge
from aggregator.tag.artifact import Artifact
from aggregator.tag.features import TITLE, features, normalised
from aggregator.tag.tags import TopicLike
from aggregator.tag.vectors import Vectoriser

Paper = tuple[str, str]

LEAST_PAPERS = 500
"""Papers a store must have: below, what is common cannot be told from what is the topic's."""
LEAST_FOUND = 12
"""Papers that the keywords must find, works and confirmed papers included."""
MOST_FOUND = 2_000
MOST_FEATURES = 5_000
IN_PAPERS = 3
"""A feature must occur in so many of the papers found, and the most telling ones are kept."""
PENALTY = 0.02
COPY = 0.3
"""What a copy without its keywords weighs."""
WORK, WORD = 3.0, 5.0
"""What a representative work, and a person's word, weigh against a paper judged by keywords."""
THRESHOLD = 0.35
"""Set by hand: on papers that it has not seen a model is less sure than the rule that taught it."""

EVIDENCE = 0.5
"""Log-odds that words must add to what a text without any known word has: in a small store, where much
is about the topic, that alone may reach the threshold, and posts have few words."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A paper of which somebody said whether it is about the topic."""

    paper: Paper
    relevant: bool


def fit(
    topic: TopicLike,
    works: Sequence[Paper],
    judged: Sequence[Judged],
    sample: Sequence[Paper],
    trained: str = "",
) -> Artifact | None:
    """A model of one topic, or None if there is too little to learn from (`LEAST_PAPERS`,
    `LEAST_FOUND`): then the keywords tag.

    The keywords judge the sample: what `keywords.keyword_probability` says is each paper's soft target.
    Works and confirmed papers have 1, rejected ones 0, and more weight. Where a keyword
    occurs, a copy of the paper without the keyword has the same target, so that the words that
    stand around it are learned, too; a paper that speaks of the topic in other words is then found,
    and one that only names it in passing falls behind.
    """
    if len(sample) < LEAST_PAPERS or not topic.keywords:
        return None
    said = {one.paper: one.relevant for one in judged}
    rest = [paper for paper in dict.fromkeys(sample) if paper not in said]
    weak = [rule.keyword_probability(*p, topic.keywords, topic.exclude) for p in rest]
    papers = [*rest, *works, *said]
    target = np.array([*weak, *[1.0] * len(works), *[float(yes) for yes in said.values()]])
    weight = np.array([1.0] * len(rest) + [WORK] * len(works) + [WORD] * len(said))
    found = np.flatnonzero(target >= rule.ONCE)
    if len(found) < LEAST_FOUND:
        return None
    vocabulary = _vocabulary([papers[n] for n in found[:MOST_FOUND]], topic.keywords)
    counter = Vectoriser(vocabulary, np.ones(len(vocabulary)))
    counts = counter.counts(papers)
    vocabulary, chosen = _telling(vocabulary, counts, found)
    counts = sp.csr_matrix(counts[:, chosen])
    frequency = np.bincount(counts.indices, minlength=len(vocabulary))
    idf = np.log((1 + len(papers)) / (1 + frequency)) + 1
    vectoriser = Vectoriser(vocabulary, idf)
    rows = vectoriser.transform(papers)
    masked = found[found < len(rest)]
    copies = _without(rows[masked], vocabulary, topic.keywords)
    fitted = ridge.fit(
        sp.csr_matrix(sp.vstack([rows, copies])),
        np.concatenate([target, target[masked]]),
        weight=np.concatenate([weight, COPY * weight[masked]]),
        penalty=PENALTY,
    )
    return Artifact(
        topics=(topic.name,),
        vocabulary=tuple(vocabulary),
        idf=idf.astype(np.float32),
        weights=fitted.weights[:, None].astype(np.float32),
        intercepts=np.array([fitted.constant], dtype=np.float32),
        calibration=np.array([[1.0, 0.0]], dtype=np.float32),
        thresholds=np.array([_threshold(fitted.constant)], dtype=np.float32),
        trained=trained,
        figures={"papers": len(papers), "found": len(found), "said": len(said)},
    )


def _threshold(constant: float) -> float:
    """From what probability on the model tags; `constant` is the log-odds of a text of unknown words."""
    return max(THRESHOLD, 1 / (1 + math.exp(-constant - EVIDENCE)))


def _vocabulary(found: Sequence[Paper], keywords: Sequence[str]) -> list[str]:
    """Features of the papers found that are frequent among them, and those of the keywords."""
    count: Counter[str] = Counter()
    for title, abstract in found:
        count.update(set(features(title, abstract)))
    own = {name for word in keywords for name in _parts(word)}
    return sorted({name for name, n in count.items() if n >= IN_PAPERS} | own)


def _telling(
    vocabulary: Sequence[str], counts: sp.csr_matrix, found: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """The features whose presence differs most between the papers found and all others, by the
    log-likelihood ratio (Dunning, "Accurate methods for the statistics of surprise", 1993)."""
    n = int(counts.get_shape()[0])
    everywhere = np.bincount(counts.indices, minlength=len(vocabulary)).astype(float)
    here = np.bincount(counts[found].indices, minlength=len(vocabulary)).astype(float)
    p, q = here / len(found), (everywhere - here) / max(1, n - len(found))
    both = everywhere / n

    def likelihood(k: np.ndarray, m: int, share: np.ndarray) -> np.ndarray:
        share = np.clip(share, 1e-9, 1 - 1e-9)
        return k * np.log(share) + (m - k) * np.log(1 - share)

    others, rest = everywhere - here, n - len(found)
    ratio = likelihood(here, len(found), p) + likelihood(others, rest, q)
    ratio -= likelihood(here, len(found), both) + likelihood(others, rest, both)
    chosen: np.ndarray = np.sort(np.argsort(-ratio, kind="stable")[:MOST_FEATURES])
    return [vocabulary[int(n)] for n in chosen], chosen


def _without(
    rows: sp.csr_matrix, vocabulary: Sequence[str], keywords: Sequence[str]
) -> sp.csr_matrix:
    """The rows without the features that are, or hold, a keyword."""
    forms = {" ".join(normalised(word)) for word in keywords}
    kept = [
        0.0 if any(f" {form} " in f" {name.removeprefix(TITLE)} " for form in forms) else 1.0
        for name in vocabulary
    ]
    return sp.csr_matrix(rows @ sp.diags(kept))


def _parts(keyword: str) -> list[str]:
    words = normalised(keyword)
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    return [prefix + name for name in (*words, *pairs) for prefix in ("", TITLE)]
