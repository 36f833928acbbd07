"""How alike papers are: by the rare words that they share, a simple form of TF-IDF."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from aggregator.parse.tokens import search_tokens

COMMON = 1_000
"""Papers with a word, from which on it tells nothing: they are counted up to here only."""
MOST_WORDS = 64
"""Words of a paper that are looked at, those of the title first."""
KEY_WORDS = 12
"""Words by which similar papers are looked for."""
READ = 6_000
"""Characters of an abstract that are read."""

_COMMAND = re.compile(r"\\[A-Za-z]+")
"""TeX is how a formula is set, not what a paper is about."""
_TELLING = re.compile(r"[^\W\d_].*[^\W\d_]|[^\W\d_]{2,}|[\u4e00-\u9fff]{2,}")


def words_of(paper: Mapping[str, Any]) -> list[str]:
    """The words of title and abstract, each once, those of the title first; at most `MOST_WORDS`."""
    telling = (t for t in dict.fromkeys(_tokens(paper)) if 2 < len(t) < 40 or t > "\u3000")
    return [t for t in telling if _TELLING.fullmatch(t)][:MOST_WORDS]


def weights(counts: Mapping[str, int], title: str, papers: int) -> dict[str, float]:
    """Word -> what sharing it says, ln(common / papers that have it), half more if it stands in the
    `title`; words that only one paper has, or too many of all the `papers`, are left out."""
    common = min(COMMON, max(papers // 8, 20))
    known = set(search_tokens(title.replace("-", " ")))
    return {
        word: math.log(common / n) * (1.5 if word in known else 1)
        for word, n in counts.items()
        if 1 < n < common
    }


def key_words(weighed: Mapping[str, float]) -> list[str]:
    """The words that say most, at most `KEY_WORDS`."""
    return sorted(weighed, key=lambda word: (-weighed[word], word))[:KEY_WORDS]


@dataclass(frozen=True, slots=True)
class Original:
    """A paper that others are held against: the weights of its words, and which stand side by side."""

    weighed: Mapping[str, float]
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, paper: Mapping[str, Any], weighed: Mapping[str, float]) -> "Original":
        """From the paper's document."""
        near = pairwise(_tokens(paper))
        return cls(weighed, frozenset((a, b) for a, b in near if _tells(a) and _tells(b)))


def likeness(original: Original, other: Mapping[str, Any]) -> tuple[float, Sequence[str]]:
    """(how alike two papers are, the shared words that say most), by the weights of the first.

    A shared word counts its weight, and that of two words that stand side by side in both counts
    again: "language inference" says more than "language" and "inference". Long abstracts share more
    by chance, so that the sum is divided by the root of the other's number of words.
    """
    weighed, tokens = original.weighed, _tokens(other)
    words = {*tokens}
    shared = {word: weighed[word] for word in words & weighed.keys()}
    both = original.pairs.intersection(pairwise(tokens))
    side = {f"{a} {b}": weighed.get(a, 0) + weighed.get(b, 0) for a, b in both}
    said = _said(shared | {pair: weight for pair, weight in side.items() if weight})
    return (sum(shared.values()) + sum(side.values())) / math.sqrt(len(words) + 20), said


def _tokens(paper: Mapping[str, Any]) -> list[str]:
    # without hyphens, or a word would stand beside its own parts
    text = f"{paper['title']}\n{paper['abstract'][:READ]}".replace("-", " ")
    return search_tokens(_COMMAND.sub(" ", text))


def _tells(token: str) -> bool:
    return len(token) > 2 or token > "\u3000"


def _said(weighed: Mapping[str, float]) -> list[str]:
    """At most four, and no word that a pair before it has already."""
    found: list[str] = []
    for word in sorted(weighed, key=lambda word: (-weighed[word], word)):
        if not {*word.split()} & {part for one in found for part in one.split()}:
            found.append(word)
    return found[:4]
