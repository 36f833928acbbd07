"""Papers of nearly one subject, told by their titles, do not stand next to each other on a page."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from itertools import pairwise

from aggregator.digest.terms import BARE, JOINS, counted, written

_SILENT = JOINS | BARE | {""}

SHARED = 0.5
"""From this part of the shorter title on, two titles that share it are of nearly one subject."""

_WORK = re.compile("[a-z][A-Z]")
"""Written like the name of a work: AlphaZero, DeepSeek-R1."""


def spread(titles: Sequence[str]) -> list[int]:
    """The places of these titles in an order in which no two of nearly one subject follow each other,
    as far as that can be, and as near to the given order as that allows.

    Of what may follow the earliest is taken, unless one subject has so many of those that are left
    that it must be its turn. A pure rearrangement: a page holds the same papers as without.
    """
    pairs = {pair for a, b in near(titles) for pair in ((a, b), (b, a))}
    left = list(range(len(titles)))
    if pairs.isdisjoint(pairwise(left)):
        return left
    subjects = _subjects(len(titles), pairs)
    sizes, order = Counter(subjects), list[int]()
    while left:
        before = order[-1] if order else -1
        subject, size = max(sizes.items(), key=lambda one: one[1])
        must = 2 * size > len(left) and (not order or subject != subjects[before])
        among = [n for n in left if subjects[n] == subject] if must else left
        place = next((n for n in among if (before, n) not in pairs), among[0])
        sizes[subjects[place]] -= 1
        left.remove(place)
        order.append(place)
    return order


def _subjects(count: int, pairs: Set[tuple[int, int]]) -> list[int]:
    """The subject of each title, named by the first title that has it, which all others of it are near to."""
    subjects: list[int] = []
    for n in range(count):
        firsts = (s for s in dict.fromkeys(subjects) if (s, n) in pairs)
        subjects.append(next(firsts, n))
    return subjects


def near(titles: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The pairs of titles, by their places, that are of nearly one subject.

    They share the name of a work, or two words or more that weigh half of the shorter title; a word weighs
    more the fewer of these titles have it. What more of them have than could stand apart is the subject
    of the whole page and tells nothing.
    """
    words, names = [], set[str]()
    for title in titles:
        forms = counted(title)
        if _WORK.search(title):
            names |= {f for w, f in zip(written(title), forms, strict=True) if _WORK.search(w)}
        words.append({form for form in forms if form not in _SILENT})
    having: dict[str, list[int]] = defaultdict(list)
    for n, said in enumerate(words):
        for word in said:
            having[word].append(n)
    weight = {
        word: math.log((len(titles) + 1) / len(where))
        for word, where in having.items()
        if 2 * len(where) <= len(titles) + 1
    }
    whole = [sum(weight.get(word, 0) for word in said) for said in words]
    shared: dict[tuple[int, int], list[str]] = defaultdict(list)
    for word, where in having.items():
        if word in weight:
            for n, b in enumerate(where):
                for a in where[:n]:
                    shared[a, b].append(word)
    for (a, b), both in shared.items():
        least = SHARED * min(whole[a], whole[b])
        if names.intersection(both) or (len(both) > 1 and sum(weight[w] for w in both) >= least):
            yield a, b
