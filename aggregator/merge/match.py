"""Which entries speak of the same work.

The theory. Missing a duplicate costs a reader a second look; a wrong merge hides a paper. So:

1. An identifier is believed. Entries that share an arXiv id (any version), a DOI, an OpenReview
   forum or a CVF page are one paper; a post is about the paper that its link names. Old addresses
   of NeurIPS name a title: pages of that site are not joined by one. A link to arXiv that a page of
   proceedings prints is no identity where neither title nor people fit (doubts.py).
2. Else the title must be the same to the letter (after folding case, accents, markup, punctuation
   and blanks, in any script) and at least half of the authors of the shorter list must be on the
   other; the years may differ by two (a preprint may be a year older than its proceedings, and
   submission seasons cross New Year), by five between a preprint and anything else if all authors
   agree and the title is long enough to stand for itself. Where one side names no author, the title
   must stand for itself and the years may differ by one. Prefaces and editorials are never joined.
3. A work may be renamed: entries by exactly the same two or more people, at most two years apart,
   are one if their titles differ in small words alone, or their abstracts are much the same
   (alike.py has the limits, and what keeps sequels, parts and longer articles apart).
4. An arXiv id is an identity: two arXiv ids are never joined by a shared DOI or title. Nor are two
   pages of one proceedings site by a title. Authors do post a work twice, and parts I and II share
   a title; only a person may join those.
5. What people decided goes before all that: entries of one paper are joined whatever they say, and
   entries that are not are kept apart (rulings.py).
6. Where a title fits several, the nearest year, then the larger overlap of authors, then the smaller
   key decides, so the outcome does not depend on the order of arrival.

Tried and dropped: similar titles (edit distance, token sets): near titles are mostly sequels, also
by the same people. tests/data/merge has pairs for and against each rule; docs/merging.md what they
measure, the known misses and the known wrong joins.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations

from aggregator.merge import rulings as ruled_by
from aggregator.merge.alike import renamed
from aggregator.merge.doubts import believed
from aggregator.merge.keys import claims, front_matter, specific, title_key, years_apart
from aggregator.merge.people import people_key, shared
from aggregator.merge.rulings import NONE, Pair, Rulings
from aggregator.models import Draft, Entry

YEARS_APART = 2
YEARS_APART_SURE = 5
YEARS_APART_UNSIGNED = 1
AUTHORS_SHARED = 0.5

_STRENGTH = {"arxiv": 0, "openreview": 1, "cvf": 2, "doi": 3}
_TITLES = ("nips",)
"""Identifiers that are made of a title: to be believed as far as a title is."""


def cluster(entries: Sequence[Entry], rulings: Rulings = NONE) -> list[list[Entry]]:
    """Part the entries into papers.

    The outcome depends on the set of entries and on what people decided alone, not on their order.
    Groups and their members are sorted by key.
    """
    given = sorted(entries, key=lambda e: e.key)
    if len(given) == 1:
        return [given]
    ordered = believed(given)
    groups = _Groups(ordered, rulings.apart)
    _join_by_ruling(ordered, groups, rulings.together)
    _join_by_identifier(ordered, groups)
    _join_by_title(ordered, groups)
    _join_by_people(ordered, groups)
    return [[given[n] for n in group] for group in groups.lists()]


class _Groups:
    """Disjoint sets of entries that remember the arXiv ids and the proceedings pages of each set, and
    with which entries it must not be joined."""

    def __init__(self, entries: Sequence[Entry], apart: Collection[Pair]) -> None:
        self._root = list(range(len(entries)))
        self._arxiv = [frozenset(filter(None, [_arxiv_id(e.draft)])) for e in entries]
        self._pages = [_page(e.draft) for e in entries]
        self._apart: dict[str, set[str]] = defaultdict(set)
        for a, b in apart:
            self._apart[a].add(b)
            self._apart[b].add(a)
        # Names matter only where people decided anything.
        named = [ruled_by.name(e.draft) if apart else "" for e in entries]
        self._names = [frozenset({n} if n in self._apart else ()) for n in named]

    def find(self, n: int) -> int:
        while self._root[n] != n:
            self._root[n] = self._root[self._root[n]]
            n = self._root[n]
        return n

    def join(self, a: int, b: int, *, by_title: bool = False, ruled: bool = False) -> bool:
        """Join the sets of a and b, unless people or rule 4 forbid it; the latter does not bind
        people (`ruled`). Are they one now?"""
        a, b = self.find(a), self.find(b)
        if a == b:
            return True
        if any(self._apart[n] & self._names[b] for n in self._names[a]):
            return False
        if not ruled and not self._may_be_one(a, b, by_title=by_title):
            return False
        self._unite(a, b)
        return True

    def _may_be_one(self, a: int, b: int, *, by_title: bool) -> bool:
        if self._arxiv[a] and self._arxiv[b] and not self._arxiv[a] & self._arxiv[b]:
            return False
        sites = {site for site, _ in self._pages[a]} & {site for site, _ in self._pages[b]}
        return not (by_title and sites)

    def _unite(self, a: int, b: int) -> None:
        first, second = min(a, b), max(a, b)
        self._root[second] = first
        self._arxiv[first] |= self._arxiv[second]
        self._pages[first] |= self._pages[second]
        self._names[first] |= self._names[second]

    def lists(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for n in range(len(self._root)):
            found[self.find(n)].append(n)
        return list(found.values())


def _arxiv_id(draft: Draft) -> str:
    about = draft.about or ""
    named = about.removeprefix("arxiv:") if about.startswith("arxiv:") else ""
    return draft.identifiers.get("arxiv", named)


def _page(draft: Draft) -> frozenset[tuple[str, str]]:
    return frozenset({(draft.kind, draft.native_id)} if draft.role == "proceedings" else ())


def _join_by_ruling(entries: Sequence[Entry], groups: _Groups, together: Collection[Pair]) -> None:
    if not together:
        return
    places: dict[str, list[int]] = defaultdict(list)
    for n, entry in enumerate(entries):
        places[ruled_by.name(entry.draft)].append(n)
    for versions in places.values():  # first, so that a ruling on one version is one on all
        for other in versions[1:]:
            groups.join(versions[0], other)
    for a, b in sorted(together):
        if places.get(a) and places.get(b):
            groups.join(places[a][0], places[b][0], ruled=True)


def _join_by_identifier(entries: Sequence[Entry], groups: _Groups) -> None:
    claimants: dict[str, list[int]] = defaultdict(list)
    for n, entry in enumerate(entries):
        for name in claims(entry.draft):
            claimants[name].append(n)
    for name in sorted(claimants, key=lambda name: (_STRENGTH.get(name.split(":")[0], 9), name)):
        kept_apart: list[int] = []  # one of each set that may not be joined with the others
        titled = name.partition(":")[0] in _TITLES
        for claimant in claimants[name]:
            if not any(groups.join(one, claimant, by_title=titled) for one in kept_apart):
                kept_apart.append(claimant)


def _join_by_title(entries: Sequence[Entry], groups: _Groups) -> None:
    same: dict[str, list[int]] = defaultdict(list)
    for n, draft in _titled(entries):
        if key := title_key(draft):
            same[key].append(n)
    for key in sorted(same):
        pairs = _fitting(entries, same[key], groups)
        for *_, a, b in sorted(pairs):
            groups.join(a, b, by_title=True)


def _titled(entries: Sequence[Entry]) -> Iterator[tuple[int, Draft]]:
    """Those whose titles say what they are about."""
    return ((n, e.draft) for n, e in enumerate(entries) if not front_matter(e.draft.title))


def _fitting(
    entries: Sequence[Entry], members: Sequence[int], groups: _Groups
) -> Iterable[tuple[int, float, int, int]]:
    for a, b in combinations(members, 2):
        if groups.find(a) != groups.find(b):
            fit = _fit(entries[a].draft, entries[b].draft)
            if fit is not None:
                yield (*fit, a, b)


def _fit(a: Draft, b: Draft) -> tuple[int, float] | None:
    """(years apart, authors not shared) of two drafts of equal title; None if they do not fit."""
    years, share = years_apart(a, b), shared(a.authors, b.authors)
    if share is None:
        return (years, 1.0) if years <= YEARS_APART_UNSIGNED and specific(a.title) else None
    sure = share == 1 and "preprint" in (a.role, b.role) and specific(a.title)
    apart = YEARS_APART_SURE if sure else YEARS_APART
    return (years, 1 - share) if years <= apart and share >= AUTHORS_SHARED else None


def _join_by_people(entries: Sequence[Entry], groups: _Groups) -> None:
    """Works under two titles (rule 3)."""
    same: dict[str, list[int]] = defaultdict(list)
    for n, draft in _titled(entries):
        if key := people_key(draft):
            same[key].append(n)
    for key in sorted(same):
        pairs = [
            (*fit, a, b)
            for a, b in combinations(same[key], 2)
            if groups.find(a) != groups.find(b)
            and (fit := renamed(entries[a].draft, entries[b].draft))
        ]
        for *_, a, b in sorted(pairs):
            groups.join(a, b, by_title=True)
