"""Terms that rise: words and pairs that stand in more titles lately than they did before."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aggregator.parse.text import segment

LEAST = 3
"""Titles that a term must stand in lately."""
LEAST_SCORE = 1.28
"""Standard deviations above nothing: one in ten by chance."""

_WORD = re.compile(r"[a-z][a-z0-9]+(?:-[a-z0-9]+)*|[\u4e00-\u9fff]+")
_BARE = frozenset({
    "a", "an", "and", "are", "as", "at", "based", "be", "by", "can", "do", "does", "for", "from",
    "how", "in", "into", "is", "it", "its", "of", "on", "or", "over", "than", "that", "the",
    "their", "this", "through", "to", "toward", "towards", "under", "up", "using", "via", "we",
    "what", "when", "where", "which", "why", "with", "without", "within", "new", "novel",
    "approach", "approaches", "method", "methods", "model", "models", "modeling", "learning",
    "deep", "neural", "network", "networks", "improved", "improving", "efficient", "effective",
    "fast", "simple", "better", "data", "analysis", "study", "application", "applications", "的",
    "和", "与", "在", "了", "基于", "一种", "研究", "方法", "用于",
})  # fmt: skip
"""Words that say nothing of what a title is about, by themselves or at the edge of a pair."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term with the titles that have it, `lately` and `before`, and how sure its rise is, in
    standard deviations."""

    term: str
    lately: int
    before: int
    score: float


def rising(lately: Sequence[str], before: Sequence[str], most: int = 12) -> list[Term]:
    """The terms that rose most surely from the titles `before` to those `lately`.

    The score is the z-score of the log odds ratio with half a title added everywhere (Haldane 1956,
    Anscombe 1956), so that a term which nobody used before has one too, and a term of three titles
    does not outdo one of thirty by chance.
    """
    now, then = _count(lately), _count(before)
    found = []
    for term, n in now.items():
        if n < LEAST:
            continue
        a, b = n + 0.5, then[term] + 0.5
        odds = math.log(a / (len(lately) + 1 - a)) - math.log(b / (len(before) + 1 - b))
        score = odds / math.sqrt(1 / a + 1 / b)
        if score >= LEAST_SCORE:
            found.append(Term(term, n, then[term], round(score, 2)))
    found.sort(key=lambda one: (-one.score, one.term))
    return _without_parts(found)[:most]


def _count(titles: Iterable[str]) -> Counter[str]:
    """In how many titles each term stands."""
    counted: Counter[str] = Counter()
    for title in titles:
        words = _words(title)
        terms = {word for word in words if word not in _BARE}
        terms |= {f"{a} {b}" for a, b in pairwise(words) if not {a, b} <= _BARE and not _edge(a, b)}
        counted.update(terms)
    return counted


def _words(title: str) -> list[str]:
    words: list[str] = []
    for word in _WORD.findall(title.lower()):
        words += segment(word) if word >= "\u4e00" else [word]
    return words


def _edge(first: str, last: str) -> bool:
    """Does the pair begin or end with a word that joins others?"""
    joins = {"a", "an", "and", "for", "from", "in", "of", "on", "the", "to", "via", "with", "by"}
    return first in joins or last in joins or len(first) < 2 or len(last) < 2


def _without_parts(found: Sequence[Term]) -> list[Term]:
    """Without single words that stand in about as many titles as a pair with them."""
    pairs = [one for one in found if " " in one.term]
    return [
        one
        for one in found
        if not any(
            one.term != pair.term and one.term in pair.term.split() and pair.lately * 2 > one.lately
            for pair in pairs
        )
    ]
