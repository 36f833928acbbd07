"""How the papers of a store speak: its words with their weights, and which of them go together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

from aggregator.errors import UsageError
from aggregator.tag.artifact import pack, unpack
from aggregator.tag.features import features
from aggregator.tag.vectors import Vectoriser

Paper = tuple[str, str]

LEAST_PAPERS = 500
"""Papers a store must have: below, what is common cannot be told from what is telling."""
MOST_FEATURES = 40_000
IN_PAPERS, MOST_IN = 3, 0.2
"""A feature is of use if it occurs in so many papers, and in no larger a share of them."""
MEANINGS = 100
"""Directions of meaning: words that occur in the same papers lie near each other there."""
MOST_REMEMBERED = 3_000
"""Papers, of which each takes some 3 KB."""
FORMAT = 1
_ARRAYS = ("idf", "mean", "directions", "centre")


@dataclass(frozen=True)
class Reading:
    """With f features and k directions: `idf` (f,), `mean` (f,) the mean of the store's rows,
    `directions` (f, k) orthonormal, `centre` (k,) the mean of the rows there."""

    vocabulary: tuple[str, ...]
    idf: np.ndarray
    mean: np.ndarray
    directions: np.ndarray
    centre: np.ndarray

    @cached_property
    def vectoriser(self) -> Vectoriser:
        """Papers -> rows over the vocabulary."""
        return Vectoriser(self.vocabulary, self.idf)

    @cached_property
    def _remembered(self) -> dict[Paper, tuple[np.ndarray, np.ndarray]]:
        """Text -> features and their weights: a text always has the same."""
        return {}

    def rows(self, papers: Sequence[Paper]) -> sp.csr_matrix:
        """Papers -> their rows (n, f), as the vectoriser makes them. Those of the latest texts are
        remembered: a list is asked for again and again, and most of its papers stay."""
        known = self._remembered
        found = {paper: row for paper in papers if (row := known.get(paper))}
        new = [paper for paper in dict.fromkeys(papers) if paper not in found]
        made = dict(zip(new, _parts(self.vectoriser.transform(new)), strict=True))
        if len(known) + len(made) > MOST_REMEMBERED:
            known.clear()
        known.update(made)
        found |= made
        parts = [found[paper] for paper in papers]
        ends = np.cumsum([0, *(len(indices) for indices, _ in parts)])
        indices = np.concatenate([np.zeros(0, np.int32), *(indices for indices, _ in parts)])
        data = np.concatenate([np.zeros(0, np.float32), *(data for _, data in parts)])
        return sp.csr_matrix((data, indices, ends), shape=(len(papers), len(self.vocabulary)))

    def meant(self, rows: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, f) -> where they lie among the directions, (n, k) of length 1, and the lengths
        (n,) that they had; 1 for a row that lies in the centre."""
        placed = np.asarray(rows @ self.directions) - self.centre
        lengths = np.linalg.norm(placed, axis=1)
        lengths[lengths == 0] = 1
        return placed / lengths[:, None], lengths


def _parts(rows: sp.csr_matrix) -> list[tuple[np.ndarray, np.ndarray]]:
    """The features and the weights of each row."""
    ends = np.asarray(rows.indptr)
    return [(rows.indices[start:end], rows.data[start:end]) for start, end in pairwise(ends)]


def learn(papers: Sequence[Paper]) -> Reading | None:
    """A sample of a store -> how it speaks; None if it is too small (`LEAST_PAPERS`).

    The directions are the first singular vectors of its TF-IDF rows (Deerwester et al., "Indexing by
    latent semantic analysis", 1990).
    """
    if len(papers) < LEAST_PAPERS:
        return None
    vocabulary = _vocabulary(papers)
    counter = Vectoriser(vocabulary, np.ones(len(vocabulary)))
    counts = counter.counts(papers)
    frequency = np.bincount(counts.indices, minlength=len(vocabulary))
    idf = (np.log((1 + len(papers)) / (1 + frequency)) + 1).astype(np.float32)
    rows = Vectoriser(vocabulary, idf).weigh(counts)
    directions = _directions(rows)
    centre = np.asarray(rows @ directions).mean(axis=0)
    mean = np.asarray(rows.mean(axis=0)).ravel()
    return Reading(tuple(vocabulary), idf, mean, directions, centre)


def _vocabulary(papers: Sequence[Paper]) -> list[str]:
    count: Counter[str] = Counter()
    for title, abstract in papers:
        count.update(set(features(title, abstract)))
    most = MOST_IN * len(papers)
    useful = ((name, n) for name, n in count.items() if IN_PAPERS <= n <= most)
    frequent = sorted(useful, key=lambda pair: (-pair[1], pair[0]))[:MOST_FEATURES]
    return sorted(name for name, _ in frequent)


def _directions(rows: sp.csr_matrix) -> np.ndarray:
    """(f, k) the directions; rounded, so that their file is half as large."""
    from sklearn.utils.extmath import randomized_svd

    rounds: Any = 2  # scikit-learn's stub knows only "auto"
    _, _, found = randomized_svd(rows, MEANINGS, n_iter=rounds, random_state=0)
    return np.ascontiguousarray(found.T.astype(np.float16).astype(np.float32))


def to_bytes(reading: Reading) -> bytes:
    """The bytes of its file; equal ones give equal bytes."""
    about = {"format": FORMAT, "vocabulary": reading.vocabulary}
    return pack("reading", about, {name: getattr(reading, name) for name in _ARRAYS})


def from_bytes(data: bytes, where: str) -> Reading:
    """What `to_bytes` made. Raises UsageError if it is something else; `where` names it."""
    about, arrays = unpack("reading", data, where, _ARRAYS)
    found = Reading(tuple(about["vocabulary"]), **arrays)
    f, k = len(found.vocabulary), len(found.centre)
    shapes = ((f,), (f,), (f, k), (k,))
    if tuple(getattr(found, name).shape for name in _ARRAYS) != shapes:
        raise UsageError(f"{where}: its arrays do not fit together; expected one written here.")
    return found
