"""How fast papers are tagged, side by side with bare scikit-learn on one thread."""

import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from aggregator.tag.features import TITLE, features
from aggregator.tag.files import read_papers
from aggregator.tag.model import Tagger, load
from tests.tag.made_up import labelled

CORPUS = Path(__file__).parents[2] / "../shared/corpus/papers.jsonl.gz"
PAPERS = 5_000
ROUNDS = 3

Paper = tuple[str, str]


def bench() -> list[tuple[str, str, str]]:
    """(name, figure, target) of each measure. Rates are papers per second of CPU time, the median
    of alternating rounds.

    The first peer counts exactly our features by our plain analyser; the second only words and
    pairs, by scikit-learn's own tokeniser, which is less work than ours.
    """
    papers, kind = _papers()
    tagger = load()
    runs = {
        "ours": lambda: tagger.probabilities(papers),
        "equal": scikit_learn(tagger, papers, equal=True),
        "plain": scikit_learn(tagger, papers, equal=False),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    rate = {name: len(papers) / statistics.median(taken) for name, taken in seconds.items()}
    return [
        (f"tag {len(papers):,} {kind} papers", f"{rate['ours']:,.0f} papers/s", "-"),
        _ratio("as scikit-learn, equal features", rate, "equal", ">= 1.5"),
        _ratio("as scikit-learn, words and pairs only", rate, "plain", ">= 0.9"),
    ]


def _ratio(name: str, rate: dict[str, float], peer: str, target: str) -> tuple[str, str, str]:
    figure = f"{rate['ours'] / rate[peer]:.1f} x ({rate[peer]:,.0f} papers/s)"
    return name, figure, target


def _papers() -> tuple[list[Paper], str]:
    if CORPUS.exists():
        rows = itertools.islice(read_papers(CORPUS), PAPERS)
        return [(row["title"], row["abstract"]) for row in rows], "real"
    # Six made-up papers in a row are about as long as one real abstract.
    rows = labelled(PAPERS)
    texts = [" ".join(row["abstract"] for row in rows[i : i + 6]) for i in range(PAPERS)]
    return [(row["title"], text) for row, text in zip(rows, texts, strict=True)], "made-up"


def scikit_learn(tagger: Tagger, papers: list[Paper], *, equal: bool) -> Callable[[], Any]:
    """transform + decision_function of the peer, ready to run."""
    vocabulary = list(tagger.vectoriser.vocabulary)
    if not equal:
        vocabulary = [name for name in vocabulary if TITLE not in name and "…" not in name]
    options: dict[str, Any] = {
        "vocabulary": vocabulary,
        "sublinear_tf": True,
        "lowercase": not equal,
        "dtype": np.float32,
        **({"analyzer": lambda paper: features(*paper)} if equal else {"ngram_range": (1, 2)}),
    }
    given = papers if equal else [f"{title} {abstract}" for title, abstract in papers]
    vectoriser = TfidfVectorizer(**options).fit(given[:500])
    truth = tagger.probabilities(papers[:500])
    labels = truth >= np.median(truth, axis=0)  # any labels do: only the decision is timed
    model = OneVsRestClassifier(LogisticRegression()).fit(
        vectoriser.transform(given[:500]), labels.astype(int)
    )
    return lambda: model.decision_function(vectoriser.transform(given))
