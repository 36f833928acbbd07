"""Papers -> sparse TF-IDF rows over a fixed vocabulary, with few Python steps per word.

Python only splits the text and looks each word up; pairs, phrases, counting and weighting are done
for a whole batch at once in numpy and scipy.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import scipy.sparse as sp

from aggregator.tag.features import TITLE, normal_form
from aggregator.tag.phrases import CUES, OBJECTS, REACH
from aggregator.tag.text import words_of

BATCH = 512
"""Papers counted together: enough to make numpy's overhead small, few enough to stay in cache."""

REMEMBERED = 300_000
"""Spellings whose word is remembered; beyond, each is looked up anew, so that memory stays flat."""


class Vectoriser:
    """A vocabulary with weights, ready to turn papers into rows."""

    def __init__(self, vocabulary: Sequence[str], idf: np.ndarray) -> None:
        """`vocabulary`: feature names as `features.features` gives them, the column order;
        `idf`: (n_features,) their inverse document frequencies.
        """
        self.vocabulary = tuple(vocabulary)
        self.idf = np.asarray(idf, dtype=np.float32)
        bare = {w for name in vocabulary for w in name.removeprefix(TITLE).split() if w != "…"}
        words = sorted(bare | CUES.keys() | OBJECTS.keys())
        self._ids = _WordIds({word: place for place, word in enumerate(words)})
        self._n_words = len(words)
        self._text = _Grams(self._ids.known, [n if TITLE not in n else "" for n in vocabulary])
        self._title = _Grams(
            self._ids.known, [n.removeprefix(TITLE) if TITLE in n else "" for n in vocabulary]
        )
        self._phrases = _Phrases(self._ids.known, {n: i for i, n in enumerate(vocabulary)})

    def transform(self, papers: Sequence[tuple[str, str]]) -> sp.csr_matrix:
        """(title, abstract) pairs -> (n_papers, n_features) float32, rows of length 1 (or 0, where
        no feature is known): (1 + ln count) × idf, as scikit-learn's TfidfVectorizer with
        `sublinear_tf=True`.
        """
        return self.weigh(self.counts(papers))

    def transform_words(self, words: Sequence[Sequence[str]]) -> sp.csr_matrix:
        """As `transform`, from the words of the papers as `words_of` gives them."""
        parts = [words[at : at + 2 * BATCH] for at in range(0, len(words), 2 * BATCH)]
        return self.weigh(self._joined([self._count(part) for part in parts]))

    def weigh(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        """Counts as of `counts` -> rows as of `transform`, in the same place of memory."""
        rows = counts
        rows.data = (1 + np.log(rows.data)) * self.idf[rows.indices]
        # In float64: numpy adds up pieces of an array, so that in float32 a row's last digit would depend
        # on the papers beside it.
        squares = np.r_[rows.data.astype(np.float64) ** 2, 0]
        lengths = np.sqrt(np.add.reduceat(squares, rows.indptr[:-1]))
        lengths[np.diff(rows.indptr) == 0] = 1  # reduceat gives an empty row its neighbour's value
        rows.data /= np.repeat(lengths, np.diff(rows.indptr)).astype(np.float32)
        return rows

    def counts(self, papers: Sequence[tuple[str, str]]) -> sp.csr_matrix:
        """(title, abstract) pairs -> (n_papers, n_features) float32, how often each feature occurs."""
        parts = (papers[at : at + BATCH] for at in range(0, len(papers), BATCH))
        return self._joined([self._count(words_of(part)) for part in parts])

    def _joined(self, batches: Sequence[sp.csr_matrix]) -> sp.csr_matrix:
        if not batches:
            return sp.csr_matrix((0, len(self.vocabulary)), dtype=np.float32)
        return batches[0] if len(batches) == 1 else sp.csr_matrix(sp.vstack(batches, format="csr"))

    def _count(self, fields: Sequence[Sequence[str]]) -> sp.csr_matrix:
        """As `counts`, for one batch: fields in a row, title and abstract by turns, each ended by -1."""
        ends = np.cumsum([len(words) + 1 for words in fields])
        lookup = self._ids.__getitem__
        stream = chain.from_iterable((*map(lookup, words), -1) for words in fields)
        ids = np.fromiter(stream, dtype=np.int64, count=int(ends[-1]))
        field = np.repeat(np.arange(len(fields)), np.diff(ends, prepend=0))
        titles = np.flatnonzero(field % 2 == 0)
        found: list[tuple[np.ndarray, np.ndarray]] = [
            *self._text.find(ids, field),
            *self._title.find(ids[titles], field[titles]),
            *self._phrases.find(ids, field),
        ]
        columns = np.concatenate([column for column, _ in found])
        lines = np.concatenate([place for _, place in found]) // 2
        shape = (len(fields) // 2, len(self.vocabulary))
        ones = np.ones(len(columns), dtype=np.float32)
        # From coordinates to rows, scipy adds what falls on the same place: that is the count.
        return sp.csr_matrix((ones, (lines, columns)), shape=shape)


def shape(rows: sp.csr_matrix) -> tuple[int, int]:
    """Numbers of rows and columns; scipy does not say that a matrix always has them."""
    n, f = rows.shape or (0, 0)
    return n, f


class _WordIds(dict[str, int]):
    """Spelling -> number of its word, -1 if the vocabulary lacks it; learns spellings as they come."""

    def __init__(self, known: dict[str, int]) -> None:
        super().__init__()
        self.known = known

    def __missing__(self, spelling: str) -> int:
        number = self.known.get(normal_form(spelling), -1)
        if len(self) < REMEMBERED:
            self[spelling] = number
        return number


class _Grams:
    """The columns of single words and of pairs of neighbours."""

    def __init__(self, known: dict[str, int], names: Sequence[str]) -> None:
        """`names`: the vocabulary in column order, "" where a column is not of this kind."""
        self._n_words = len(known)
        # One place more than words: number -1 (an unknown word, the end of a field) finds -1.
        self._single = np.full(len(known) + 1, -1, dtype=np.int64)
        pairs: dict[int, int] = {}
        for column, name in enumerate(names):
            words = [] if "…" in name else [known[word] for word in name.split()]
            if len(words) == 1:
                self._single[words[0]] = column
            elif len(words) == 2:
                pairs[words[0] * len(known) + words[1]] = column
        self._keys = np.array(sorted(pairs), dtype=np.int64)
        self._pair = np.array([pairs[key] for key in sorted(pairs)], dtype=np.int64)

    def find(self, ids: np.ndarray, field: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Word numbers and the field of each -> (columns, fields) of what occurs."""
        single = self._single[ids]
        known = single >= 0
        yield single[known], field[known]
        if not len(self._keys) or len(ids) < 2:
            return
        both = np.flatnonzero((ids[:-1] >= 0) & (ids[1:] >= 0))
        keys = ids[both] * self._n_words + ids[both + 1]
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        hit = self._keys[places] == keys
        yield self._pair[places[hit]], field[both[hit]]


class _Phrases:
    """The columns of cue + object and of cue + group of objects."""

    def __init__(self, known: dict[str, int], columns: dict[str, int]) -> None:
        self._reach = [REACH[cue] for cue in REACH]
        self._cue = np.full(len(known) + 1, -1, dtype=np.int64)
        self._exact = np.full((len(REACH), len(known) + 1), -1, dtype=np.int64)
        self._group = np.full((len(REACH), len(known) + 1), -1, dtype=np.int64)
        for word, cue in CUES.items():
            self._cue[known[word]] = list(REACH).index(cue)
        for number, cue in enumerate(REACH):
            for word, group in OBJECTS.items():
                self._exact[number, known[word]] = columns.get(f"{cue} … {word}", -1)
                self._group[number, known[word]] = columns.get(f"{cue} … {group}", -1)

    def find(self, ids: np.ndarray, field: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """As `_Grams.find`."""
        cues = self._cue[ids]
        for number, reach in enumerate(self._reach):
            starts = np.flatnonzero(cues == number)
            for step in range(1, reach + 1):
                here = starts[starts + step < len(ids)]
                here = here[field[here] == field[here + step]]
                for table in (self._exact, self._group):
                    columns = table[number, ids[here + step]]
                    hit = columns >= 0
                    yield columns[hit], field[here[hit]]
