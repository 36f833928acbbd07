"""Themes: words that go together learn from each other, and the file knows nothing of it."""

import numpy as np
import scipy.sparse as sp

from aggregator.tag.themes import MOST, folded, themes, widened
from aggregator.tag.train import TrainingResult


def _corpus(n: int = 250) -> sp.csr_matrix:
    """Features 0 and 1 go together, so do 2 and 3."""
    dice = np.random.default_rng(0)
    first = dice.random(n) < 0.5
    rows = np.zeros((n, 6))
    rows[:, :2], rows[:, 2:4] = first[:, None], ~first[:, None]
    return sp.csr_matrix(rows + 0.05 * dice.random((n, 6)))


def test_words_in_company_share_a_theme() -> None:
    directions = themes(_corpus())
    assert directions.shape == (6, 2)
    cosine = directions @ directions.T
    assert cosine[0, 1] > 0.5
    assert abs(cosine[0, 2]) < 0.1


def test_folded_weights_give_the_same_scores() -> None:
    rows, directions = _corpus(50), themes(_corpus())
    weights = np.random.default_rng(1).normal(size=8)
    assert np.allclose(
        widened(rows, directions) @ weights, rows @ folded(weights, directions), atol=1e-5
    )


def test_a_small_corpus_has_no_themes() -> None:
    rows = _corpus(60)
    directions = themes(rows)
    assert directions.shape == (6, 0)
    assert np.array_equal(widened(rows, directions).toarray(), rows.toarray())


def test_a_model_tells_its_themes(trained: TrainingResult) -> None:
    assert 0 < trained.figures["themes"] <= MOST
    assert trained.artifact.weights.shape[0] == len(trained.artifact.vocabulary)
