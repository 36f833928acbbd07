"""Features that tell a topic from the rest move freely; what every paper has does not."""

import numpy as np
import pytest
import scipy.sparse as sp

from aggregator.tag.crossval import Labels, fit_topic
from aggregator.tag.telling import TELLING, telling


def _papers(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Columns: in every paper; in positives only; by chance, as often in both; in nothing."""
    truth = np.arange(n) % 4 == 0
    dice = np.random.default_rng(0)
    rows = np.zeros((n, 4))
    rows[:, 0] = 1 + dice.random(n)
    rows[truth, 1] = 1
    rows[:, 2] = np.arange(n) % 3 == 0
    return rows, truth


def test_scales_go_by_how_differently_a_feature_occurs() -> None:
    rows, truth = _papers()
    scale = telling(sp.csr_matrix(rows), truth)
    assert scale[1] > scale[2] > 1 - TELLING
    assert scale[0] == pytest.approx(1 - TELLING, abs=0.02)
    one_kind = telling(sp.csr_matrix(rows[:, :1]), np.ones(200, dtype=bool))
    assert np.isfinite(one_kind).all()


def test_weights_are_those_of_the_rows_as_they_are() -> None:
    rows, truth = _papers()
    labels = Labels(
        sp.csr_matrix(rows),
        np.where(truth, 2, 0)[:, None],
        np.full(len(rows), "random"),
        np.zeros(len(rows), dtype=bool),
    )
    model = fit_topic(labels, 0, np.arange(len(rows)))
    assert ((model.score(labels.rows) > 0) == truth).all()
    assert model.weights[1] > abs(model.weights[[0, 2, 3]]).max()
