"""Which papers to judge next: near the threshold, recent first, unlike each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from aggregator.tag.features import normalised


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that nobody judged yet for a topic, and its use, as `use` tells."""

    id: str
    title: str
    use: float


def use(probability: float, threshold: float, rank: int) -> float:
    """What the label of a paper is worth, 0 to 1; `rank` counts from the newest, 0.

    1 / (1 + |log-odds − log-odds of the threshold|) (uncertainty sampling: Lewis and Gale, 1994),
    halved every 2,000 papers of age.
    """
    return 0.5 ** (rank / 2_000) / (1 + abs(_odds(probability) - _odds(threshold)))


def choose(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """At most `most` candidates, the most useful first; of equals the earlier one.

    The use of each is multiplied by one minus the greatest share of title words that it has in common
    with one chosen before it (maximal marginal relevance: Carbonell and Goldstein, 1998).
    """
    words = {c.id: frozenset(normalised(c.title)) for c in candidates}
    alike = {c.id: 0.0 for c in candidates}
    rest = {c.id: c for c in candidates}
    found: list[Candidate] = []
    while rest and len(found) < most:
        best = max(rest, key=lambda key: rest[key].use * (1 - alike[key]))
        found.append(rest.pop(best))
        for key in rest:
            both = words[key] | words[best]
            share = len(words[key] & words[best]) / len(both) if both else 1.0
            alike[key] = max(alike[key], share)
    return found


def _odds(p: float) -> float:
    p = min(max(p, 1e-6), 1 - 1e-6)
    return log(p / (1 - p))
