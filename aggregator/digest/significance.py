"""Is a share greater than it was, or is that chance? An exact test, corrected for many at once."""

import math
from collections.abc import Mapping, Sequence

LEVEL = 0.05
"""Where nothing rose, at most one list in twenty has anything in it."""


def by_chance(lately: int, before: int, read_lately: int, read_before: int) -> float:
    """How likely so many, or more, of the papers with a term would be among those read lately if
    all that have it had been dealt out at random: Fisher's exact test, one-sided (R. A. Fisher, The
    Logic of Inductive Inference, J. Royal Statistical Society 98, 1935), the upper tail of the
    hypergeometric distribution. `lately` is at most `read_lately`, `before` at most `read_before`.
    """
    having, read = lately + before, read_lately + read_before
    least = max(lately, having - read_before)
    chance = math.exp(
        _ways(having, least) + _ways(read - having, read_lately - least) - _ways(read, read_lately)
    )
    total = 0.0
    for n in range(least, min(having, read_lately) + 1):
        total += chance
        chance *= (having - n) * (read_lately - n)
        chance /= (n + 1) * (read_before - having + n + 1)
        if chance < total * 1e-12:
            break
    return min(total, 1.0)


def _ways(many: int, chosen: int) -> float:
    """The logarithm of the binomial coefficient."""
    return math.lgamma(many + 1) - math.lgamma(chosen + 1) - math.lgamma(many - chosen + 1)


def adjusted(chances: Sequence[float], tests: int) -> list[float]:
    """For each of these chances, the smallest ones of so many `tests`, ascending: the level from
    which on it would be found (Y. Benjamini, Y. Hochberg, Controlling the False Discovery Rate,
    J. Royal Statistical Society B 57, 1995; holds also for tests that rise together, as words and
    the phrases with them do: Benjamini, Yekutieli, Annals of Statistics 29, 2001)."""
    found: list[float] = []
    least = 1.0
    for rank in range(len(chances), 0, -1):
        least = min(least, chances[rank - 1] * tests / rank)
        found.append(least)
    return found[::-1]


def worth_testing(having: Mapping[int, int], read_lately: int, read_before: int) -> tuple[int, int]:
    """(least papers that a term must stand in, in both periods, number of terms that do), from how
    many terms (values) stand in so many papers (keys).

    A term of few papers could not be found even if all were of late. Testing it would only make the
    others harder to find; since the choice looks at both periods together, it favours none (R. E.
    Tarone, A Modified Bonferroni Method for Discrete Data, Biometrics 46, 1990; with Benjamini
    and Hochberg's correction: P. B. Gilbert, J. Royal Statistical Society C 54, 2005).
    """
    tests = sum(having.values())
    for least in range(1, max(having, default=0) + 1):
        lately = min(least, read_lately)
        if by_chance(lately, least - lately, read_lately, read_before) * tests <= LEVEL:
            return least, tests
        tests -= having.get(least, 0)
    return max(having, default=0) + 1, 0
