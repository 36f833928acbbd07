"""The rule for topics that no model knows: their keywords in title and abstract."""

from collections.abc import Sequence
from functools import cached_property, lru_cache

from aggregator.tag.features import singular
from aggregator.tag.text import tokens

IN_TITLE = 0.8
OFTEN = 0.6
ONCE = 0.3
NONE = 0.02
"""Probability if a keyword stands in the title; in the abstract, twice or more; once; not at all.

Set by hand, not measured: no labels exist for such a topic.
"""
THRESHOLD = 0.5
"""A keyword topic is tagged from here on."""


def keyword_probability(
    title: str, abstract: str, keywords: Sequence[str], exclude: Sequence[str]
) -> float:
    """Probability that the paper is of the topic, one of the constants above.

    Keywords are compared as whole words, in any case, singular or plural; Chinese ones by the words
    they are cut into and, as cutting depends on what stands around, as plain text too. A word of
    `exclude` anywhere makes it `NONE`.
    """
    return probability_in(Text(tokens(title), tokens(abstract)), keywords, exclude)


class Text:
    """A paper made ready, when first asked, for many keyword rules."""

    def __init__(self, title: Sequence[str], abstract: Sequence[str]) -> None:
        """The words of title and abstract."""
        self._given = (title, abstract)

    @cached_property
    def title(self) -> str:
        """The title's words."""
        return _spaced(self._given[0])

    @cached_property
    def abstract(self) -> str:
        """The abstract's words."""
        return _spaced(self._given[1])


def probability_in(text: Text, keywords: Sequence[str], exclude: Sequence[str]) -> float:
    """As `keyword_probability`, of a text made ready once."""
    if excluded(text, exclude):
        return NONE
    if any(_count(text.title, word) for word in keywords):
        return IN_TITLE
    found = sum(_count(text.abstract, word) for word in keywords)
    return OFTEN if found > 1 else ONCE if found else NONE


def excluded(text: Text, exclude: Sequence[str]) -> bool:
    """Does an excluded word or phrase stand in title or abstract?"""
    return any(_count(text.title, word) or _count(text.abstract, word) for word in exclude)


def _spaced(words: Sequence[str]) -> str:
    """Words set apart by two blanks, two at each end, so that " gan " is a whole word, and "gan gan"
    holds it twice."""
    return f"  {'  '.join(map(singular, words))}  "


@lru_cache(4096)
def _wanted(keyword: str) -> str:
    """What to look for in a `_spaced` text: the same few words are looked for in every paper."""
    return _spaced(tokens(keyword))[1:-1]


def _count(spaced: str, keyword: str) -> int:
    wanted = _wanted(keyword)
    if not wanted.strip():
        return 0
    if wanted.isascii():
        return spaced.count(wanted)
    return spaced.replace(" ", "").count(wanted.replace(" ", ""))
