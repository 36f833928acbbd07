"""Why a paper has a tag, in the few words that weighed most: what mails and pages can show."""

import re
from collections.abc import Sequence

from aggregator.tag.features import TITLE

MOST = 4
_BARE = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "for", "from", "has", "have", "in", "is",
    "it", "its", "not", "of", "on", "or", "our", "such", "than", "that", "the", "their", "these",
    "this", "to", "using", "via", "we", "which", "while", "with",
})  # fmt: skip
"""Words that say nothing by themselves, nor at the edge of a pair."""
_WORD = re.compile(r"[^\W\d_]")


def reasons(
    explained: Sequence[tuple[str, float]], most: int = MOST
) -> tuple[tuple[str, float], ...]:
    """The output of `Tagger.explain` -> at most `most` words or pairs that spoke for the topic, with
    the sum of their weights in title and text, heaviest first. A word within a pair that is listed
    already is not repeated."""
    weights: dict[str, float] = {}
    for name, weight in explained:
        words = name.removeprefix(TITLE)
        if "…" not in words and _WORD.search(words) and not _BARE & {*words.split()}:
            weights[words] = weights.get(words, 0.0) + weight
    found: list[tuple[str, float]] = []
    for words, weight in sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])):
        known = " ".join(name for name, _ in found).split()
        if weight <= 0 or len(found) == most:
            break
        if not set(words.split()) & set(known):
            found.append((words, round(weight, 2)))
    return tuple(found)
