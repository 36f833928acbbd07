"""How well a taste ranks: some papers of an author keyword are starred, the others are to come first.

Real papers with author keywords, 6,302 of a store of 20,000, are ranked by `aggregator/tag/taste.py`
and, with the same stars, by the recipe of arxiv-sanity-lite (compute.py and serve.py of
https://github.com/karpathy/arxiv-sanity-lite). The constants of taste.py were chosen on one half of
the keywords; these are the figures of the other.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from aggregator.store.labels import MOST_SAMPLED
from aggregator.tag import reading, taste
from aggregator.tag.features import normalised
from aggregator.tag.files import read_papers
from tests.written import PROJECT

CORPUS = PROJECT / "../shared/corpus/papers.jsonl.gz"
POOL = 20_000
LEAST = 20
"""Papers that a keyword must have, and ten more than are starred."""
STARRED = (3, 10, 30)
DRAWS = 1
HIDDEN_OF = 20
"""A reader who hides what does not fit looks at so many."""
_VAGUE = {"", "general", "application", "other"}
_RESAMPLED = 10_000

Places = Sequence[int] | np.ndarray
Ranker = Callable[[Places], np.ndarray]
Row = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """`papers` with keywords, the first of `store`; by keyword the places of its papers."""

    papers: list[taste.Paper]
    store: list[Row]
    keywords: dict[str, np.ndarray]


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    if not CORPUS.exists():
        return [("personal ranking", "the corpus is not there", "-")]
    judged = _judged()
    started = time.process_time()
    known = reading.learn(_sampled(judged.store))
    spent = time.process_time() - started
    assert known
    others = _arxiv_sanity(judged.store)
    words = known.vectoriser.transform([(p.title, p.abstract) for p in judged.papers])
    names = [name for name in judged.keywords if not _half(name)]
    rows = [
        ("keywords, papers ranked", f"{len(names)}, {len(judged.papers):,}", "-"),
        (f"learning how {MOST_SAMPLED:,} papers speak", f"{spent:.0f} s of CPU", "-"),
    ]
    for count in STARRED:
        rows += _compared(judged, names, count, _mine(known, judged, words), others)
    return [*rows, *_hiding(judged, names, known, words)]


def _judged() -> Judged:
    """The papers with keywords and a draw of the others. Keywords in normal form; of a category
    ("Computer Vision: Segmentation") the last part."""
    rows = list({row["title"]: row for row in read_papers(CORPUS) if row.get("abstract")}.values())
    mine = [row for row in rows if row.get("keywords")]
    rest = [row for row in rows if not row.get("keywords")]
    random.Random(0).shuffle(rest)
    found: dict[str, list[int]] = {}
    for place, row in enumerate(mine):
        said = {" ".join(normalised(k.split(":")[-1])) for k in row["keywords"].split(";")}
        for name in sorted(said - _VAGUE):
            found.setdefault(name, []).append(place)
    keywords = {name: np.array(at) for name, at in sorted(found.items()) if len(at) >= LEAST}
    papers = [taste.Paper(row["title"], row["abstract"], tuple(row["authors"])) for row in mine]
    return Judged(papers, [*mine, *rest][:POOL], keywords)


def _sampled(store: Sequence[Row]) -> list[tuple[str, str]]:
    drawn = random.Random(1).sample(store, MOST_SAMPLED)
    return [(row["title"], row["abstract"]) for row in drawn]


def _half(name: str) -> bool:
    """Is the keyword one of those that the constants were chosen on?"""
    return int(sha256(name.encode()).hexdigest(), 16) % 2 == 0


def _arxiv_sanity(store: Sequence[Row]) -> Ranker:
    """TF-IDF of title, abstract and authors, and a linear SVM to which every other paper is a
    negative."""
    vectoriser = TfidfVectorizer(
        strip_accents="unicode",
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
        ngram_range=(1, 2),
        max_features=20_000,
        sublinear_tf=True,
        max_df=0.1,
        min_df=5,
    )
    texts = [" ".join([row["title"], row["abstract"], *row["authors"]]) for row in store]
    rows = sp.csr_matrix(vectoriser.fit_transform(texts), dtype=np.float32)

    def ranked(stars: Places) -> np.ndarray:
        target = np.zeros(len(store))
        target[list(stars)] = 1
        svm = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01)
        return rows @ svm.fit(rows, target).coef_[0]

    return ranked


def _mine(
    known: reading.Reading, judged: Judged, words: sp.csr_matrix, hidden: Sequence[int] = ()
) -> Ranker:
    def ranked(stars: Places) -> np.ndarray:
        liked, disliked = ([judged.papers[n] for n in some] for some in (stars, hidden))
        learned = taste.learn(known, liked, disliked, least=1)
        assert learned
        return learned.of_rows(words, judged.papers)

    return ranked


def _draws(judged: Judged, name: str, count: int) -> Iterator[np.ndarray]:
    for seed in range(DRAWS):
        dice = np.random.default_rng([seed, int(sha256(name.encode()).hexdigest(), 16) % 2**32])
        yield dice.choice(judged.keywords[name], count, replace=False)


def _order(judged: Judged, scores: np.ndarray, seen: Places) -> np.ndarray:
    """The places of the papers that were not seen yet, the best first."""
    scores = np.array(scores[: len(judged.papers)], dtype=float)
    scores[list(seen)] = -np.inf
    return np.argsort(-scores, kind="stable")[: len(scores) - len(seen)]


def _figures(judged: Judged, name: str, scores: np.ndarray, seen: Places) -> tuple[float, float]:
    """(precision@10, average precision)"""
    hits = np.isin(_order(judged, scores, seen), judged.keywords[name])
    at = np.flatnonzero(hits)
    return float(hits[:10].mean()), float(np.mean(np.arange(1, len(at) + 1) / (at + 1)))


def _compared(
    judged: Judged, names: Sequence[str], count: int, mine: Ranker, others: Ranker
) -> Iterator[tuple[str, str, str]]:
    enough = [name for name in names if len(judged.keywords[name]) >= count + 10]
    figures = np.array(
        [
            np.mean(
                [
                    [_figures(judged, name, by(stars), stars) for by in (mine, others)]
                    for stars in _draws(judged, name, count)
                ],
                axis=0,
            )
            for name in enough
        ]
    )
    for column, what in enumerate(("precision@10", "average precision")):
        ours, theirs = figures[:, 0, column], figures[:, 1, column]
        yield (
            f"{count} starred, {len(enough)} keywords: {what}",
            f"{ours.mean():.3f}, arxiv-sanity-lite {theirs.mean():.3f}; {_interval(ours - theirs)}",
            "ahead of it",
        )


def _hiding(
    judged: Judged, names: Sequence[str], known: reading.Reading, words: sp.csr_matrix
) -> Iterator[tuple[str, str, str]]:
    """What hidden papers bring: those of the first `HIDDEN_OF` that do not have the keyword are
    hidden, and what comes after these is ranked with and without counting them."""
    enough = [name for name in names if len(judged.keywords[name]) >= LEAST]
    rows = []
    for name in enough:
        for stars in _draws(judged, name, 10):
            plain = _mine(known, judged, words)(stars)
            first = _order(judged, plain, stars)[:HIDDEN_OF]
            hidden = [int(n) for n in first if n not in judged.keywords[name]]
            after = _mine(known, judged, words, hidden)(stars)
            seen = [*stars, *first]
            rows.append([_figures(judged, name, by, seen)[0] for by in (after, plain)])
    per = np.array(rows).reshape(len(enough), DRAWS, 2).mean(axis=1)
    said = f"{per[:, 0].mean():.3f}, not counting them {per[:, 1].mean():.3f}"
    yield (
        f"10 starred, the others of the first {HIDDEN_OF} hidden: precision@10 among the rest",
        f"{said}; {_interval(per[:, 0] - per[:, 1])}",
        "no worse",
    )


def _interval(gaps: np.ndarray) -> str:
    """The mean difference and its 95 % bootstrap interval, keywords drawn anew."""
    dice = np.random.default_rng(0)
    means = gaps[dice.integers(0, len(gaps), (_RESAMPLED, len(gaps)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"difference {gaps.mean():+.3f} (95 %: {low:+.3f} to {high:+.3f})"
