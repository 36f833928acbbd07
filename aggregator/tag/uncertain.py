"""Which papers to judge next: near the threshold, recent first, unlike each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from aggregator.tag.features import normalised


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that nobody judged yet for a topic; `rank` counts from the newest, 0."""

    id: str
    title: str
    probability: float
    threshold: float
    rank: int


def choose(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """At most `most` candidates, the most useful first.

    A paper's use is 1 / (1 + |log-odds − log-odds of the threshold|) (uncertainty sampling: Lewis and
    Gale, 1994), halved every 2,000 papers of age, times one minus the greatest share of title words
    that it has in common with one chosen before it (maximal marginal relevance: Carbonell and
    Goldstein, 1998).
    """
    use = {
        c.id: 0.5 ** (c.rank / 2_000) / (1 + abs(_odds(c.probability) - _odds(c.threshold)))
        for c in candidates
    }
    words = {c.id: frozenset(normalised(c.title)) for c in candidates}
    alike = dict.fromkeys(use, 0.0)
    rest = {c.id: c for c in candidates}
    found: list[Candidate] = []
    while rest and len(found) < most:
        best = max(rest, key=lambda key: (use[key] * (1 - alike[key]), -rest[key].rank))
        found.append(rest.pop(best))
        for key in rest:
            both = words[key] | words[best]
            share = len(words[key] & words[best]) / len(both) if both else 1.0
            alike[key] = max(alike[key], share)
    return found


def _odds(p: float) -> float:
    p = min(max(p, 1e-6), 1 - 1e-6)
    return log(p / (1 - p))
