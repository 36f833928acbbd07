"""Terms that rise: words and phrases that stand in a greater share of the titles than before.

What is counted are papers, once each, not words. Every term that stands in enough of the titles of both
periods is tested (`significance`), and the whole list is corrected for their number, so that in titles
dealt out at random at most one list in twenty shows anything. Papers of one group, which have more than
half of their authors in common, are one voice: lately they count once for a term, so that six papers of a
group on its own system make no trend. Terms that say the same are shown once.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from aggregator.digest import significance, terms

LEAST = 5
"""Titles, of as many groups, that a term must stand in lately, however sure its rise is."""
People = Callable[[Sequence[int]], Mapping[int, Collection[str]]]
"""Places in the list of titles -> their authors."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Term:
    """A term with the titles that have it, `lately` (those of one group once) and `before`.

    `q` is the level at which it would just be found, a false discovery rate from 0 to
    `significance.LEVEL`; `name`: it is written as names and abbreviations are; `where` and `earlier`:
    the places of those titles in the lists of lately and of before.
    """

    term: str
    lately: int
    before: int
    q: float
    name: bool
    where: tuple[int, ...]
    earlier: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A term as counted, and the places of the titles that have it lately and before."""

    term: terms.Term
    where: tuple[int, ...]
    earlier: tuple[int, ...]
    chance: float
    q: float = 1.0


def rising(
    lately: Sequence[str],
    before: Sequence[str],
    people: People,
    own: Iterable[str] = (),
    most: int = 12,
) -> list[Term]:
    """The terms that rose most surely from the titles `before` to those `lately`, at most so many;
    those of the texts that are the topic's `own`, such as its name, say nothing here and are left out.
    """
    if not lately or not before:
        return []
    candidates, tests = _candidates(lately, before, own)
    found = _significant(candidates, tests)
    authors = people(sorted({place for one in found for place in one.where}))
    voices = [(one, _voices(one.where, authors)) for one in found]
    sizes = (len(lately), len(before))
    again = [
        _Found(one.term, where, one.earlier, _chance(len(where), len(one.earlier), sizes))
        for one, where in voices
        if len(where) >= LEAST
    ]
    return [_shown(one, lately) for one in _each_once(_significant(again, tests))[:most]]


def _candidates(
    now: Sequence[str], then: Sequence[str], own: Iterable[str]
) -> tuple[list[_Found], int]:
    """The terms that were tested and rose, and how many were tested in all.

    Words that are too rare to be found are too rare in phrases, so that phrases are made of the others
    only: most titles have few of them.
    """
    sizes = (len(now), len(then))
    counted = [terms.counted(title) for title in (*now, *then)]
    words = _counts(map(set, counted))
    least, _ = significance.worth_testing(Counter(words.values()), *sizes)
    known = {word for word, n in words.items() if n >= least and word}
    sets = [terms.terms(title, known) for title in counted]
    lately, both = _counts(sets[: len(now)]), _counts(sets)
    for term in _terms_of(own):
        both.pop(term, None)
    least, tests = significance.worth_testing(Counter(both.values()), *sizes)
    rose = {
        term
        for term, n in lately.items()
        if n >= LEAST and both[term] >= least and n * len(then) > (both[term] - n) * len(now)
    }
    where, earlier = _places(sets[: len(now)], rose), _places(sets[len(now) :], rose)
    return [
        _Found(
            term, where[term], earlier[term],
            _chance(len(where[term]), len(earlier[term]), sizes),
        )
        for term in rose
    ], tests  # fmt: skip


def _places(
    sets: Iterable[set[terms.Term]], of: set[terms.Term]
) -> dict[terms.Term, tuple[int, ...]]:
    """In which of the sets each of these terms is."""
    found: dict[terms.Term, list[int]] = {term: [] for term in of}
    for place, one in enumerate(sets):
        for term in one & of:
            found[term].append(place)
    return {term: tuple(places) for term, places in found.items()}


def _counts(sets: Iterable[set[_T]]) -> Counter[_T]:
    """In how many of the sets each thing is."""
    return Counter(chain.from_iterable(sets))


def _terms_of(texts: Iterable[str]) -> set[terms.Term]:
    titles = [terms.counted(text) for text in texts]
    return set().union(*(terms.terms(title, {*title} - {""}) for title in titles))


def _chance(lately: int, before: int, sizes: tuple[int, int]) -> float:
    return significance.by_chance(lately, before, *sizes)


def _significant(candidates: Sequence[_Found], tests: int) -> list[_Found]:
    """Those of the smallest chances that hold at the level, surest first."""
    ranked = sorted(candidates, key=lambda one: (one.chance, one.term))
    levels = significance.adjusted([one.chance for one in ranked], tests)
    return [
        _Found(one.term, one.where, one.earlier, one.chance, q)
        for one, q in zip(ranked, levels, strict=True)
        if q <= significance.LEVEL
    ]


def _voices(where: Sequence[int], people: Mapping[int, Collection[str]]) -> tuple[int, ...]:
    """The places less those of papers by the group of one that is counted."""
    kept: list[int] = []
    papers_of: dict[str, list[int]] = {}
    for place in where:
        authors = {*people.get(place, ())}
        shared = Counter(other for author in authors for other in papers_of.get(author, ()))
        if any(2 * n > min(len(authors), len({*people[one]})) for one, n in shared.items()):
            continue
        kept.append(place)
        for author in authors:
            papers_of.setdefault(author, []).append(place)
    return tuple(kept)


def _each_once(found: Sequence[_Found]) -> list[_Found]:
    """Of terms that say the same the surest, or the phrase in most of its titles.

    The same say a term and a phrase that contains it, and terms with a word in common where more than
    half of the fewer titles have both.
    """
    kept: list[_Found] = []
    for one in found:
        if any(_same(one, other) for other in kept):
            continue
        whole = _extended(one, found)
        kept = [other for other in kept if not _same(whole, other)] + [whole]
    return kept


def _extended(one: _Found, found: Sequence[_Found]) -> _Found:
    """The longest phrase around a term, each in at least half of the titles of the one within:
    "language", "language models", "large language models"."""
    longer = [
        other
        for other in found
        if len(other.term) > len(one.term)
        and terms.within(one.term, other.term)
        and 2 * len(other.where) >= len(one.where)
    ]
    return _extended(max(longer, key=lambda o: len(o.where)), found) if longer else one


def _same(one: _Found, other: _Found) -> bool:
    if terms.within(one.term, other.term) or terms.within(other.term, one.term):
        return True
    both = {*one.where} & {*other.where}
    fewer = min(len(one.where), len(other.where))
    return bool({*one.term} & {*other.term}) and 2 * len(both) > fewer


def _shown(one: _Found, now: Sequence[str]) -> Term:
    text = terms.shown(one.term, (now[place] for place in one.where))
    return Term(
        text, len(one.where), len(one.earlier), one.q, terms.is_name(text), one.where, one.earlier
    )
