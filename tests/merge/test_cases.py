"""The labelled pairs: nothing is joined that is not one work, and no more is missed than was measured."""

import random
from collections import defaultdict

import pytest

from aggregator.merge.match import cluster
from aggregator.models import Entry
from tests.bench import places
from tests.conftest import NOW
from tests.merge.cases import Case, cases, drafts_of, stored

BELIEVED = "page links another work"
"""The one kind that is joined wrongly: the page says so itself, and only a person can tell."""

LEAST = 56
"""Pairs of one work that are found by titles, people and ids alone."""

LEAST_BY_ABSTRACT = 78
"""The same where abstracts are known, too."""


@pytest.fixture(scope="module")
def found() -> list[Case]:
    return cases()


@pytest.fixture(scope="module")
def papers(found: list[Case]) -> dict[str, str]:
    """Entry key -> paper, after all came one by one in some order."""
    every = drafts_of(found)
    random.Random(1).shuffle(every)
    return stored(every)


def test_the_pairs_are_enough_and_each_kind_has_one_label(found: list[Case]) -> None:
    assert len(found) >= 150
    assert 0.4 < sum(one.same for one in found) / len(found) < 0.6
    labels = {one.kind: one.same for one in found}
    assert all(labels[one.kind] is one.same and one.why.endswith((".", "?")) for one in found)
    assert len({(one.a.key, one.b.key) for one in found}) == len(found)
    assert not any(one.a.abstract or one.b.abstract for one in found)


def test_nothing_is_joined_that_is_not_one_work(found: list[Case], papers: dict[str, str]) -> None:
    joined = [one for one in found if papers[one.a.key] == papers[one.b.key]]
    wrong = [one for one in joined if not one.same]
    assert {one.kind for one in wrong} <= {BELIEVED}, wrong
    assert len(joined) - len(wrong) >= LEAST


def test_the_store_finds_what_clustering_everything_at_once_finds(
    found: list[Case], papers: dict[str, str]
) -> None:
    apart: dict[str, set[str]] = defaultdict(set)
    for key, paper in papers.items():
        apart[paper].add(key)
    groups = cluster([Entry(draft, ("s",), NOW) for draft in drafts_of(found)])
    assert {frozenset(g) for g in apart.values()} == {frozenset(e.key for e in g) for g in groups}


def test_with_abstracts_more_is_found_and_nothing_wrong() -> None:
    known = places.abstracts()
    if not known:
        pytest.skip("the abstracts of the pairs do not lie beside this checkout")
    found = cases(known)
    groups = cluster([Entry(draft, ("s",), NOW) for draft in drafts_of(found)])
    paper = {e.key: n for n, group in enumerate(groups) for e in group}
    joined = [one for one in found if paper[one.a.key] == paper[one.b.key]]
    assert {one.kind for one in joined if not one.same} <= {BELIEVED}
    assert sum(one.same for one in joined) >= LEAST_BY_ABSTRACT
