"""Title and abstract -> the named features that the model weighs, in plain Python.

`vectors.py` counts the same features faster; a test holds the two equal.
"""

from collections.abc import Sequence
from itertools import pairwise

from aggregator.tag.phrases import phrases
from aggregator.tag.text import tokens

TITLE = "title:"
"""Prefix of features of the title alone; without it a feature is of title and abstract together."""


_DIGITS = str.maketrans("123456789", "000000000")


def features(title: str, abstract: str) -> list[str]:
    """Every occurrence of a feature: words, pairs of neighbours and phrases of both fields, and
    once more the words and pairs of the title, which says in few words what a paper is about.

    Forms: "word", "two words", "introduce … dataset", "title:word", "title:two words".
    """
    title_words = normalised(title)
    found = [TITLE + gram for gram in _grams(title_words)]
    for words in (title_words, normalised(abstract)):
        found.extend(_grams(words))
        found.extend(phrases(words))
    return found


def normalised(text: str) -> list[str]:
    """Text -> the normal forms of its words."""
    return [normal_form(word) for word in tokens(text)]


def normal_form(word: str) -> str:
    """Singular, and a number counts by its shape: "gans" -> "gan", "1024" -> "0000"."""
    return singular(word.translate(_DIGITS))


def singular(word: str) -> str:
    """Drop a plural s: "gans" -> "gan"; "loss", "analysis" and "bus" stay.

    The last rule of Harman's S-stemmer ("How effective is suffixing?", JASIS 42, 1991) with "is"
    added to its exceptions; stronger stemmers merge "optimizer" with "optimal".
    """
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "sui":
        return word[:-1]
    return word


def _grams(words: Sequence[str]) -> list[str]:
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    return [*words, *pairs]
