"""What a reader likes, learned from starred and hidden papers, and how well other papers fit it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from aggregator.tag.reading import Reading

LEAST_LIKED = 5
"""Papers that must be starred before a taste is worth showing."""
MOST_LEARNED = 500
"""Starred papers, and hidden ones, that a taste is learned from: the latest. Of all alike it would
follow a reader whose interests move too slowly."""
DISLIKED = 0.1
"""What the hidden papers count against the starred ones: more was worse, none as good on such papers."""
MEANING, AUTHORS = 0.15, 0.4
"""What the meaning of a paper and its authors count beside its words. All chosen on half of the
keywords of `python -m tests.bench mine`: docs/tagging.md."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What a taste looks at."""

    title: str
    abstract: str
    authors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taste:
    """With f features and k directions: `words` (f,) and `meaning` (k,), each of length 1; `authors`
    by name, the squares of their weights add up to 1. `liked`, `disliked` say of how many papers."""

    reading: Reading
    words: np.ndarray
    meaning: np.ndarray
    authors: dict[str, float]
    liked: int
    disliked: int

    def scores(self, papers: Sequence[Paper]) -> np.ndarray:
        """(n,) how well each paper fits: sums of three likenesses, of use for their order alone."""
        return self.of_rows(self.rows(papers), papers)

    def rows(self, papers: Sequence[Paper]) -> sp.csr_matrix:
        """(n, f) what the papers say, as `of_rows` and `explain` take it."""
        return _rows(self.reading, papers)

    def of_rows(self, rows: sp.csr_matrix, papers: Sequence[Paper]) -> np.ndarray:
        """As `scores`, of papers whose rows (n, f) the reading's vectoriser made already."""
        placed, _ = self.reading.meant(rows)
        known = np.array([sum(w for _, w in self._written(p)) for p in papers])
        return rows @ self.words + MEANING * (placed @ self.meaning) + known

    def explain(
        self, paper: Paper, row: sp.csr_matrix | None = None
    ) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """(features of the text, authors), each with what it brought (weight > 0) or cost, heaviest
        first. With a constant, which is the same for all papers that are as long, all of them
        together are the score. `row` is the paper's, where it is known."""
        row = self.rows([paper]) if row is None else row
        _, lengths = self.reading.meant(row)
        near = self.reading.directions[row.indices] @ self.meaning
        brought = row.data * (self.words[row.indices] + MEANING * near / lengths[0])
        named = zip((self.reading.vocabulary[i] for i in row.indices), brought, strict=True)
        return _heaviest((name, float(w)) for name, w in named), _heaviest(self._written(paper))

    def _written(self, paper: Paper) -> list[tuple[str, float]]:
        share = AUTHORS / max(1, len(paper.authors)) ** 0.5
        return [(a, share * w) for a in paper.authors if (w := self.authors.get(a))]


def learn(
    reading: Reading,
    liked: Sequence[Paper],
    disliked: Sequence[Paper],
    *,
    least: int = LEAST_LIKED,
) -> Taste | None:
    """The taste of who starred and hid these papers, the latest first; None with fewer than `least`
    starred ones.

    The mean of what is liked, less that of the store and some of what is disliked (Rocchio, "Relevance
    feedback in information retrieval", 1971), among words and among directions of meaning; and whom
    the liked papers are by. With so few examples a support vector machine did no better.
    """
    liked, disliked = liked[:MOST_LEARNED], disliked[:MOST_LEARNED]
    if len(liked) < least:
        return None
    rows, others = _rows(reading, liked), _rows(reading, disliked)
    words = _mean(rows) - reading.mean
    meaning = reading.meant(rows)[0].mean(axis=0)
    if disliked:
        words = _apart(words, _mean(others) - reading.mean)
        meaning = _apart(meaning, reading.meant(others)[0].mean(axis=0))
    count = Counter(name for paper in liked for name in dict.fromkeys(paper.authors))
    length = sum(n * n for n in count.values()) ** 0.5
    authors = {name: n / length for name, n in count.items()}
    return Taste(reading, _unit(words), _unit(meaning), authors, len(liked), len(disliked))


def _rows(reading: Reading, papers: Sequence[Paper]) -> sp.csr_matrix:
    return reading.rows([(paper.title, paper.abstract) for paper in papers])


def _mean(rows: sp.csr_matrix) -> np.ndarray:
    return np.asarray(rows.mean(axis=0)).ravel()


def _apart(liked: np.ndarray, disliked: np.ndarray) -> np.ndarray:
    """What is liked, less some of what the disliked has that is not liked, too."""
    liked = _unit(liked)
    return liked - DISLIKED * _unit(disliked - (disliked @ liked) * liked)


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def _heaviest(weighed: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    return sorted(weighed, key=lambda pair: (-abs(pair[1]), pair))
