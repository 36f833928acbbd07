"""How telling a feature is of a topic: what occurs in it otherwise than elsewhere may weigh more."""

import numpy as np
import scipy.sparse as sp

TELLING = 0.75
"""Share of naive Bayes in the scales of `telling`. Mean average precision on random + enriched, two
runs of plain five-fold: .9621 at 0, .9693 at 0.5, .9698 at 0.75; macro-F1 .900, .909, .909."""


def telling(rows: sp.csr_matrix, truth: np.ndarray) -> np.ndarray:
    """(n, f) rows and their truth -> (f,) how freely each feature's weight may move: more where it
    occurs in another share of the positives than of the negatives, `1 - TELLING` where in the same.

    The log ratio of naive Bayes, smoothed by one paper each, as a scale of the columns (Wang and
    Manning, "Baselines and bigrams: simple, good sentiment and topic classification", 2012), mixed
    with even scales.
    """
    there = sp.csr_matrix((np.ones(len(rows.data)), rows.indices, rows.indptr), shape=rows.shape)
    positives = int(truth.sum())
    share = (1 + there.T @ truth) / (2 + positives)
    others = (1 + there.T @ ~truth) / (2 + len(truth) - positives)
    ratio = np.abs(np.log(share / others))
    usual = float(np.sqrt(np.mean(ratio**2))) or 1.0
    return 1 - TELLING + TELLING * ratio / usual
