"""Logistic regression towards soft targets, with weights held near where they start."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from aggregator.tag.model import calibrated

_ODDS = np.array([[1.0, 0.0]])


@dataclass(frozen=True, slots=True)
class Fitted:
    """What to add to the weights (f,) and to the constant."""

    weights: np.ndarray
    constant: float


def fit(
    rows: sp.csr_matrix,
    target: np.ndarray,
    *,
    weight: np.ndarray,
    penalty: float,
    start: np.ndarray | None = None,
    constant_penalty: float = 0.0,
) -> Fitted:
    """n rows (n, f), targets 0..1 (n,), their weights (n,) -> the change d of the weights and e of the
    constant that minimise

        sum of weight × cross-entropy(target, start + rows·d + e) + penalty/2 |d|² + constant_penalty/2 e².

    `start` (n,) are log-odds that the rows have already, 0 without any. Convex, so there is one
    minimum; with a penalty of infinity nothing changes. The penalty around given weights is the
    biased regularisation of Kienzle and Chellapilla, "Personalized handwriting recognition via biased
    regularization" (2006).
    """
    from scipy.optimize import minimize

    n, f = (int(size) for size in rows.get_shape())
    begin = np.zeros(n) if start is None else start

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        d, e = x[:f], x[f]
        odds = begin + rows @ d + e
        gap = weight * (calibrated(odds[:, None], _ODDS)[:, 0] - target)
        value = weight @ (np.logaddexp(0, odds) - target * odds)
        value += penalty / 2 * (d @ d) + constant_penalty / 2 * e * e
        slope = np.append(rows.T @ gap + penalty * d, gap.sum() + constant_penalty * e)
        return float(value), slope

    best = minimize(loss, np.zeros(f + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return Fitted(best.x[:f], float(best.x[f]))
